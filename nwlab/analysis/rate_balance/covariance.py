"""The errors that a likelihood tells: from its curvature, and from how it falls further away."""

from __future__ import annotations

import numpy as np

from nwlab.analysis.rate_balance.climb import climb
from nwlab.analysis.rate_balance.likelihood import Told
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.problem import Problem
from nwlab.core.drive import FloatArray

_STEP = 1.0
"""Differences of the score are taken over this part of the error that there would be if events were known."""
_LEAST, _RIPPLES = 0.02, 0.4
"""The least share of the information that is left when they are not: that, or this over the root of how many readings.
What ripples feign falls so, and of long records with much read noise a few thousandths are left of what would tell σ.
"""
_AWAY = 2.0
"""Errors at which the likelihood is looked at once more: about where a 95 % interval ends,"""
_KNOWN = 0.5
"""unless so large a part of the error would be there if events were known: then it is a parabola."""
_FALL = (0.4, 16.0)
"""What is believed of twice the fall there, which is 4 for a parabola;"""
_ENOUGH = 0.05
"""and how well it need be known."""


def covariance_of(steps: Steps, problem: Problem, best: FloatArray, told: Told) -> FloatArray:
    """Return the covariance of the numbers at the maximum, (parameters, parameters); 0 for what a bound fixes."""
    loose = problem.loose(best)
    metric = problem.metric(told)[np.ix_(loose, loose)]
    known = np.sqrt(np.diag(np.linalg.inv(metric)))
    covariance = np.zeros((best.size, best.size))
    covariance[np.ix_(loose, loose)] = _curved(steps, problem, best, loose, metric, known)
    stretch = np.ones(best.size)
    for place, least in zip(loose, known.tolist(), strict=True):
        if least < _KNOWN * np.sqrt(covariance[place, place]):
            stretch[place] = _stretch(steps, problem, best, told, covariance, place)
    return covariance * np.outer(stretch, stretch)


def _curved(
    steps: Steps, problem: Problem, best: FloatArray, loose: list[int], metric: FloatArray, known: FloatArray
) -> FloatArray:
    """Invert the observed information, (loose, loose).

    Seen through the metric it lies between nothing and all: the share of the information that is left when events are
    not known. Ripples of the likelihood that say otherwise are cut.
    """
    root = np.linalg.inv(np.linalg.cholesky(metric))
    information = np.zeros_like(metric)
    for row, index in enumerate(loose):
        step = np.zeros(best.size)
        step[index] = _STEP * known[row]
        above, below = problem.inside(best + step), problem.inside(best - step)
        rise = problem.told(steps, below).score - problem.told(steps, above).score
        information[row] = rise[loose] / (above - below)[index]
    shares, vectors = np.linalg.eigh(root @ (0.5 * (information + information.T)) @ root.T)
    back = root.T @ vectors
    least = min(_LEAST, _RIPPLES / np.sqrt(steps.reading.size))
    return (back / np.clip(shares, least, 1.0)) @ back.T


def _stretch(steps: Steps, problem: Problem, best: FloatArray, told: Told, covariance: FloatArray, place: int) -> float:
    """Return how much larger the error of a number is than the curvature says.

    Where the sizes of jumps are hardly seen the likelihood is no parabola. About as far away as a 95 % interval
    reaches, on both sides, it is looked at with the other numbers at their best: half the mean width of the interval
    that it tells, which holds the truth as often as it says (Wilks, Ann. Math. Statist. 9 (1938) 60), is the error.
    """
    along = covariance[place] / np.sqrt(covariance[place, place])
    curvature = _information(problem, best, told, covariance)
    widths: list[float] = []
    for side in (-_AWAY, _AWAY):
        start = problem.inside(best + problem.stride(side * along))
        away = abs(float(start[place] - best[place])) / along[place]
        if away < 0.5 * _AWAY:
            continue  # a bound is in the way, or nothing is known of it
        _, ahead, _ = climb(steps, problem.held(place, start), curvature, _ENOUGH)
        fall = 2.0 * (told.log_likelihood - ahead.log_likelihood) * (_AWAY / away) ** 2
        widths.append(_AWAY / np.sqrt(np.clip(fall, *_FALL)))
    return float(np.mean(widths)) if widths else 1.0


def _information(problem: Problem, best: FloatArray, told: Told, covariance: FloatArray) -> FloatArray:
    """Return what a covariance is the inverse of, (parameters, parameters); for what it does not know the metric."""
    information, loose = problem.metric(told), problem.loose(best)
    information[np.ix_(loose, loose)] = np.linalg.inv(covariance[np.ix_(loose, loose)])
    return information
