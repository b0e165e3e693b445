"""The maximum of a likelihood, and the errors that its curvature tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from nwlab.analysis.rate_balance.likelihood import MakeWorld, Told, evaluate
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import BoolArray, FloatArray

_STEP = 0.3
"""Differences of the score are taken over this part of a parameter's scale."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Which numbers are free, and the law that they make."""

    make: MakeWorld
    start: FloatArray  # (parameters,)
    scale: FloatArray  # (parameters,) about the error of each
    low: FloatArray  # (parameters,) bounds; may be infinite
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
    """Climb along the score, then take the observed information from differences of the score.

    Short records bias the maximum by covariance times the bias of the score (Cox and Snell, J. R. Stat. Soc. B 30 (1968)
    248); it is subtracted in `corrected`.
    """
    from scipy.optimize import minimize

    scale = problem.scale

    def downhill(scaled: FloatArray) -> tuple[float, FloatArray]:
        told = evaluate(steps, problem.make, scaled * scale, problem.lean)
        if not np.isfinite(told.log_likelihood):
            return 1e300, np.zeros_like(scaled)
        return -told.log_likelihood, -told.score * scale

    bounds = list(zip(problem.low / scale, problem.high / scale, strict=True))
    # Merging and dropping branches ripples the likelihood by some 0.01, so that no finer end can be reached.
    options = {"ftol": 1e-10, "gtol": 0.02, "maxiter": 150, "maxls": 12}
    found = minimize(downhill, problem.start / scale, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    best: FloatArray = np.asarray(found.x, dtype=np.float64) * scale
    at_bound = (best <= problem.low + 1e-9 * scale) | (best >= problem.high - 1e-9 * scale)
    covariance = _covariance(steps, problem, best, at_bound)
    corrected = np.clip(best - covariance @ problem.score_bias(best), problem.low, problem.high)
    return Optimum(
        problem, best, corrected, covariance, at_bound, evaluate(steps, problem.make, best, problem.lean)
    )


def _covariance(steps: Steps, problem: Problem, best: FloatArray, at_bound: BoolArray) -> FloatArray:
    free = np.flatnonzero(~at_bound)
    information = np.zeros((free.size, free.size))
    for row, index in enumerate(free):
        step = np.zeros(best.size)
        step[index] = _STEP * problem.scale[index]
        above, below = np.minimum(best + step, problem.high), np.maximum(best - step, problem.low)
        rise = _score(steps, problem, below) - _score(steps, problem, above)
        information[row] = rise[free] / (above - below)[index]
    covariance = np.zeros((best.size, best.size))
    covariance[np.ix_(free, free)] = inverse(0.5 * (information + information.T), problem.scale[free])
    return covariance


def _score(steps: Steps, problem: Problem, parameters: FloatArray) -> FloatArray:
    return evaluate(steps, problem.make, parameters, problem.lean).score


def inverse(information: FloatArray, scale: FloatArray) -> FloatArray:
    """Invert an information matrix. What it does not tell, in units of `scale`, gets an error a thousand times that."""
    values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    values = np.maximum(values, 1e-6)
    return (vectors / values) @ vectors.T * np.outer(scale, scale)
