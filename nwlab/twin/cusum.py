"""Cumulative sums of residuals: small lasting changes are found that no single residual shows.

    g ← max(0, g + s − k), alarm above h;     s = ±z for the mean,  s = z² − 1 for the spread

z are calibrated residuals: independent and standard normal as long as model and chip agree. k is half the change that
is found soonest; h follows from how many false alarms are accepted.

The mean number of steps until a false alarm is that of a Markov chain whose states are slices of 0 … h: Brook and
Evans, Biometrika 59 (1972) 539. Its error falls with the square of the number of slices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError

_SLICES = 120
_MOST = 4.5  # sd: a single residual beyond this counts as so much, so that one jump is no drift
_LOWEST, _HIGHEST = 1e-3, 1e3  # thresholds that are sought

Distribution = Callable[[FloatArray], FloatArray]
"""Probability that an increment is at most so much."""


def of_mean(increment: FloatArray) -> FloatArray:
    """Return the probability that z is at most this, in the shape of `increment`."""
    return ndtr(increment)


def of_spread(increment: FloatArray) -> FloatArray:
    """Return the probability that z² − 1 is at most this, in the shape of `increment`."""
    root = np.sqrt(np.maximum(increment + 1.0, 0.0))
    return ndtr(root) - ndtr(-root)


def run_length(distribution: Distribution, k: float, h: float) -> float:
    """Return the mean number of steps from g = 0 to an alarm, for increments with this distribution."""
    width = 2.0 * h / (2 * _SLICES - 1)
    middles = width * np.arange(_SLICES)
    edges = np.append(middles - width / 2, middles[-1] + width / 2)
    edges[0] = -math.inf  # all that would fall below 0 stays there
    below = distribution(edges[None, :] - middles[:, None] + k)
    stays = np.diff(below, axis=1)
    return float(np.linalg.solve(np.eye(_SLICES) - stays, np.ones(_SLICES))[0])


def threshold(distribution: Distribution, k: float, steps: float) -> float:
    """Return the h at which a false alarm comes after `steps` steps on average; raises UsageError below 2 steps."""
    if not 2.0 <= steps < math.inf:
        raise UsageError(f"false alarms every {steps:g} steps: at least 2 are needed")

    def excess(h: float) -> float:
        return math.log(run_length(distribution, k, h) / steps)

    high = 1.0
    while excess(high) < 0 and high < _HIGHEST:
        high *= 2
    return cast(float, brentq(excess, _LOWEST, high, xtol=1e-4)) if excess(_LOWEST) < 0 else _LOWEST


@dataclass(slots=True)
class Cusum:
    """One cumulative sum at work; after an alarm it begins anew."""

    k: float
    h: float
    sum: float = 0.0
    since: int = 0
    """Steps since the sum last was 0: about when what it tells began."""

    def take(self, increments: Iterable[float]) -> list[tuple[int, int]]:
        """Take increments, one a step; return each alarm: the index of its step, and steps since the sum was 0."""
        alarms: list[tuple[int, int]] = []
        total, since = self.sum, self.since
        for index, increment in enumerate(increments):
            total += increment - self.k
            since += 1
            if total <= 0.0:
                total, since = 0.0, 0
            elif total > self.h:
                alarms.append((index, since))
                total, since = 0.0, 0
        self.sum, self.since = total, since
        return alarms


def increments(kind: str, residuals: FloatArray, lean: FloatArray) -> NDArray[np.float64]:
    """Return what a sum of this kind adds up of residuals (steps,): "above", "below" or "spread".

    Their mean may be as far from 0 as `lean` (steps,) ≥ 0 says without that a sum counts it.
    """
    match kind:
        case "above":
            return np.clip(residuals - lean, -_MOST, _MOST)
        case "below":
            return np.clip(-residuals - lean, -_MOST, _MOST)
        case _:
            return np.minimum(residuals**2 - lean**2, _MOST**2) - 1.0
