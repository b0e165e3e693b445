"""Least squares with a weak prior, by damped Gauss-Newton steps from several starts.

Levenberg, Quart. Appl. Math. 2 (1944) 164; Marquardt, J. SIAM 11 (1963) 431. The prior is a Gaussian around the
centre, so wide that it decides only what the record leaves open; without it such directions would run away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray

PRIOR_SD = 5.0
"""Of the logarithm of each parameter: a factor of 150."""

_BOLDEST = 2.0  # of an unknown in one step
_PATIENCE = 6

Curve = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Unknowns → fitted values (samples,) and their derivatives (samples, unknowns)."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be explained."""

    curve: Curve
    measured: FloatArray  # (samples,)
    scale: FloatArray | float  # what one sample may be off by, (samples,) or one, in the unit of the samples
    centre: FloatArray  # (unknowns,) of the prior
    is_free: BoolArray  # (unknowns,) the others stay as they are


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where a descent ended."""

    unknowns: FloatArray
    fitted: FloatArray
    slope: FloatArray  # (samples, unknowns)
    cost: float  # sum of squares over scale², and of the prior
    is_settled: bool


def descend(task: Task, start: FloatArray, most: int = 60, enough: float = 1e-5, damping: float = 1e-2) -> Found:
    """Walk down from one start; `most` is how many times the curve may be asked, `damping` the first.

    It is settled when `_PATIENCE` looks in a row have gained less than `enough` of the cost.
    """
    here = _look(task, start)
    idle = 0
    for _ in range(most - 1):
        hessian, gradient = _normal(task, here)
        step = _step(task, hessian, gradient, damping)
        there = _look(task, here.unknowns + step)
        gain = here.cost - there.cost
        idle = 0 if gain > enough * here.cost else idle + 1
        here, damping = (there, max(damping / 5.0, 1e-9)) if gain >= 0 else (here, damping * 8.0)
        if idle == _PATIENCE:
            return replace(here, is_settled=True)
    return here


def best_of(task: Task, starts: Sequence[FloatArray], most: int = 60) -> list[Found]:
    """Descend from every start and return what was found, the best first."""
    return sorted((descend(task, start, most) for start in starts), key=lambda found: found.cost)


def _look(task: Task, unknowns: FloatArray) -> Found:
    with np.errstate(over="ignore", invalid="ignore"):
        fitted, slope = task.curve(unknowns)
        off = (fitted - task.measured) / task.scale
        prior = (unknowns - task.centre)[task.is_free] / PRIOR_SD
        cost = float(off @ off + prior @ prior)
    return Found(unknowns, fitted, slope, cost if math.isfinite(cost) else math.inf, is_settled=False)


def _normal(task: Task, here: Found) -> tuple[FloatArray, FloatArray]:
    free = task.is_free
    slope = here.slope[:, free] / np.reshape(task.scale, (-1, 1))
    off = (here.fitted - task.measured) / task.scale
    prior = (here.unknowns - task.centre)[free] / PRIOR_SD**2
    return slope.T @ slope + np.eye(int(free.sum())) / PRIOR_SD**2, slope.T @ off + prior


def _step(task: Task, hessian: FloatArray, gradient: FloatArray, damping: float) -> FloatArray:
    damped = hessian + damping * np.diag(np.diag(hessian))
    step = np.zeros(task.is_free.size)
    step[task.is_free] = -np.linalg.solve(damped, gradient)
    return step / max(1.0, float(np.abs(step).max()) / _BOLDEST)
