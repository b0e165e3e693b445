"""The errors that a likelihood tells: from its curvature, and from how it falls further away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.climb import climb
from nwlab.analysis.rate_balance.likelihood import Told
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.problem import Problem
from nwlab.core.drive import FloatArray

_REACHES = (1.0, 0.1, 0.01, 0.003)
"""Differences of the score are taken over this part of the errors that there would be if events were known,"""
_UNEVEN = 0.1
"""the next one where they are not symmetric to this: a ridge that little is known along bends, but ripples grow."""
_LEAST, _RIPPLES = 0.02, 0.4
"""The least share of the information that is left when they are not: that, or this over the root of how many readings.
What ripples feign falls so, and of long records with much read noise a few thousandths are left of what would tell σ.
"""
_AWAY = 2.0
"""Errors at which the likelihood is looked at once more: about where a 95 % interval ends,"""
_KNOWN = 0.7
"""unless so large a part of the error would be there if events were known: then it is a parabola."""
_FALL = (0.4, 16.0)
"""What is believed of twice the fall there, which is 4 for a parabola;"""
_ENOUGH = 0.05
"""how well it need be known,"""
_MOVES = 12
"""and how long that is tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Covariances of the numbers at a maximum, (parameters, parameters); 0 for what a bound fixes."""

    curved: FloatArray  # by the curvature
    covariance: FloatArray  # by how far the likelihood stays large, where that is further


def errors_of(steps: Steps, problem: Problem, best: FloatArray, told: Told) -> Errors:
    """Return the errors of the numbers (parameters,) of the largest likelihood."""
    loose = problem.loose(best)
    metric = problem.metric(told)[np.ix_(loose, loose)]
    known = np.sqrt(np.diag(np.linalg.inv(metric)))
    curved = np.zeros((best.size, best.size))
    curved[np.ix_(loose, loose)] = _curved(steps, problem, best, loose, metric)
    stretch = np.ones(best.size)
    for place, least in zip(loose, known.tolist(), strict=True):
        if least < _KNOWN * np.sqrt(curved[place, place]):
            stretch[place] = _stretch(steps, problem, best, told, curved, place)
    return Errors(curved, curved * np.outer(stretch, stretch))


def _curved(steps: Steps, problem: Problem, best: FloatArray, loose: list[int], metric: FloatArray) -> FloatArray:
    """Invert the observed information, (loose, loose).

    Seen through the metric it lies between nothing and all: the share of the information that is left when events are
    not known. Ripples of the likelihood that say otherwise are cut.
    """
    root = np.asarray(np.linalg.inv(np.linalg.cholesky(metric)), dtype=np.float64)
    seen, least_uneven = np.eye(len(loose)), np.inf
    for reach in _REACHES:
        here = _seen(steps, problem, best, loose, root, reach)
        uneven = float(np.abs(here - here.T).max(initial=0.0))
        if uneven < least_uneven:
            seen, least_uneven = here, uneven
        if uneven < _UNEVEN:
            break
    shares, vectors = np.linalg.eigh(0.5 * (seen + seen.T))
    back = root.T @ vectors
    least = min(_LEAST, _RIPPLES / np.sqrt(steps.reading.size))
    return (back / np.clip(shares, least, 1.0)) @ back.T


def _seen(
    steps: Steps, problem: Problem, best: FloatArray, loose: list[int], root: FloatArray, reach: float
) -> FloatArray:
    """Return how the score changes along each direction, both as the metric measures them, (loose, loose).

    A direction is followed so many of its errors to both sides, or as far as bounds leave it room on both.
    """
    seen = np.eye(len(loose))
    for row, direction in enumerate(root):
        step = np.zeros(best.size)
        step[loose] = reach * direction
        step *= problem.room(best, step)
        length = float(np.linalg.norm(step[loose]) / np.linalg.norm(direction))
        if length > 0.0:
            rise = problem.told(steps, best - step).score - problem.told(steps, best + step).score
            seen[row] = root @ rise[loose] / (2.0 * length)
    return seen


def _stretch(steps: Steps, problem: Problem, best: FloatArray, told: Told, curved: FloatArray, place: int) -> float:
    """Return how much larger the error of a number is than the curvature says.

    Where the sizes of jumps are hardly seen the likelihood is no parabola, but skew. About where a 95 % interval ends,
    on both sides, it is looked at with the other numbers at their best; the interval that it tells holds the truth as
    often as it says (Wilks, Ann. Math. Statist. 9 (1938) 60). The error is that of its longer side.
    """
    along = curved[place] / np.sqrt(curved[place, place])
    information = _information(problem, best, told, curved)
    widths: list[float] = []
    for side in (-_AWAY, _AWAY):
        start = problem.inside(best + problem.stride(side * along))
        away = abs(float(start[place] - best[place])) / along[place]
        if away < 0.5 * _AWAY:
            continue  # a bound is in the way, or nothing is known of it
        _, ahead, _ = climb(steps, problem.held(place, start), information, _ENOUGH, _MOVES)
        fall = 2.0 * (told.log_likelihood - ahead.log_likelihood) * (_AWAY / away) ** 2
        widths.append(_AWAY / np.sqrt(np.clip(np.nan_to_num(fall, nan=np.inf), *_FALL)))
    return float(max(widths, default=1.0))


def _information(problem: Problem, best: FloatArray, told: Told, covariance: FloatArray) -> FloatArray:
    """Return what a covariance is the inverse of, (parameters, parameters); for what it does not know, the metric's."""
    information, loose = np.diag(np.diag(problem.metric(told))), problem.loose(best)
    information[np.ix_(loose, loose)] = np.linalg.inv(covariance[np.ix_(loose, loose)])
    return information
