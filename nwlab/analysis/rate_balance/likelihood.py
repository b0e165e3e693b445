"""Log likelihood and score of a record under the law, for any parametrisation of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.tables import Tables, tables
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.core.drive import FloatArray

MakeWorld = Callable[[Values], World]
_IMAGINARY = 1e-30


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What the filter says about a record."""

    log_likelihood: float
    score: FloatArray  # (parameters,)
    metric: FloatArray  # (parameters, parameters), the information that there would be if events were known
    predicted: FloatArray  # (n,) S, each reading as expected from those before
    variance: FloatArray  # (n,) S²
    jumped: FloatArray  # (n, 2) chance of a jump up, and down, in the step before each reading


def evaluate(steps: Steps, make: MakeWorld, parameters: FloatArray, lean: float = 0.0) -> Told:
    """Run the compiled filter. `lean` in 1/S: how much the chance of a jump upwards grows per state below the goal."""
    from nwlab.analysis.rate_balance.gaussian_sum.kernel import log_likelihood

    values, slopes = _with_slopes(steps, make, parameters)
    goal = np.real(make(parameters.astype(np.float64)).goal)[steps.read_level]
    leans = np.column_stack([np.full(len(goal), lean), goal])
    n = steps.reading.size
    score, metric = np.zeros(parameters.size), np.zeros((parameters.size, parameters.size))
    predicted, jumped = np.zeros((n, 2)), np.zeros((n, 2))
    total = log_likelihood(
        steps.reading, steps.kind, steps.opens, leans, *values, *slopes, score, metric, predicted, jumped
    )
    metric += np.tril(metric, -1).T
    return Told(total, score, metric, predicted[:, 0], predicted[:, 1], jumped)


def _with_slopes(steps: Steps, make: MakeWorld, parameters: FloatArray) -> tuple[Tables, Tables]:
    values = Tables(*(np.ascontiguousarray(each, dtype=np.float64) for each in tables(steps, make(parameters))))
    slopes = [np.zeros((*each.shape, parameters.size)) for each in values]
    for index in range(parameters.size):
        moved = parameters.astype(np.complex128)
        moved[index] += 1j * _IMAGINARY
        for slope, each in zip(slopes, tables(steps, make(moved)), strict=True):
            slope[..., index] = np.imag(each) / _IMAGINARY
    return values, Tables(*slopes)
