"""What has changed about a film: its law fitted anew to a window of readings, and held against its chip file.

Residuals hardly see θ; how readings follow one another does. Four numbers are fitted together, relative to the file: a
factor on θ, a shift of g̃, factors on σ and on the rate of jumps; read noise and the sizes of jumps stay as the file has
them. Each has the standard error that the likelihood tells, and what the file leaves open counts, too (`FileErrors`).

A number has changed when it lies beyond `limit` errors, both by that error and by the likelihood that is lost when
it is held at the file's value and the others are fitted again (Wilks, Ann. Math. Statist. 9 (1938) 60): the first alone
is too sure where a likelihood is skew, the second where a short record biases its maximum. What the file leaves open is
a normal density about its value: the likelihood is lost less if the number is held where both together are largest, at
what that density leaves there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.climb import climb
from nwlab.analysis.rate_balance.maximum import Optimum, maximise
from nwlab.analysis.rate_balance.one_level import small_sample
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.problem import Problem
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.core.drive import FloatArray
from nwlab.core.units import show
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import MEAN, NOISE, RATE, THETA, FilmLaw

NAMES = ("θ", "mean", "σ", "jump rate")
"""What may change, in the order of a change's numbers."""
_CLEAR = 3.0
"""Limits beyond which the errors alone are believed."""
_ENOUGH = 0.05
"""What a log likelihood need not gain any more: the run does not wait, and names take several errors."""
_FAR = 5.0
"""ln of the largest factor that is sought."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as the chip file says."""

    what: str  # one of `NAMES`
    estimate: float
    error: float  # standard error of the estimate
    expected: float  # by the chip file
    unit: str
    voltage: float  # V at which θ and the mean are told
    errors: float  # by how many errors they differ, those of the chip file included

    @property
    def text(self) -> str:
        """What it means."""
        where = f" at {show(self.voltage, 'V', 3)}" if self.what in (NAMES[THETA], NAMES[MEAN]) else ""
        told = (_shown(each, self.error, self.unit) for each in (self.estimate, self.expected))
        return "{what} has changed: {0} ± {error}{where}, where the chip file says {1}".format(
            *told, what=self.what, error=_shown(self.error, self.error, self.unit), where=where
        )


def changes(steps: Steps, film: FilmLaw, doubt: FileErrors, limit: float) -> list[Change]:
    """Return what differs from the chip file by more than `limit` standard errors, in the order of `NAMES`."""
    problem = _problem(steps, film)
    best = maximise(steps, problem, _ENOUGH)
    voltage = float(np.sort(steps.level[steps.at])[steps.at.size // 2])
    known = doubt.variances(voltage)
    found: list[Change] = []
    for place in range(problem.start.size):
        variance, own = float(best.covariance[place, place]), float(best.corrected[place])
        errors = abs(own) / np.sqrt(variance + known[place]) if variance else np.inf
        if errors <= limit:
            continue
        if errors < _CLEAR * limit or not variance:
            gained = _gained(steps, problem, best, place)
            variance = variance or own**2 / max(gained, 1e-12)  # at a bound there is no curvature
            if known[place]:
                doubted = own * known[place] / (variance + known[place])  # the file's number, if the chip is unchanged
                gained = min(gained, _gained(steps, problem, best, place, doubted) + doubted**2 / known[place])
            errors = min(abs(own) / np.sqrt(variance + known[place]), np.sqrt(gained))
        if errors > limit:
            found.append(_change(film, place, own, variance**0.5, voltage, float(errors)))
    return found


def _problem(steps: Steps, film: FilmLaw) -> Problem:
    count = 4 if film.law.jumps else 3
    duration = steps.duration
    x = film.world(steps.level, pull=steps.pull).rate[steps.at] * duration

    ranges = np.zeros(steps.level.size)
    if steps.noise is not None:
        ranges[steps.at] = steps.noise**2

    def make(numbers: Values) -> World:
        world = film.world(steps.level, numbers, steps.pull)
        return world._replace(read=world.read + ranges)

    def bias(numbers: FloatArray) -> FloatArray:
        fast = np.exp(numbers[THETA]) * x[~steps.opens]
        return np.array([small_sample(fast), *np.zeros(count - 1)])

    far = np.array([_FAR, 2.0 * _FAR, _FAR, _FAR])[:count]
    return Problem(make, np.zeros(count), _scale(film, x, duration)[:count], -far, far, film.lean, bias)


def _scale(film: FilmLaw, x: FloatArray, duration: FloatArray) -> FloatArray:
    """Return about how well each number can be known, with readings a time `x` of relaxation apart."""
    jumps, relaxed = film.law.jumps, float(x.sum())
    strikes = jumps.rate * float(duration.sum()) if jumps else 0.0
    theta = np.sqrt(2.0 / max(relaxed, 1.0))
    return np.array([theta, 0.02, 2.0 * np.sqrt(2.0 / x.size), 1.5 / np.sqrt(max(strikes, 3.0))])


def _gained(steps: Steps, problem: Problem, best: Optimum, place: int, at: float = 0.0) -> float:
    """Return twice the log likelihood that a number gains over another, the rest fitted for both."""
    start = best.parameters.copy()
    start[place] = at
    _, held, _ = climb(steps, problem.held(place, start), enough=_ENOUGH)
    return max(2.0 * (best.told.log_likelihood - held.log_likelihood), 0.0)


def _change(film: FilmLaw, place: int, own: float, sd: float, voltage: float, errors: float) -> Change:
    law, jumps = film.law, film.law.jumps
    told = NAMES[place]
    if place == MEAN:
        level, numbers = np.array([voltage]), np.zeros(4)
        numbers[MEAN] = own
        goal, expected = float(film.world(level, numbers).goal[0]), float(film.world(level).goal[0])
        slope = (goal - law.g_min) * (law.g_max - goal) / film.span
        return Change(told, goal, slope * sd, expected, "S", voltage, errors)
    expected, unit, power = {
        THETA: (float(law.rate(voltage)), "1/s", 1.0),
        NOISE: (law.noise, "1/sqrt(s)", 0.5),
        RATE: (jumps.rate if jumps else 0.0, "1/s", 1.0),
    }[place]
    estimate = expected * float(np.exp(power * own))
    return Change(told, estimate, power * estimate * sd, expected, unit, voltage, errors)


def _shown(value: float, error: float, unit: str) -> str:
    """Write a number to its error's second digit."""
    digits = 2 + max(math.ceil(math.log10(abs(value) / error)), 0) if error > 0 < abs(value) < math.inf else 4
    if unit == "S":
        return show(value, unit, digits)
    return f"{value:.{digits}g} {unit.removeprefix('1').replace('sqrt(s)', '√s')}"
