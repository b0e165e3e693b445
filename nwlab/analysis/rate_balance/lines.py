"""Rates of potentiation and depression over voltage: straight lines in the logarithm.

    ln K_P = ln κ_P0 + η_P·V      ln K_D = ln κ_D0 − η_D·V      K_P = θ·g̃      K_D = θ·(1 − g̃)

and g̃ = (G̃ − G_min)/(G_max − G_min), so that with enough voltages also the bounds show: they are those with which both
become straight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.one_level import Level
from nwlab.core.drive import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """θ and the attractor at some voltages, with their errors."""

    voltage: FloatArray  # (levels,) V
    log_rate: FloatArray  # (levels,), θ in 1/s
    log_rate_sd: FloatArray
    goal: FloatArray  # (levels,) S
    goal_sd: FloatArray  # S

    @property
    def count(self) -> int:
        """How many voltages there are."""
        return self.voltage.size


@dataclass(frozen=True, slots=True)
class Lines:
    """Both lines around a voltage in the middle, and how far the points are off."""

    middle: float  # V
    log_up: float  # ln K_P there, K_P in 1/s
    log_down: float  # ln K_D there
    eta_p: float  # 1/V
    eta_d: float  # 1/V
    g_min: float  # S
    g_max: float  # S
    chi2: float  # weighted squares of what is left
    freedom: int  # points less numbers


def points_of(levels: Sequence[Level]) -> Points:
    """Gather what the levels tell."""
    return Points(
        np.array([level.voltage for level in levels]),
        np.array([float(np.log(level.world.rate[0])) for level in levels]),
        np.array([level.log_rate_sd for level in levels]),
        np.array([float(level.world.goal[0]) for level in levels]),
        np.array([level.goal_sd for level in levels]),
    )


def lines(points: Points, g_min: float | None, g_max: float | None, seen: tuple[float, float]) -> Lines:
    """Draw both lines by weighted regression; a bound that is None is searched for.

    `seen` are the lowest and the highest conductance of the record in S. The bounds enclose all attractors.
    """
    from scipy.optimize import minimize

    lowest, highest = float(points.goal.min()), float(points.goal.max())
    span = max(seen[1], highest) - min(seen[0], lowest, 0.0)

    def bounds(numbers: FloatArray) -> tuple[float, float]:
        low = lowest * float(np.clip(1.0 - np.exp(numbers[0]), 0.0, 1.0)) if g_min is None else g_min
        high = highest + span * float(np.exp(min(numbers[1], 5.0))) if g_max is None else g_max
        return low, high

    def cost(numbers: FloatArray) -> float:
        return _drawn(points, *bounds(numbers), free=0).chi2

    free = (g_min is None) + (g_max is None)
    start = np.array([-1.0, -1.0])
    if free:
        options = {"maxiter": 800, "xatol": 1e-4, "fatol": 1e-4}
        starts = [(low, high) for low in (-6.0, -2.0, -0.2) for high in (-6.0, -3.0, -1.0, 1.0)]
        found = [minimize(cost, np.array(each), method="Nelder-Mead", options=options) for each in starts]
        start = np.asarray(found[int(np.argmin([float(each.fun) for each in found]))].x)
    return _drawn(points, *bounds(start), free=free)


def _drawn(points: Points, g_min: float, g_max: float, free: int) -> Lines:
    part = np.clip((points.goal - g_min) / (g_max - g_min), 1e-9, 1.0 - 1e-9)
    part_sd = np.maximum(points.goal_sd / (g_max - g_min), 1e-9)
    log_up = points.log_rate + np.log(part)
    log_down = points.log_rate + np.log1p(-part)
    up_sd = np.hypot(points.log_rate_sd, part_sd / part)
    down_sd = np.hypot(points.log_rate_sd, part_sd / (1.0 - part))
    middle = float(np.average(points.voltage, weights=1.0 / np.minimum(up_sd, down_sd) ** 2))
    off = points.voltage - middle
    up, rise, left = _line(off, log_up, up_sd)
    down, fall, left2 = _line(off, log_down, down_sd)
    freedom = max(2 * points.count - 4 - free, 0)
    return Lines(middle, up, down, max(rise, 0.0), max(-fall, 0.0), g_min, g_max, left + left2, freedom)


def _line(x: FloatArray, y: FloatArray, sd: FloatArray) -> tuple[float, float, float]:
    """Return height at 0, slope, and weighted squares of what is left; one point alone has no slope."""
    if x.size == 1:
        return float(y[0]), 0.0, 0.0
    design = np.column_stack([np.ones_like(x), x]) / sd[:, np.newaxis]
    (height, slope), *_ = np.linalg.lstsq(design, y / sd, rcond=None)
    return float(height), float(slope), float(np.sum(np.square((y - height - slope * x) / sd)))
