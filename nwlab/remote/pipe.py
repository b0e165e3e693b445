"""One connection of the seam: whole messages over a socket."""

from __future__ import annotations

import contextlib
import select
import socket

from nwlab.core.clock import SystemClock
from nwlab.core.errors import WireError
from nwlab.remote.message import MOST_ARRAYS, MOST_WORDS, Decoder, Message


class Gone(WireError):  # noqa: N818 - a state of the other side, named as such
    """The other side has left."""


class Pipe:
    """Sends and receives messages; one thread may send while another receives."""

    def __init__(self, link: socket.socket, most_words: int = MOST_WORDS, most_arrays: int = MOST_ARRAYS) -> None:
        self._link, self._clock = link, SystemClock()
        self._decoder = Decoder(most_words, most_arrays)
        link.setblocking(False)
        if link.family in (socket.AF_INET, socket.AF_INET6):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, message: Message, patience: float | None = None) -> None:
        """Send a message whole; raises Gone when the other side has left or does not take it within `patience` s."""
        left, until = memoryview(message.encode()), self._until(patience)
        try:
            while left:
                if not select.select([], [self._link], [], self._rest(until))[1]:
                    raise Gone(f"the other side of the seam has not taken a message within {patience:g} s")
                left = left[self._link.send(left) :]
        except (OSError, ValueError) as error:
            raise Gone(f"the other side of the seam is gone: {error}") from error

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
