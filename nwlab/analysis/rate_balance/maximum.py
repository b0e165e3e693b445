"""The maximum of a likelihood, and the errors that its curvature tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from nwlab.analysis.rate_balance.likelihood import MakeWorld, Told, evaluate
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import BoolArray, FloatArray

_STEP = 1.0
"""Differences of the score are taken over this part of the error that there would be if events were known."""
_LEAST, _RIPPLES = 0.02, 0.4
"""The least share of the information that is left when they are not: that, or this over the root of how many readings.
What ripples feign falls so, and of long records with much read noise a few thousandths are left of what would tell σ.
"""
_ENOUGH = 0.01
"""Climbing ends when less is to be gained. Merging and dropping branches ripples the likelihood by about as much."""
_PATIENCE = 80
_FAR = 20.0
"""Where more than this is promised the curvature that was learned on the way is that of another place."""
_LOST = 1.0
"""Climbing has failed when it ends where more than this is promised."""
_STRIDE = 30.0
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


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Where the likelihood is largest."""

    problem: Problem
    parameters: FloatArray  # (parameters,), of the largest likelihood
    corrected: FloatArray  # (parameters,), without the bias of a short record
    covariance: FloatArray  # (parameters, parameters); 0 for those at a bound, unless it is soft
    at_bound: BoolArray  # (parameters,)
    told: Told
    converged: bool  # whether the climb ended because nothing was to be gained any more

    @property
    def ended(self) -> BoolArray:
        """What ended at a bound that leaves it room, (parameters,)."""
        return self.at_bound & (self.problem.low < self.problem.high)


def maximise(steps: Steps, problem: Problem) -> Optimum:
    """Climb to the maximum, then take the observed information from differences of the score.

    Short records bias the maximum by covariance times the bias of the score (Cox and Snell, J. R. Stat. Soc. B 30
    (1968) 248); it is subtracted in `corrected`.
    """
    best, told, converged = _climb(steps, problem)
    at_bound = _at_bound(problem, best)
    fixed = at_bound.copy()
    fixed[[place for place in problem.soft if problem.low[place] < problem.high[place]]] = False
    covariance = _covariance(steps, problem, best, told, fixed)
    bias = covariance @ problem.score_bias(best)
    in_errors = np.abs(bias) / np.maximum(np.sqrt(np.diag(covariance)), 1e-300)
    # To first order only: half an error is as far as that reaches.
    bias = bias * min(1.0, 0.5 / max(float(np.max(in_errors)), 1e-300))
    corrected = np.clip(best - bias, problem.low, problem.high)
    return Optimum(problem, best, corrected, covariance, at_bound, told, converged)


def _climb(steps: Steps, problem: Problem) -> tuple[FloatArray, Told, bool]:
    """Quasi-Newton (Broyden, Fletcher, Goldfarb, Shanno; damped as in Powell, Lect. Notes Math. 630 (1978) 144), whose
    first curvature is the information that there would be if all events were known; far from the top always that."""
    here = np.clip(problem.start, problem.low, problem.high)
    told = evaluate(steps, problem.make, here, problem.lean)
    curvature, fresh = _floored(told.metric, problem.scale), True
    gain, whole = np.inf, False
    for _ in range(_PATIENCE):
        move = _move(problem, here, told, curvature)
        gain = float(move @ told.score)
        if gain > _FAR and not fresh:
            curvature, fresh = _floored(told.metric, problem.scale), True
            move = _move(problem, here, told, curvature)
            gain = float(move @ told.score)
        whole = bool(np.max(np.abs(move / problem.scale)) < 0.99 * _STRIDE)
        found = _ahead(steps, problem, here, told, move)
        if found is None and fresh:
            break
        if found is None:
            curvature, fresh = _floored(told.metric, problem.scale), True
            continue
        there, ahead = found
        curvature, fresh = _updated(curvature, there - here, told.score - ahead.score), False
        here, told = there, ahead
    return here, told, whole and gain < _LOST


