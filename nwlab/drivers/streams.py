"""Connections that carry bare bytes: a TCP socket, a serial line. Nothing but its end tells a line.

pyvisa-py's own reading is passed by: it takes a peer that left for one that is slow, loses what came before a
time-out, and clears an endless stream without end.
"""

from __future__ import annotations

import errno
import select
import socket
from typing import Any

import serial

from nwlab.core.clock import SystemClock

LONGEST_LINE = 1 << 16
"""Bytes after which a line without an end is given up; the longest answer of an instrument here has 3 kB."""
MOST_DRAINED = 1 << 20
"""Bytes that are thrown away before a stream counts as endless."""
FOREVER = 86400.0
"""What an infinite time-out comes to, in s."""
PATIENCE = 5.0
"""The s that a serial line has to take or give something, where nobody has said how long."""

_CHUNK = 1 << 14
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}  # s, s, probes: a dead peer is told after 11 s


class LateError(Exception):
    """What was waited for did not come in time; `seen` is what did."""

    def __init__(self, seen: bytes = b"") -> None:
        self.seen = seen
        super().__init__(f"only {seen!r} came in time" if seen else "nothing came in time")


class GoneError(Exception):
    """There is nobody at the far end any more."""


class EndlessError(Exception):
    """More came than any answer has; `seen` is the beginning of it."""

    def __init__(self, seen: bytes) -> None:
        self.seen = seen
        super().__init__(f"{len(seen)} bytes came without an end")


class StreamPort:
    """Bytes that come in any chunking, cut into lines within bounds of size and time."""

    def __init__(self, hear_end: bytes, say_end: bytes) -> None:
        self._hear_end, self._say_end = hear_end, say_end
        self._clock = SystemClock()
        self._come = bytearray()

    @property
    def timeout(self) -> float:
        """The s that an answer may take."""
        raise NotImplementedError

    def line(self) -> bytes:
        """Take one line, without its end."""
        until = self._clock.now() + self.timeout
        while (end := self._come.find(self._hear_end)) < 0:
            if len(self._come) > LONGEST_LINE:
                raise EndlessError(self._take(len(self._come)))
            self._more(until)
        line = self._take(end + len(self._hear_end))[:end]
        return line.removesuffix(b"\r")

    def exactly(self, count: int) -> bytes:
        """Take so many bytes."""
        until = self._clock.now() + self.timeout
        while len(self._come) < count:
            self._more(until)
        return self._take(count)

    def waiting(self) -> bytes:
        """Take what has come unasked; never waits."""
        while self._at_hand() and len(self._come) <= LONGEST_LINE:
            self._come += self._receive(0.0)
        return self._take(len(self._come)) if self._come else b""

    def clear(self) -> None:
        """Throw away what has come. Raises EndlessError when that takes no end."""
        thrown = 0
        while stray := self.waiting():
            thrown += len(stray)
            if thrown > MOST_DRAINED:
                raise EndlessError(stray)

    def _more(self, until: float) -> None:
        left = until - self._clock.now()
        more = self._receive(left) if left > 0 else b""
        if not more:
            raise LateError(self._take(len(self._come)))
        self._come += more

    def _take(self, count: int) -> bytes:
        taken = bytes(self._come[:count])
        del self._come[:count]
        return taken

    def _at_hand(self) -> bool:
        """Tell whether something can be received without waiting."""
        raise NotImplementedError

    def _receive(self, patience: float) -> bytes:
        """Receive what comes within so many s, or nothing."""
        raise NotImplementedError


class SocketPort(StreamPort):
    """The TCP socket of a pyvisa-py session."""

    def __init__(self, session: Any, hear_end: bytes, say_end: bytes) -> None:
        super().__init__(hear_end, say_end)
        self._session = session
        self._socket: socket.socket = session.interface
        # A connection that was refused looks open to pyvisa-py.
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "nothing listens there" if code == errno.ECONNREFUSED else "no connection")
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                self._socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    @property
    def timeout(self) -> float:
        """The s that an answer may take."""
        return FOREVER if self._session.timeout is None else self._session.timeout

    def send(self, line: bytes) -> None:
        """Send a line; its end is added."""
        self._socket.settimeout(self.timeout)
        self._socket.sendall(line + self._say_end)

    def _at_hand(self) -> bool:
        return bool(select.select([self._socket], [], [], 0)[0])

    def _receive(self, patience: float) -> bytes:
        self._socket.settimeout(patience)
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return b""
        except TimeoutError as error:
            if error.errno is None:
                return b""
            raise GoneError("the far end answers no more") from error  # keepalive's verdict
        if not data:
            raise GoneError("the far end has closed the connection")
        return data


class SerialPort(StreamPort):
    """A serial line, by pyserial: opened by PyMeasure's SerialAdapter or by pyvisa-py."""

    def __init__(self, line: serial.Serial, hear_end: bytes, say_end: bytes) -> None:
        """A line that was opened without a time-out, as pyserial does by itself, gets PATIENCE to read and to write."""
        super().__init__(hear_end, say_end)
        self._line = line
        if line.timeout is None:
            line.timeout = PATIENCE
        if line.write_timeout is None:
            line.write_timeout = line.timeout

    @property
    def timeout(self) -> float:
        """The s that an answer may take."""
        return PATIENCE if self._line.timeout is None else float(self._line.timeout)

    def send(self, line: bytes) -> None:
        """Send a line; its end is added. Raises LateError when the far end, by its handshake, does not take it."""
        try:
            self._line.write(line + self._say_end)
        except serial.SerialTimeoutException as error:
            raise LateError from error

    def clear(self) -> None:
        """Throw away what has come, and what was said but not taken."""
        try:
            self._line.reset_output_buffer()
        except Exception as error:  # for a plug that was pulled, termios has an error of its own
            raise GoneError(f"the serial line cannot be cleared: {error}") from error
        super().clear()

    def _at_hand(self) -> bool:
        return self._line.in_waiting > 0

    def _receive(self, patience: float) -> bytes:
        # The line's own time-out runs from each byte on; to set it anew would configure the line again.
        return self._line.read(max(1, min(self._line.in_waiting, _CHUNK)))
