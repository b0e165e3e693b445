"""Time is handed in: nothing else in nwlab reads a clock or sleeps."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Seconds from an arbitrary origin, never stepping back."""

    def now(self) -> float:
        """Return the present time in s."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; zero or less returns at once."""
        ...


class SystemClock:
    """The computer's monotonic clock, `speed` times as fast; origin at construction."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._origin = time.monotonic()

    def now(self) -> float:
        """Return the s since construction, times speed."""
        return (time.monotonic() - self._origin) * self.speed

    def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` of this clock's own time."""
        if seconds > 0:
            time.sleep(seconds / self.speed)


class VirtualClock:
    """A clock that jumps to whatever is waited for, so that hours pass at once and always the same."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the s that were slept so far."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Jump `seconds` ahead."""
        if seconds > 0:
            self._now += seconds

    def reach(self, moment: float) -> None:
        """Jump ahead to a moment, to the last bit; one that has passed changes nothing."""
        if moment > self._now:
            self.sleep(moment - self._now)
            self._now = moment


class PacedClock(VirtualClock):
    """A clock that jumps, but not ahead of `speed` times real time: the same numbers each time, slowly enough to watch.

    Where whatever happens on it takes longer than that, it falls behind, and makes good for `_ARREARS` at most.
    """

    _ARREARS = 0.5  # s, real

    def __init__(self, speed: float, start: float = 0.0) -> None:
        super().__init__(start)
        self._speed = speed
        self._due = time.monotonic()
        self._begun = False

    def begin(self) -> None:
        """Forget what is to be made good for so far, as getting ready took it; a second call does nothing."""
        if not self._begun:
            self._due, self._begun = max(self._due, time.monotonic()), True

    def sleep(self, seconds: float) -> None:
        """Jump `seconds` ahead, and wait until that has passed at this speed."""
        if seconds <= 0:
            return
        super().sleep(seconds)
        now = time.monotonic()
        self._due = max(self._due, now - self._ARREARS) + seconds / self._speed
        if self._due > now:
            time.sleep(self._due - now)


def utc_now() -> datetime:
    """Return the wall time with its offset, for records; never for durations."""
    return datetime.now().astimezone()


def time_with_sleep() -> float:
    """Return s from an arbitrary origin that also count while the computer sleeps, where the system can tell."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
