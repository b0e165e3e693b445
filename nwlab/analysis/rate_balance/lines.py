"""Rates of potentiation and depression over voltage: straight lines in the logarithm.

    ln K_P = ln κ_P0 + η_P·V      ln K_D = ln κ_D0 − η_D·V      θ = K_P + K_D      g̃ = K_P/θ

and the attractor is G_min + (G_max − G_min)·g̃, so that with enough voltages also the bounds show. Numbers are held
against θ and the attractor as the levels tell them, whose errors do not depend on what is tried; the errors of ln K do,
and near a bound they grow until anything goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.one_level import Level
from nwlab.analysis.rate_balance.world import Values
from nwlab.core.drive import FloatArray

BEYOND = 5.0
"""Standard errors by which an attractor may lie outside of the bounds of the conductance."""
_FAST = 1.0
"""Relaxations per step from which on a level tells how much of a deviation is left after one, rather than θ."""
_NEVER = 60.0
"""Beyond this ln K is nothing that happens, or at once."""
_FLAT = 0.1
"""How many errors it counts when K changes e-fold over the voltages."""
_FAR = 30.0
"""The upper bound of the conductance is sought up to so many spans of the record."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """θ and the attractor at some voltages, with their errors."""

    voltage: FloatArray  # (levels,) V
    steps: FloatArray  # (levels,) how many
    step: FloatArray  # (levels,) s
    log_rate: FloatArray  # (levels,), θ in 1/s
    log_rate_sd: FloatArray  # infinite where it cannot be told
    goal: FloatArray  # (levels,) S
    goal_sd: FloatArray  # S

    @property
    def count(self) -> int:
        """How many voltages there are."""
        return self.voltage.size

    def reach(self, g_min: float | None = None, g_max: float | None = None) -> tuple[float, float]:
        """Return how high the lower and how low the upper bound of the conductance may be in S; what is given is that.

        They enclose all attractors, but those are themselves known only to some errors.
        """
        errors = BEYOND * self.goal_sd
        above = 1e-3 * float(np.max(np.abs(self.goal))) if g_min is None else 1.001 * g_min
        most = max(float(np.max(self.goal - errors)), above) if g_max is None else g_max
        least = float(np.clip(np.min(self.goal + errors), 0.0, 0.999 * most)) if g_min is None else g_min
        return least, most

    def off(self, log_rate: Values, goal: Values) -> Values:
        """Return by how many errors a law's θ and attractors (levels,) differ, (2·levels,)."""
        fast = self.log_rate + np.log(self.step) > np.log(_FAST)
        kept, left = (np.exp(-np.exp(each) * self.step) for each in (self.log_rate, log_rate))
        slope = -np.log(kept) * kept
        kept_sd = np.where(np.isfinite(self.log_rate_sd), slope * self.log_rate_sd, 1.0 / np.sqrt(self.steps))
        rates = np.where(fast, (kept - left) / kept_sd, (log_rate - self.log_rate) / self.log_rate_sd)
        return np.concatenate([rates, (goal - self.goal) / self.goal_sd])


@dataclass(frozen=True, slots=True, eq=False)
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
    sd: FloatArray  # (6,) about how well the numbers above are told, ln K_P to G_max; 0 for what is given

    @property
    def numbers(self) -> FloatArray:
        """The six numbers of the law: ln K_P and ln K_D in the middle, slopes, bounds."""
        return np.array([self.log_up, self.log_down, self.eta_p, self.eta_d, self.g_min, self.g_max])

    def is_like(self, other: Lines) -> bool:
        """Say whether both are the same answer."""
        return bool(np.all(np.abs(self.numbers - other.numbers) <= 0.1 * self.sd))


def points_of(levels: Sequence[Level]) -> Points:
    """Gather what the levels tell."""
    columns = [
        (
            level.voltage,
            level.steps,
            level.guess.step,
            np.log(level.world.rate[0]),
            level.log_rate_sd,
            level.world.goal[0],
            level.goal_sd,
        )
        for level in levels
    ]
    return Points(*np.array(columns, dtype=np.float64).T)


def lines(points: Points, g_min: float | None, g_max: float | None, seen: tuple[float, float]) -> list[Lines]:
    """Draw the lines that come near the points, the nearest first; a bound that is None is searched for.

    There is more than one answer where points are few. `seen` are the lowest and the highest conductance of the record
    in S.
    """
    middle = _middle(points)
    span = max(seen[1], float(points.goal.max())) - min(seen[0], float(points.goal.min()), 0.0)
    low, high = _box(points, g_min, g_max, span)
    found = [_nearest(points, middle, span, low, high, each) for each in _starts(points, middle, low, high, span)]
    found.sort(key=lambda each: each.chi2)
    return [each for place, each in enumerate(found) if not any(map(each.is_like, found[:place]))]


