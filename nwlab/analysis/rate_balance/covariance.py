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
_FALL = (0.4, 4.0)
"""What is believed of twice the fall there: from nearly nothing to that of a parabola;"""
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
    seen, least_uneven = np.zeros_like(metric), np.inf
    for reach in _REACHES:
        here = root @ _information(steps, problem, best, loose, reach * root) @ root.T
        uneven = float(np.abs(here - here.T).max(initial=0.0))
        if uneven < least_uneven:
            seen, least_uneven = here, uneven
        if uneven < _UNEVEN:
            break
    shares, vectors = np.linalg.eigh(0.5 * (seen + seen.T))
    back = root.T @ vectors
    least = min(_LEAST, _RIPPLES / np.sqrt(steps.reading.size))
    return (back / np.clip(shares, least, 1.0)) @ back.T


def _information(
    steps: Steps, problem: Problem, best: FloatArray, loose: list[int], directions: FloatArray
) -> FloatArray:
    """Return how the score changes with each number, (loose, loose), from steps along each of the directions.

    They are taken to both sides, as far as hard bounds leave each number room.
    """
    moved, rise = np.zeros_like(directions), np.zeros_like(directions)
    for row, direction in enumerate(directions):
        step = np.zeros(best.size)
        step[loose] = direction
        above, below = problem.about(best + step), problem.about(best - step)
        moved[row] = (above - below)[loose]
        rise[row] = (problem.told(steps, below).score - problem.told(steps, above).score)[loose]
    return np.asarray(np.linalg.solve(moved, rise), dtype=np.float64)


def _stretch(steps: Steps, problem: Problem, best: FloatArray, told: Told, curved: FloatArray, place: int) -> float:
    """Return how much larger the error of a number is than the curvature says.

    Where the sizes of jumps are hardly seen the likelihood is no parabola, but skew. About where a 95 % interval ends,
    on both sides, it is looked at with the other numbers at their best; the interval that it tells holds the truth as
    often as it says (Wilks, Ann. Math. Statist. 9 (1938) 60). The error is that of its longer side.
    """
    along = curved[place] / np.sqrt(curved[place, place])
    information = _inverse(problem, best, told, curved)
    widths: list[float] = []
    for side in (-_AWAY, _AWAY):
        start = problem.inside(best + problem.stride(side * along))
        away = abs(float(start[place] - best[place])) / along[place]
        if away < 0.5 * _AWAY:
            continue  # a bound is in the way, or nothing is known of it
        _, ahead, _ = climb(steps, problem.held(place, start), information, _ENOUGH, _MOVES)
        fall = 2.0 * (told.log_likelihood - ahead.log_likelihood) * (_AWAY / away) ** 2
        if np.isfinite(fall):
            widths.append(_AWAY / np.sqrt(np.clip(fall, *_FALL)))
    return float(max(widths, default=1.0))


def _inverse(problem: Problem, best: FloatArray, told: Told, covariance: FloatArray) -> FloatArray:
    """Return what a covariance is the inverse of, (parameters, parameters); for what it does not know, the metric's."""
    information, loose = np.diag(np.diag(problem.metric(told))), problem.loose(best)
    information[np.ix_(loose, loose)] = np.linalg.inv(covariance[np.ix_(loose, loose)])
    return information
