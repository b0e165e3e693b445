"""One connection of the seam: whole messages over a socket."""

from __future__ import annotations

import contextlib
import select
import socket

from nwlab.core.clock import SystemClock
from nwlab.core.errors import WireError
from nwlab.remote.message import MOST_ARRAYS, MOST_WORDS, Decoder, Message

_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}
"""A side that vanished without a word, as a computer without power does, is found out within these 30 s."""


class Gone(WireError):  # noqa: N818 - a state of the other side, named as such
    """The other side has left."""


class _Frame:
    """The bytes of a message on their way; a sender that is interrupted leaves behind how far they got."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._sent: list[int] = []

    @property
    def begun(self) -> bool:
        return bool(self._sent)

    @property
    def rest(self) -> memoryview:
        return self._data[sum(self._sent) :]

    def send(self, link: socket.socket) -> None:
        """Send what the socket takes. No signal's handler can come between sending and counting: both are one call."""
        self._sent.extend(map(link.send, (self.rest,)))


class Pipe:
    """Sends and receives messages; one thread may send while another receives.

    A message that an interrupt tore is sent to its end before the next one; one that had not begun is dropped.
    """

    def __init__(self, link: socket.socket, most_words: int = MOST_WORDS, most_arrays: int = MOST_ARRAYS) -> None:
        self._link, self._clock = link, SystemClock()
        self._decoder = Decoder(most_words, most_arrays)
        self._frame = _Frame(b"")
        link.setblocking(False)
        if link.family in (socket.AF_INET, socket.AF_INET6):
            _tune(link)

    def send(self, message: Message, patience: float | None = None) -> None:
        """Send a message whole; raises Gone when the other side has left or does not take it within `patience` s."""
        torn, next_one, until = self._frame, _Frame(message.encode()), self._until(patience)
        try:
            if torn.begun:
                self._push(torn, until)
            self._frame = next_one
            self._push(next_one, until)
            self._frame = _Frame(b"")
        except (OSError, ValueError) as error:
            raise Gone(f"the other side of the seam is gone: {error}") from error

    def _push(self, frame: _Frame, until: float | None) -> None:
        while frame.rest:
            if not select.select([], [self._link], [], self._rest(until))[1]:
                raise Gone("the other side of the seam has not taken a message in time")
            with contextlib.suppress(BlockingIOError):
                frame.send(self._link)

    def receive(self, patience: float | None = None) -> Message | None:
        """Return the next message, or None when it has not come whole within `patience` s.

        Raises Gone when the other side has left, WireError for what is no message.
        """
        until = self._until(patience)
        while (message := self._decoder.next()) is None:
            try:
                if not select.select([self._link], [], [], self._rest(until))[0]:
                    return None
                data = self._link.recv(1 << 18)
            except (OSError, ValueError) as error:
                raise Gone(f"the other side of the seam is gone: {error}") from error
            if not data:
                raise Gone("the other side of the seam has closed the connection")
            self._decoder.feed(data)
        return message

    def _until(self, patience: float | None) -> float | None:
        return None if patience is None else self._clock.now() + patience

    def _rest(self, until: float | None) -> float | None:
        return None if until is None else max(0.0, until - self._clock.now())

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()


def _tune(link: socket.socket) -> None:
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _ALIVE.items():
        if hasattr(socket, name):  # not every system has all of them
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
