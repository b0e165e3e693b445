"""A sweep under way: when to ask the instrument for readings, and where in the drive they belong."""

from __future__ import annotations

import numpy as np

from nwlab.core.clock import Clock
from nwlab.core.drive import FloatArray
from nwlab.drivers.keithley2600_sweep import FIELDS, samples
from nwlab.drivers.roles import Plan, Samples

_BLOCK = 4000  # steps asked for at once
_FIRST_LOOK, _LOOK, _LONGEST = 0.05, 0.25, 0.5  # s to let pass before asking
_SHORTEST = 1e-3  # s, likewise
_PATIENCE = 10.0  # s beyond twice its length that a sweep may take


class SweepRun:
    """What the driver knows of the sweep that it loaded: what was asked, and what is played for it."""

    def __init__(self, plan: Plan, played: Plan, clock: Clock) -> None:
        self.plan = plan
        self.length = float(played.dwell.sum())  # s
        self.started: float | None = None  # s on the driver's clock
        self.fetched = 0  # steps
        self._clock = clock
        self._due = np.cumsum(plan.dwell) - plan.dwell + plan.read_delay + plan.aperture
        self._played, self._ends = played, np.cumsum(played.dwell)
        self.looks = 0  # how often was waited for samples
        self._zero: FloatArray | None = None

    def begin(self) -> None:
        """Note that the first level is being applied now."""
        self.started = self._clock.now()

    @property
    def passed(self) -> float:
        """The s since the first level."""
        return 0.0 if self.started is None else self._clock.now() - self.started

    @property
    def overdue(self) -> bool:
        """Whether the instrument must have lost its way."""
        return self.passed > 2 * self.length + _PATIENCE

    def standing(self) -> dict[str, float]:
        """Return the level that each channel stands at now, by the plan and the time since the first level."""
        step = int(np.searchsorted(self._ends, self.passed, side="right"))
        over = step >= self._ends.size
        if over and not self._played.hold:
            return dict.fromkeys((program.channel for program in self._played.programs), 0.0)
        return {program.channel: float(program.levels[-1 if over else step]) for program in self._played.programs}

    def wait(self) -> None:
        """Let time pass until asking is worth while: soon for a first look, later for well-filled blocks."""
        left = max(self.length - self.passed, 0.0)
        wait = left
        if self.fetched < self._due.size:
            wait = max(min(_LOOK if self.looks else _FIRST_LOOK, left), float(self._due[self.fetched]) - self.passed)
        self.looks += 1
        self._clock.sleep(min(max(wait, _SHORTEST), _LONGEST))

    def up_to(self, available: int) -> int:
        """Return the step before which the next block ends when so many are in the buffers."""
        return min(available, self.fetched + _BLOCK, self._due.size)

    def take(self, block: FloatArray) -> Samples:
        """Turn the next block into samples.

        Raises ValueError for one that no buffer can hold.
        """
        zero = self._zero
        if zero is None:
            zero = block.reshape(-1, FIELDS)[: len(self.plan.programs), 0].copy()
        taken = samples(block, self.fetched, zero, self.plan)
        self._zero = zero
        self.fetched += len(taken.onset)
        return taken

    def nothing(self) -> Samples:
        """Return samples of no step: the sweep goes on, but nothing new has come."""
        return samples(np.empty(0), self.fetched, np.zeros(len(self.plan.programs)), self.plan)
