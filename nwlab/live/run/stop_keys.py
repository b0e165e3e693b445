"""Esc twice: a key that everybody finds without looking, and that one stray touch does not set off."""

from __future__ import annotations

from nwlab.core.clock import Clock, SystemClock

WITHIN = 1.0
"""S between the two."""


class Twice:
    """Tells the second press from the first."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._first: float | None = None

    @property
    def is_armed(self) -> bool:
        """Whether one more press will do it."""
        return self._first is not None and self._clock.now() - self._first <= WITHIN

    def press(self) -> bool:
        """Take a press; returns whether it was the second one."""
        done = self.is_armed
        self._first = None if done else self._clock.now()
        return done
