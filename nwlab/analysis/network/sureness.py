"""How sure a deterministic fit is: errors of its parameters, and what the record cannot tell.

Theory of operation
    Residuals of such fits are those of the law, not of the meter: neighbours are off alike. A sample then counts for
    less than one, by the integrated autocorrelation time τ of the residuals (Sokal, Monte Carlo Methods in Statistical
    Mechanics, 1989, with his window of 5 τ). The covariance is Gauss and Newton's, (JᵀJ/(s²τ) + prior)⁻¹.
    Where the data say less than the prior along some direction, that direction is open.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from nwlab.analysis.network.descent import PRIOR_SD, Found, Task
from nwlab.core.drive import FloatArray

_WINDOW = 5.0
_ROUNDING = 1e-12
"""Of the conductance: residuals below it are rounding, of which no errors follow."""
_PART = 0.4
"""Of an open direction: parameters with a smaller share in it are not named."""


def autocorrelation_time(residual: FloatArray) -> float:
    """Return the integrated autocorrelation time of residuals in samples, at least 1."""
    count = residual.size
    spectrum = np.fft.rfft(residual, 2 * count)
    correlation = np.fft.irfft(spectrum * np.conj(spectrum))[:count]
    if not correlation[0] > 0:
        return 1.0
    sums = 2.0 * np.cumsum(correlation / correlation[0]) - 1.0
    beyond = np.flatnonzero(np.arange(count) >= _WINDOW * sums)
    return max(float(sums[beyond[0]] if beyond.size else sums[-1]), 1.0)


def variance(task: Task, found: Found, parts: Sequence[int]) -> float:
    """Return the variance that one sample stands for, S²; `parts` are the numbers of samples of the recordings."""
    off = found.fitted - task.measured
    bounds = np.cumsum([0, *parts])
    whole = sum(
        float(off[low:high] @ off[low:high]) * autocorrelation_time(off[low:high]) for low, high in pairwise(bounds)
    )
    least = _ROUNDING * float(np.abs(task.measured).max())
    return max(whole / max(off.size - int(task.is_free.sum()), 1), least**2, np.finfo(np.float64).tiny)


def covariance(task: Task, found: Found, per_sample: float) -> FloatArray:
    """Return the covariance of all unknowns, 0 for given ones."""
    free = np.flatnonzero(task.is_free)
    sharpness, ways = _told(task, found, per_sample)
    whole = np.zeros((task.is_free.size, task.is_free.size))
    whole[np.ix_(free, free)] = ways.T @ (ways / (np.square(sharpness) + 1.0 / PRIOR_SD**2)[:, np.newaxis])
    return whole


def open_directions(task: Task, found: Found, per_sample: float, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the parameters that take part in each direction along which the record says less than the prior."""
    free = np.flatnonzero(task.is_free)
    return [
        tuple(str(names[int(free[k])]) for k in np.flatnonzero(np.abs(way) >= _PART))
        for sharpness, way in zip(*_told(task, found, per_sample), strict=True)
        if sharpness * PRIOR_SD < 1.0
    ]


def error_of(quantity: Callable[[FloatArray], float], unknowns: FloatArray, covariance: FloatArray) -> float:
    """Return the standard error of a quantity of the unknowns."""
    slope = np.empty(unknowns.size)
    for k in range(unknowns.size):
        nudge = np.zeros(unknowns.size)
        nudge[k] = 1e-5
        slope[k] = (quantity(unknowns + nudge) - quantity(unknowns - nudge)) / 2e-5
    return float(np.sqrt(max(float(slope @ covariance @ slope), 0.0)))


def _told(task: Task, found: Found, per_sample: float) -> tuple[FloatArray, FloatArray]:
    """Return directions among the free unknowns, one a row, and one over the error to which the samples tell each.

    By singular values, as the square of the slope would lose what is open beside what an exact record tells.
    """
    slope = found.slope[:, task.is_free] / math.sqrt(per_sample)
    _, sharpness, ways = np.linalg.svd(np.linalg.qr(slope, mode="r"))
    return np.append(sharpness, np.zeros(len(ways) - sharpness.size)), ways