def _ahead(
    steps: Steps, problem: Problem, here: FloatArray, told: Told, move: FloatArray
) -> tuple[FloatArray, Told] | None:
    """Go along a move as far as the likelihood rises; None where it does not, or not enough to count."""
    length, gain = 1.0, float(move @ told.score)
    while length > 1e-3 and length * gain > 0.5 * _ENOUGH:
        there = np.clip(here + length * move, problem.low, problem.high)
        ahead = evaluate(steps, problem.make, there, problem.lean)
        if ahead.log_likelihood > told.log_likelihood + 1e-4 * length * gain:
            return there, ahead
        length *= 0.35
    return None


def _floored(metric: FloatArray, scale: FloatArray) -> FloatArray:
    return metric + 1e-4 * np.diag(1.0 / scale**2)


def _updated(curvature: FloatArray, step: FloatArray, rise: FloatArray) -> FloatArray:
    """Learn the curvature along a step from how the score changed; it stays positive."""
    push = curvature @ step
    bend = float(step @ push)
    if bend <= 0.0:
        return curvature
    seen = float(step @ rise)
    if seen < 0.2 * bend:
        mixed = 0.8 * bend / (bend - seen)
        rise = mixed * rise + (1.0 - mixed) * push
    return curvature + np.outer(rise, rise) / float(step @ rise) - np.outer(push, push) / bend


def _move(problem: Problem, here: FloatArray, told: Told, curvature: FloatArray) -> FloatArray:
    """Return the next move of what is free; what stands at a bound and would leave it is not.

    What would go beyond its bound goes there, and the others as is best then: cut off afterwards, a move along a ridge
    would lead down its side.
    """
    held = _at_bound(problem, here) & (
        (problem.low == problem.high)
        | ((here <= problem.low) & (told.score < 0))
        | ((here >= problem.high) & (told.score > 0))
    )
    move = np.zeros_like(here)
    while not held.all():
        free = np.flatnonzero(~held)
        move[free] = 0.0
        move[free] = _solved(curvature[np.ix_(free, free)], (told.score - curvature @ move)[free])
        room = np.clip(move, problem.low - here, problem.high - here)
        beyond = room != move
        if not beyond.any():
            break
        move, held = np.where(beyond, room, move), held | beyond
    return move * min(1.0, _STRIDE / max(float(np.max(np.abs(move / problem.scale))), 1e-300))


def _solved(curvature: FloatArray, score: FloatArray) -> FloatArray:
    size = np.sqrt(np.diag(curvature))
    alike = curvature / np.outer(size, size) + 1e-12 * np.eye(size.size)
    return np.linalg.solve(alike, score / size) / size


def _at_bound(problem: Problem, here: FloatArray) -> BoolArray:
    return (here <= problem.low) | (here >= problem.high)


def _covariance(steps: Steps, problem: Problem, best: FloatArray, told: Told, fixed: BoolArray) -> FloatArray:
    """Invert the observed information.

    Seen through the metric it lies between nothing and all: the share of the information that is left when events are
    not known. Ripples of the likelihood that say otherwise are cut.
    """
    free = np.flatnonzero(~fixed)
    metric = _floored(told.metric, problem.scale)[np.ix_(free, free)]
    root = np.linalg.inv(np.linalg.cholesky(metric))
    errors = np.sqrt(np.diag(np.linalg.inv(metric)))
    information = np.zeros((free.size, free.size))
    for row, index in enumerate(free):
        step = np.zeros(best.size)
        step[index] = _STEP * float(errors[row])
        above, below = np.minimum(best + step, problem.high), np.maximum(best - step, problem.low)
        rise = _score(steps, problem, below) - _score(steps, problem, above)
        information[row] = rise[free] / (above - below)[index]
    shares, vectors = np.linalg.eigh(root @ (0.5 * (information + information.T)) @ root.T)
    back = root.T @ vectors
    least = min(_LEAST, _RIPPLES / np.sqrt(steps.reading.size))
    covariance = np.zeros((best.size, best.size))
    covariance[np.ix_(free, free)] = (back / np.clip(shares, least, 1.0)) @ back.T
    return covariance


def _score(steps: Steps, problem: Problem, parameters: FloatArray) -> FloatArray:
    return evaluate(steps, problem.make, parameters, problem.lean).score
