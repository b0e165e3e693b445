"""How far a run is, on the terminal."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

import numpy as np

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.events import BlockArrived, Event, Noted, RunFinished, RunStarted
from nwlab.core.standing import BLOCKS, PLAIN, Standing
from nwlab.core.units import show

_OFTEN, _SELDOM = 0.1, 10.0  # s between updates of a terminal, and between lines of a log


class Progress:
    """Draws a bar with the time left on a terminal, and writes a line now and then elsewhere."""

    def __init__(self, stream: TextIO | None = None, clock: Clock | None = None) -> None:
        self._stream, self._clock = stream or sys.stderr, clock or SystemClock()
        self._is_terminal = self._stream.isatty()
        self._start = "\r\x1b[K" if self._is_terminal else ""
        self._glyphs = BLOCKS if (self._stream.encoding or "utf-8").lower().startswith("utf") else PLAIN
        self._begun = self._told = self._clock.now()
        self._standing, self._conductance = Standing(), float("nan")

    def __call__(self, event: Event) -> None:
        """Take one event; writes when enough time has passed."""
        self._standing.take(event)
        match event:
            case RunStarted():
                self._begun = self._told = self._clock.now()
            case BlockArrived():
                self._arrived(event)
            case Noted(kind="pausing"):
                self._write(f"{self._start}pausing between drives, with the chip at rest\n")
            case RunFinished():
                self._write(f"{self._start}{self._standing.ending(event, self._clock.now() - self._begun)}\n")
            case _:
                pass

    def line(self) -> str:
        """Return what is known now, in one line."""
        line = self._standing.line(self._clock.now() - self._begun, glyphs=self._glyphs)
        return f"{line}  {show(self._conductance, 'S')}" if np.isfinite(self._conductance) else line

    def _arrived(self, event: BlockArrived) -> None:
        conductance = event.reading.conductance
        known = conductance[np.isfinite(conductance)]
        if known.size:
            self._conductance = float(known[-1])
        self._tell()

    def _tell(self) -> None:
        now = self._clock.now()
        if now - self._told < (_OFTEN if self._is_terminal else _SELDOM):
            return
        self._told = now
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r{self.line()[:width]}\x1b[K")
        else:
            self._write(f"{self.line()}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
