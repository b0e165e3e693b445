"""One connection of the seam: whole messages over a socket."""

from __future__ import annotations

import contextlib
import select
import socket

from nwlab.core.errors import WireError
from nwlab.remote.message import MOST_ARRAYS, MOST_WORDS, Decoder, Message


class Gone(WireError):  # noqa: N818 - a state of the other side, named as such
    """The other side has left."""


class Pipe:
    """Sends and receives messages; one thread may send while another receives."""

    def __init__(self, link: socket.socket, most_words: int = MOST_WORDS, most_arrays: int = MOST_ARRAYS) -> None:
        self._link = link
        self._decoder = Decoder(most_words, most_arrays)
        link.setblocking(False)
        if link.family in (socket.AF_INET, socket.AF_INET6):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, message: Message, patience: float | None = None) -> None:
        """Send a message whole; raises Gone when the other side has left or takes nothing for `patience` s."""
        left = memoryview(message.encode())
        try:
            while left:
                if not select.select([], [self._link], [], patience)[1]:
                    raise Gone(f"the other side of the seam has taken nothing for {patience:g} s")
                left = left[self._link.send(left) :]
        except (OSError, ValueError) as error:
            raise Gone(f"the other side of the seam is gone: {error}") from error

    def receive(self, patience: float | None = None) -> Message | None:
        """Return the next message, or None when none came within `patience` s.

        Raises Gone when the other side has left, WireError for what is no message.
        """
        while (message := self._decoder.next()) is None:
            try:
                if not select.select([self._link], [], [], patience)[0]:
                    return None
                data = self._link.recv(1 << 18)
            except (OSError, ValueError) as error:
                raise Gone(f"the other side of the seam is gone: {error}") from error
            if not data:
                raise Gone("the other side of the seam has closed the connection")
            self._decoder.feed(data)
        return message

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()
