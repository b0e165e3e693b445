"""The maximum of a likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.climb import ENOUGH, climb
from nwlab.analysis.rate_balance.covariance import errors_of
from nwlab.analysis.rate_balance.likelihood import Told
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.problem import Problem
from nwlab.core.drive import BoolArray, FloatArray


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


def maximise(steps: Steps, problem: Problem, enough: float = ENOUGH) -> Optimum:
    """Climb to the maximum, then see how far around it the likelihood stays large; `enough` as in `climb`.

    Short records bias the maximum by covariance times the bias of the score (Cox and Snell, J. R. Stat. Soc. B 30
    (1968) 248); it is subtracted in `corrected`.
    """
    best, told, converged = climb(steps, problem, enough=enough)
    errors = errors_of(steps, problem, best, told)
    bias = errors.curved @ problem.score_bias(best)
    in_errors = np.abs(bias) / np.maximum(np.sqrt(np.diag(errors.curved)), 1e-300)
    # To first order only: half an error is as far as that reaches.
    corrected = problem.inside(best - bias * min(1.0, 0.5 / max(float(np.max(in_errors)), 1e-300)))
    return Optimum(problem, best, corrected, errors.covariance, problem.at_bound(best), told, converged)
