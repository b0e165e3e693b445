"""What a likelihood is climbed along, and where it may go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from nwlab.analysis.rate_balance.likelihood import MakeWorld, Told, evaluate
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import BoolArray, FloatArray

STRIDE = 30.0
"""The longest move, in scales: where little is known, a full one would end far from what the curvature speaks of."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Which numbers are free, and the law that they make."""

    make: MakeWorld
    start: FloatArray  # (parameters,)
    scale: FloatArray  # (parameters,) what is no large change of each
    low: FloatArray  # (parameters,) bounds; may be infinite, and alike for what is given
    high: FloatArray
    lean: float = 0.0  # 1/S, see `evaluate`
    score_bias: Callable[[FloatArray], FloatArray] = field(default=np.zeros_like)  # of the score at the truth
    soft: tuple[int, ...] = ()  # places that have a covariance at their bounds, too; others are fixed by them there

    def told(self, steps: Steps, numbers: FloatArray) -> Told:
        """Return what the filter says about a record, if the law has these numbers (parameters,)."""
        return evaluate(steps, self.make, numbers, self.lean)

    def held(self, place: int, start: FloatArray) -> Problem:
        """Return the same with one number given, as it is at a start (parameters,) that the others climb from."""
        only = np.arange(start.size) == place
        low, high = (np.where(only, start, bound) for bound in (self.low, self.high))
        return replace(self, start=start, low=low, high=high)

    def inside(self, numbers: FloatArray) -> FloatArray:
        """Return the nearest numbers that are allowed, (parameters,)."""
        return np.clip(numbers, self.low, self.high)

    def about(self, numbers: FloatArray) -> FloatArray:
        """Return the nearest numbers, (parameters,), that are allowed where soft bounds do not count."""
        found = self.inside(numbers)
        found[list(self.soft)] = numbers[list(self.soft)]
        return found

    def stride(self, move: FloatArray) -> FloatArray:
        """Return a move (parameters,), or as much of it as is no longer than a stride."""
        return move * min(1.0, STRIDE / max(float(np.max(np.abs(move / self.scale))), 1e-300))

    def at_bound(self, numbers: FloatArray) -> BoolArray:
        """Return which numbers stand at a bound, (parameters,)."""
        return (numbers <= self.low) | (numbers >= self.high)

    def loose(self, numbers: FloatArray) -> list[int]:
        """Return the places of the numbers that have a covariance here."""
        fixed = self.at_bound(numbers).tolist()
        return [
            place
            for place, is_fixed in enumerate(fixed)
            if not is_fixed or (place in self.soft and self.low[place] < self.high[place])
        ]

    def metric(self, told: Told) -> FloatArray:
        """Return the information that there would be if events were known, (parameters, parameters); never nothing."""
        return told.metric + 1e-4 * np.diag(1.0 / self.scale**2)
