"""Bytes in, lines out: the framing of TSP messages, in any chunking and within bounds."""

from __future__ import annotations

from collections import deque

LONGEST = 1 << 20
"""Bytes that one line may have."""
MOST = 4 << 20
"""Bytes that may wait to be acted on."""


class LineBuffer:
    """Messages that have arrived; a line ends with a line feed, a carriage return before it is dropped."""

    def __init__(self) -> None:
        self._half = bytearray()
        self._lines: deque[str] = deque()
        self._waiting = 0  # bytes in whole lines
        self._skipping = False  # up to the end of a line that was too long

    def feed(self, data: bytes) -> bool:
        """Take bytes; false when some had to be dropped."""
        whole = True
        pieces = data.split(b"\n")
        for index, piece in enumerate(pieces):
            if not self._skipping:
                self._half += piece
            if len(self._half) > LONGEST or self._waiting + len(self._half) > MOST:
                self._half.clear()
                self._skipping, whole = True, False
            if index < len(pieces) - 1:
                self._end_line()
        return whole

    def next(self) -> str | None:
        """Take the oldest line, or None."""
        if not self._lines:
            return None
        line = self._lines.popleft()
        self._waiting -= len(line)
        return line

    def clear(self) -> None:
        """Drop everything."""
        self._half.clear()
        self._lines.clear()
        self._waiting, self._skipping = 0, False

    def _end_line(self) -> None:
        if not self._skipping:
            line = self._half.decode("latin-1").removesuffix("\r")
            self._lines.append(line)
            self._waiting += len(line)
        self._half.clear()
        self._skipping = False
