"""How far a sweep is, on the terminal."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.standing import BLOCKS, PLAIN, bar
from nwlab.core.units import duration

_OFTEN, _SELDOM = 0.1, 10.0  # s between updates of a terminal, and between lines of a log


class SweepProgress:
    """Draws a bar with the time left on a terminal, and writes a line now and then elsewhere."""

    def __init__(self, points: int, kept: int, stream: TextIO | None = None, clock: Clock | None = None) -> None:
        """`kept` of the points were there before."""
        self._points, self._before = points, kept
        self._stream, self._clock = stream or sys.stderr, clock or SystemClock()
        self._is_terminal = self._stream.isatty()
        self._glyphs = BLOCKS if (self._stream.encoding or "utf-8").lower().startswith("utf") else PLAIN
        self._begun = self._told = self._clock.now()

    def show(self, kept: int) -> None:
        """Say how many points there are now; writes when enough time has passed."""
        now = self._clock.now()
        if now - self._told < (_OFTEN if self._is_terminal else _SELDOM):
            return
        self._told = now
        width = shutil.get_terminal_size().columns - 1
        self._write(f"\r{self.line(kept)[:width]}\x1b[K" if self._is_terminal else f"{self.line(kept)}\n")

    def line(self, kept: int) -> str:
        """Return what is known now, in one line."""
        parts = [bar(kept / self._points, glyphs=self._glyphs)]
        played, elapsed = kept - self._before, self._clock.now() - self._begun
        if played and kept < self._points:
            parts.append(f"{duration(round(elapsed * (self._points - kept) / played))} left")
        return "  ".join([*parts, f"{kept} of {self._points} points"])

    def end(self, kept: int) -> None:
        """Say how it ended."""
        elapsed = duration(self._clock.now() - self._begun)
        start = "\r\x1b[K" if self._is_terminal else ""
        self._write(f"{start}{kept} of {self._points} points, {kept - self._before} of them in {elapsed}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
