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
_LEAST = 3e-3
"""The least share of the information that is left when they are not."""
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

    Short records bias the maximum by covariance times the bias of the score (Cox and Snell, J. R. Stat. Soc. B 30
    (1968) 248); it is subtracted in `corrected`.
    """
    best, told = _climb(steps, problem)
    at_bound = _at_bound(problem, best)
    covariance = _covariance(steps, problem, best, told, at_bound)
    corrected = np.clip(best - covariance @ problem.score_bias(best), problem.low, problem.high)
    return Optimum(problem, best, corrected, covariance, at_bound, told)


def _climb(steps: Steps, problem: Problem) -> tuple[FloatArray, Told]:
    """Quasi-Newton (Broyden, Fletcher, Goldfarb, Shanno; damped as in Powell, Lect. Notes Math. 630 (1978) 144), whose
    first curvature is the information that there would be if all events were known."""
    here = np.clip(problem.start, problem.low, problem.high)
    told = evaluate(steps, problem.make, here, problem.lean)
    curvature, fresh = _floored(told.metric, problem.scale), True
    for _ in range(_PATIENCE):
        move = _move(problem, here, told, curvature)
        length, ahead, there = 1.0, None, here
        gain = float(move @ told.score)
        while length > 1e-3 and length * gain > 0.5 * _ENOUGH:
            there = np.clip(here + length * move, problem.low, problem.high)
            ahead = evaluate(steps, problem.make, there, problem.lean)
            if ahead.log_likelihood > told.log_likelihood + 1e-4 * length * gain:
                break
            length, ahead = 0.35 * length, None
        if ahead is None and fresh:
            break
        if ahead is None:
            curvature, fresh = _floored(told.metric, problem.scale), True
            continue
        curvature, fresh = _updated(curvature, there - here, told.score - ahead.score), False
        here, told = there, ahead
    return here, told


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
    """Return the next move of what is free; what stands at a bound and would leave it is not."""
    stuck = _at_bound(problem, here) & (
        (problem.low == problem.high)
        | ((here <= problem.low) & (told.score < 0))
        | ((here >= problem.high) & (told.score > 0))
    )
    free = np.flatnonzero(~stuck)
    scale = problem.scale[free]
    scaled = curvature[np.ix_(free, free)] * np.outer(scale, scale)
    move = np.zeros_like(here)
    move[free] = np.linalg.solve(scaled, told.score[free] * scale) * scale
    return move


def _at_bound(problem: Problem, here: FloatArray) -> BoolArray:
    return (here <= problem.low) | (here >= problem.high)


def _covariance(steps: Steps, problem: Problem, best: FloatArray, told: Told, at_bound: BoolArray) -> FloatArray:
    """Invert the observed information.

    Seen through the metric it lies between nothing and all: the share of the information that is left when events are
    not known. Ripples of the likelihood that say otherwise are cut.
    """
    free = np.flatnonzero(~at_bound)
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
    covariance = np.zeros((best.size, best.size))
    covariance[np.ix_(free, free)] = (back / np.clip(shares, _LEAST, 1.0)) @ back.T
    return covariance


def _score(steps: Steps, problem: Problem, parameters: FloatArray) -> FloatArray:
    return evaluate(steps, problem.make, parameters, problem.lean).score
