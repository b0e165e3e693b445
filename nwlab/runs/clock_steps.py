"""Whether the time of day was set while a run went on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from nwlab.core.clock import Clock

NOTABLE = 1.0
"""s by which the wall clock has to move against the monotonic one between two looks."""


class ClockSteps:
    """Compares the time of day with the monotonic clock; durations come from the latter, so that a step harms none."""

    def __init__(self, clock: Clock, wall: Callable[[], datetime]) -> None:
        self._clock, self._wall = clock, wall
        self._monotonic, self._seen = clock.now(), wall()

    def look(self) -> dict[str, object] | None:
        """Return what to note when the wall clock was set, or the computer slept, since the last look."""
        passed, found = self._clock.now() - self._monotonic, self._wall()
        expected = self._seen + timedelta(seconds=passed)
        self._monotonic, self._seen = self._monotonic + passed, found
        step = (found - expected).total_seconds()
        if abs(step) <= NOTABLE:
            return None
        return {"s": step, "from": expected.isoformat(), "to": found.isoformat()}
