"""The branches that are kept: close ones merged, the lightest dropped, weights that add up to 1."""

from __future__ import annotations

import math

from nwlab.analysis.rate_balance.gaussian_sum.tables import Branches, Moments
from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare

KEPT = 24
"""Branches after each step."""
_NEAR = 0.1
"""Branches merge when their means differ by less than this part of their variance, squared."""


@bare
def keep(then: Branches, kept: int, mass: float, moments: Moments, slopes: FloatArray) -> int:
    """Merge a new branch with one that is close, or give it a place; return how many there are."""
    mean, var = moments.mean, moments.var
    lightest = 0
    for other in range(kept):
        gap, less, more = mean - then.mean[other], min(var, then.var[other]), max(var, then.var[other])
        if gap * gap < _NEAR * less and more < 1.5 * less:
            _merge(then, other, mass, mean, var, slopes)
            return kept
        if then.weight[other] < then.weight[lightest]:
            lightest = other
    place = kept
    if kept == KEPT:
        if then.weight[lightest] >= mass:
            return kept
        place = lightest
    then.mean[place], then.var[place], then.weight[place] = mean, var, mass
    for i in range(slopes.shape[1]):
        then.d_mean[place, i], then.d_var[place, i], then.d_weight[place, i] = slopes[0, i], slopes[1, i], slopes[2, i]
    return min(kept + 1, KEPT)


@bare
def _merge(then: Branches, place: int, mass: float, mean: float, var: float, slopes: FloatArray) -> None:
    """Put a branch of weight `mass` into another; f is its part."""
    whole = mass + then.weight[place]
    f, gap = mass / whole, mean - then.mean[place]
    wider = var - then.var[place]
    for i in range(slopes.shape[1]):
        d_f = f * (1.0 - f) * (slopes[2, i] - then.d_weight[place, i])
        d_gap = slopes[0, i] - then.d_mean[place, i]
        then.d_var[place, i] += f * (slopes[1, i] - then.d_var[place, i]) + d_f * wider
        then.d_var[place, i] += d_f * (1.0 - 2.0 * f) * gap * gap + 2.0 * f * (1.0 - f) * gap * d_gap
        then.d_mean[place, i] += f * d_gap + d_f * gap
        then.d_weight[place, i] += f * (slopes[2, i] - then.d_weight[place, i])
    then.var[place] += f * wider + f * (1.0 - f) * gap * gap
    then.mean[place] += f * gap
    then.weight[place] = whole


@bare
def settle(now: Branches, then: Branches, branches: int, share: FloatArray, score: FloatArray) -> None:
    """Make the new branches the present ones, with weights that add up to 1, and count the step's score."""
    whole = 0.0
    for j in range(branches):
        whole += then.weight[j]
    for i in range(share.size):
        score[i] += share[i]
        lost = 0.0
        for j in range(branches):
            lost += then.weight[j] / whole * then.d_weight[j, i]
        for j in range(branches):
            now.d_mean[j, i], now.d_var[j, i] = then.d_mean[j, i], then.d_var[j, i]
            now.d_weight[j, i] = then.d_weight[j, i] - lost
    for j in range(branches):
        now.mean[j], now.var[j], now.weight[j] = then.mean[j], then.var[j], math.log(then.weight[j] / whole)