def _nearest(points: Points, middle: float, span: float, low: FloatArray, high: FloatArray, start: FloatArray) -> Lines:
    """Search for the nearest lines from a start. Of slopes that the points do not tell the smaller are taken."""
    from scipy.optimize import least_squares

    free, wide = low < high, float(np.ptp(points.voltage))

    def every(numbers: FloatArray) -> FloatArray:
        told = low.copy()
        told[free] = numbers
        return told

    def off(numbers: FloatArray) -> FloatArray:
        told = every(numbers)
        return np.concatenate([points.off(*_law(points.voltage - middle, told, span)), _FLAT * wide * told[2:4]])

    box = (low[free], high[free])
    best = least_squares(off, np.clip(start[free], *box), bounds=box, x_scale="jac", max_nfev=40)
    up, down, eta_p, eta_d, least, most = every(best.x).tolist()
    left = np.square(off(best.x))[: 2 * points.count]
    sd = np.zeros(low.size)
    sd[free] = _errors(best.jac, _loose(wide)[free])
    sd[4:] *= span
    freedom = max(left.size - int(np.sum(free)), 0)
    return Lines(middle, up, down, eta_p, eta_d, least * span, most * span, float(left.sum()), freedom, sd)


def _errors(slope: FloatArray, loose: FloatArray) -> FloatArray:
    """Return the errors of numbers of which `loose` is the largest; `slope` (points, numbers) is in errors.

    By way of singular values: where the points are far sharper than that, the matrix itself cannot be inverted.
    """
    _, sharp, ways = np.linalg.svd(slope * loose, full_matrices=True)
    sharp = np.append(sharp, np.zeros(len(ways) - sharp.size))
    return loose * np.sqrt(np.sum(np.square(ways.T) / (1.0 + np.square(sharp)), axis=1))


def _loose(wide: float) -> FloatArray:
    """Return by how much numbers may be taken to be off at most, conductances in spans."""
    return np.array([0.1, 0.1, 0.1 / max(wide, 0.1), 0.1 / max(wide, 0.1), 0.02, 0.02])


def _middle(points: Points) -> float:
    """Return the voltage around which the lines are known best."""
    part_sd = points.goal_sd / max(float(np.ptp(points.goal)), 1e-3 * float(np.max(np.abs(points.goal))))
    return float(np.average(points.voltage, weights=_weights(points.log_rate_sd, part_sd)))


def _weights(*errors: FloatArray) -> FloatArray:
    """Return weights; what is not known at all still counts a little."""
    return 1.0 / np.minimum(np.sqrt(np.sum(np.square(errors), axis=0)), 10.0) ** 2


def _box(points: Points, g_min: float | None, g_max: float | None, span: float) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and the highest of each number, alike for what is fixed; conductances are in spans."""
    slope = np.inf if points.count > 1 else 0.0
    least, most = points.reach(g_min, g_max)
    low = np.array([-_NEVER, -_NEVER, 0.0, 0.0, 0.0 if g_min is None else least / span, most / span])
    high = np.array([_NEVER, _NEVER, slope, slope, least / span, max(_FAR, 2.0 * low[5]) if g_max is None else low[5]])
    return low, high


def _law(volts: FloatArray, numbers: FloatArray, span: float) -> tuple[FloatArray, FloatArray]:
    """Return ln θ and the attractors of a law, at voltages above the middle."""
    up, down = numbers[0] + numbers[2] * volts, numbers[1] - numbers[3] * volts
    part = 1.0 / (1.0 + np.exp(np.clip(down - up, -_NEVER, _NEVER)))
    return np.clip(np.logaddexp(up, down), -2.0 * _NEVER, 2.0 * _NEVER), span * (
        numbers[4] + (numbers[5] - numbers[4]) * part
    )


def _starts(points: Points, middle: float, low: FloatArray, high: FloatArray, span: float) -> list[FloatArray]:
    """Return straight lines through ln K for several bounds: where to search from."""
    goal, found = points.goal / span, list[FloatArray]()
    for near in (0.0025, 0.14, 0.8) if low[4] < high[4] else (0.0,):
        for far in (0.0025, 0.05, 0.4, 2.7) if low[5] < high[5] else (0.0,):
            least = float(np.clip(goal.min() * (1.0 - near), low[4], high[4]))
            most = float(np.clip(goal.max() + far, low[5], high[5]))
            part = np.clip((goal - least) / (most - least), 1e-6, 1.0 - 1e-6)
            part_sd = points.goal_sd / span / (most - least)
            (up, rise), (down, fall) = (
                _line(
                    points.voltage - middle,
                    points.log_rate + np.log(each),
                    _weights(points.log_rate_sd, part_sd / each),
                )
                for each in (part, 1.0 - part)
            )
            found.append(np.array([up, down, max(rise, 0.0), max(-fall, 0.0), least, most]))
    return found


def _line(x: FloatArray, y: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Return height at 0 and slope; one point alone has no slope."""
    if x.size == 1:
        return float(y[0]), 0.0
    slope, height = np.polyfit(x, y, 1, w=np.sqrt(weights))
    return float(height), float(slope)
