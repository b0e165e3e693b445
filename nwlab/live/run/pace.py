"""How fast a run goes, as far as it was watched, and how long it will take at that pace."""

from __future__ import annotations

from nwlab.core.clock import Clock
from nwlab.live.scene.scene import Progress

_ENOUGH = 2.0  # s of watching before a pace is worth telling


def fraction(progress: Progress) -> float | None:
    """Return how much is done, 0 to 1: by time where a dry run knows it, else by samples; None where neither is."""
    if progress.duration:
        return min(1.0, progress.done / progress.duration)
    if progress.steps:
        return min(1.0, progress.samples / progress.steps)
    return None


class Pace:
    """Watches how the done part of a run grows; the time of pauses does not count."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._last = clock, clock.now()
        self._watched = 0.0  # s
        self._first: float | None = None

    def look(self, progress: Progress) -> None:
        """Take notice of how far a run is."""
        now, done = self._clock.now(), fraction(progress)
        if self._first is None:
            self._first = done
        elif not progress.paused:
            self._watched += now - self._last
        self._last = now

    def left(self, progress: Progress) -> float | None:
        """Return the s until the end at this pace; None when nobody can tell yet."""
        done = fraction(progress)
        if done is None or self._first is None or self._watched < _ENOUGH or done <= self._first:
            return None
        return (1.0 - done) * self._watched / (done - self._first)
