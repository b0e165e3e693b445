"""How far a run is, on the terminal."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

import numpy as np

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.events import BlockArrived, DriveStarted, Event, Noted, RunFinished, RunStarted
from nwlab.core.units import duration, show

_BAR = 24  # characters
_OFTEN, _SELDOM = 0.1, 10.0  # s between updates of a terminal, and between lines of a log


class Progress:
    """Draws a bar with the time left on a terminal, and writes a line now and then elsewhere."""

    def __init__(self, stream: TextIO | None = None, clock: Clock | None = None) -> None:
        self._stream, self._clock = stream or sys.stderr, clock or SystemClock()
        self._is_terminal = self._stream.isatty()
        self._start = "\r\x1b[K" if self._is_terminal else ""
        self._begun = self._told = self._clock.now()
        self._expected: float | None = None  # s of all drives
        self._expected_steps: int | None = None
        self._done = self._drive_length = self._drive_done = 0.0  # s
        self._samples = 0
        self._label, self._conductance = "", float("nan")

    def __call__(self, event: Event) -> None:
        """Take one event; writes when enough time has passed."""
        match event:
            case RunStarted():
                self._expected, self._expected_steps = event.duration, event.steps
                self._begun = self._told = self._clock.now()
            case DriveStarted():
                self._done += self._drive_length
                self._drive_length, self._drive_done, self._label = event.drive.duration, 0.0, event.label
            case BlockArrived():
                self._arrived(event)
            case Noted(kind="pausing"):
                self._write(f"{self._start}pausing between drives, with the chip at rest\n")
            case RunFinished():
                self._end(event)
            case _:
                pass

    def line(self) -> str:
        """Return what is known now, in one line."""
        fraction, elapsed = self._fraction(), self._clock.now() - self._begun
        parts = [self._label] if self._label else []
        if fraction is None:
            parts.append(f"{duration(self._done + self._drive_done)} played")
        else:
            parts.insert(0, f"{_bar(fraction, self._stream.encoding)} {100 * fraction:3.0f} %")
            if 0.01 < fraction < 1:
                parts.append(f"{duration(round(elapsed * (1 - fraction) / fraction))} left")
        parts.append(f"{self._samples} samples")
        if np.isfinite(self._conductance):
            parts.append(show(self._conductance, "S"))
        return "  ".join(parts)

    def _arrived(self, event: BlockArrived) -> None:
        self._samples += event.reading.steps
        if event.reading.steps:
            self._drive_done = float(event.reading.onset[-1])
        conductance = event.reading.conductance
        known = conductance[np.isfinite(conductance)]
        if known.size:
            self._conductance = float(known[-1])
        self._tell()

    def _fraction(self) -> float | None:
        """By time where a dry run knows it, else by samples, else unknown."""
        if self._expected:
            return min(1.0, (self._done + self._drive_done) / self._expected)
        if self._expected_steps:
            return min(1.0, self._samples / self._expected_steps)
        return None

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

    def _end(self, event: RunFinished) -> None:
        length = self._done + self._drive_length if event.status == "finished" else self._done + self._drive_done
        took = duration(self._clock.now() - self._begun)
        self._write(
            f"{self._start}{event.status}: {self._samples} samples, {duration(length)} on the chip, in {took}\n"
        )

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _bar(fraction: float, encoding: str | None) -> str:
    filled = round(fraction * _BAR)
    full, empty = "█░" if (encoding or "utf-8").lower().startswith("utf") else "#-"
    return full * filled + empty * (_BAR - filled)
