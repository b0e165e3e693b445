"""How far a run is, as its events tell."""

from __future__ import annotations

from nwlab.core.drive import FloatArray
from nwlab.core.events import BlockArrived, DriveFinished, DriveStarted, Event, RunFinished, RunStarted
from nwlab.core.units import duration

BLOCKS, PLAIN = "█░", "#-"
"""What a bar is made of, done and to be done; the second where a terminal has letters only."""


class Standing:
    """Counts what was played, also past blocks that a slow listener was not told of."""

    def __init__(self) -> None:
        self.label = ""  # of the step that made the present drive
        self.samples = 0
        self.played = 0.0  # s of levels and rests
        self._expected: float | None = None  # s of all drives
        self._expected_samples: int | None = None
        self._dwell: FloatArray | None = None  # s, of the present drive
        self._next = 0  # step of the present drive

    def take(self, event: Event) -> None:
        """Take one event."""
        match event:
            case RunStarted():
                self._expected, self._expected_samples = event.duration, event.steps
            case DriveStarted():
                self._dwell, self._next, self.label = event.drive.dwell, 0, event.label
            case BlockArrived():
                self._advance(event.first + event.reading.steps)
            case DriveFinished() if self._dwell is not None:
                self._advance(self._dwell.size)
            case _:
                pass

    @property
    def fraction(self) -> float | None:
        """How much is done, 0 to 1: by time where that is known beforehand, else by samples; None where neither is."""
        if self._expected:
            return min(1.0, self.played / self._expected)
        if self._expected_samples:
            return min(1.0, self.samples / self._expected_samples)
        return None

    def line(self, elapsed: float, *, width: int = 24, glyphs: str = BLOCKS) -> str:
        """Return a bar of `width` characters, time left, step and samples; `elapsed` s have passed since the start."""
        fraction, parts = self.fraction, [self.label] if self.label else []
        if fraction is None:
            parts.append(f"{duration(self.played)} played")
        else:
            parts.insert(0, bar(fraction, width=width, glyphs=glyphs))
            if 0.01 < fraction < 1:
                parts.append(f"{duration(round(elapsed * (1 - fraction) / fraction))} left")
        return "  ".join([*parts, f"{self.samples} samples"])

    def ending(self, event: RunFinished, elapsed: float) -> str:
        """Return how the run ended, what was played, and how long that took."""
        return f"{event.status}: {self.samples} samples, {duration(self.played)} on the chip, in {duration(elapsed)}"

    def _advance(self, until: int) -> None:
        if self._dwell is not None and until > self._next:
            self.samples += until - self._next
            self.played += float(self._dwell[self._next : until].sum())
            self._next = until


def bar(fraction: float, *, width: int = 24, glyphs: str = BLOCKS) -> str:
    """Return a bar of `width` characters and the share in percent."""
    filled = round(fraction * width)
    return f"{glyphs[0] * filled}{glyphs[1] * (width - filled)} {100 * fraction:3.0f} %".lstrip()
