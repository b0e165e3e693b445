"""The maximum of a likelihood, and the errors that its curvature tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from nwlab.analysis.rate_balance.likelihood import MakeWorld, Told, evaluate
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import BoolArray, FloatArray

_STEP = 0.3
"""Differences of the score are taken over this part of an error."""
_ENOUGH = 0.01
"""Climbing ends when less is to be gained. Merging and dropping branches ripples the likelihood by about as much."""
_PATIENCE = 80


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


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Where the likelihood is largest."""

    problem: Problem
    parameters: FloatArray  # (parameters,), of the largest likelihood
    corrected: FloatArray  # (parameters,), without the bias of a short record
    covariance: FloatArray  # (parameters, parameters); 0 for those at a bound
    at_bound: BoolArray  # (parameters,)
    told: Told


def maximise(steps: Steps, problem: Problem) -> Optimum:
    """Climb to the maximum, then take the observed information from differences of the score.

    Short records bias the maximum by covariance times the bias of the score (Cox and Snell, J. R. Stat. Soc. B 30 (1968)
    248); it is subtracted in `corrected`.
    """
    best, told = _climb(steps, problem)
    at_bound = _at_bound(problem, best)
    covariance = _covariance(steps, problem, best, told, at_bound)
    corrected = np.clip(best - covariance @ problem.score_bias(best), problem.low, problem.high)
    return Optimum(problem, best, corrected, covariance, at_bound, told)


def _climb(steps: Steps, problem: Problem) -> tuple[FloatArray, Told]:
    """Scoring with the outer products of the steps' scores for the information (Berndt, Hall, Hall, Hausman, Ann. Econ.
    Soc. Meas. 3 (1974) 653), damped as Marquardt does."""
    here = np.clip(problem.start, problem.low, problem.high)
    told, damping = evaluate(steps, problem.make, here, problem.lean), 0.1
    for _ in range(_PATIENCE):
        move = _move(problem, here, told, damping)
        there = np.clip(here + move, problem.low, problem.high)
        if float((there - here) @ told.score) < _ENOUGH and damping < 1.0:
            break
        ahead = evaluate(steps, problem.make, there, problem.lean)
        if np.isfinite(ahead.log_likelihood) and ahead.log_likelihood > told.log_likelihood:
            here, told, damping = there, ahead, 0.2 * damping
        elif damping > 1e6:
            break
        else:
            damping = max(4.0 * damping, 0.01)
    return here, told


def _move(problem: Problem, here: FloatArray, told: Told, damping: float) -> FloatArray:
    """Return the next move of what is free; what stands at a bound and would leave it is not."""
    stuck = _at_bound(problem, here) & (
        (problem.low == problem.high)
        | ((here <= problem.low) & (told.score < 0))
        | ((here >= problem.high) & (told.score > 0))
    )
    free = np.flatnonzero(~stuck)
    scale = problem.scale[free]
    scaled = told.outer[np.ix_(free, free)] * np.outer(scale, scale)
    damped = scaled + damping * np.diag(np.diag(scaled)) + 1e-6 * np.eye(free.size)
    move = np.zeros_like(here)
    move[free] = np.linalg.solve(damped, told.score[free] * scale) * scale
    return move


def _at_bound(problem: Problem, here: FloatArray) -> BoolArray:
    return (here <= problem.low) | (here >= problem.high)


def _covariance(
    steps: Steps, problem: Problem, best: FloatArray, told: Told, at_bound: BoolArray
) -> FloatArray:
    free = np.flatnonzero(~at_bound)
    scale = problem.scale[free]
    errors = np.sqrt(np.diag(inverse(told.outer[np.ix_(free, free)], scale)))
    information = np.zeros((free.size, free.size))
    for row, index in enumerate(free):
        step = np.zeros(best.size)
        step[index] = _STEP * min(float(errors[row]), 30.0 * float(scale[row]))
        above, below = np.minimum(best + step, problem.high), np.maximum(best - step, problem.low)
        rise = _score(steps, problem, below) - _score(steps, problem, above)
        information[row] = rise[free] / (above - below)[index]
    covariance = np.zeros((best.size, best.size))
    covariance[np.ix_(free, free)] = inverse(0.5 * (information + information.T), scale)
    return covariance


def _score(steps: Steps, problem: Problem, parameters: FloatArray) -> FloatArray:
    return evaluate(steps, problem.make, parameters, problem.lean).score


def inverse(information: FloatArray, scale: FloatArray) -> FloatArray:
    """Invert an information matrix. What it does not tell gets an error a thousand times its `scale`."""
    values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    values = np.maximum(values, 1e-6)
    return (vectors / values) @ vectors.T * np.outer(scale, scale)
