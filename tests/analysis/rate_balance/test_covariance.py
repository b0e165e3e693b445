"""Errors that a likelihood tells: by its curvature, and by how far it stays large where it is no parabola."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from analysis.rate_balance.records import CALM, LAW, STEP, held

from nwlab.analysis.rate_balance.chance import DIFFUSION, EXPONENT, SMALLEST
from nwlab.analysis.rate_balance.climb import climb
from nwlab.analysis.rate_balance.covariance import errors_of
from nwlab.analysis.rate_balance.maximum import Optimum
from nwlab.analysis.rate_balance.one_level import fit_level
from nwlab.analysis.rate_balance.pieces import Steps, steps_of

OWN = 2
"""Numbers of a level before those of its chance."""


@cache
def hidden_jumps(seed: int) -> tuple[Steps, Optimum]:
    """Return a record of which much read noise hides the small jumps, and what fits it best."""
    steps = steps_of([held(LAW, 12_740, seed, read=1.0)]).only(0)
    return steps, fit_level(steps, jumps=True).optimum


def fall(steps: Steps, best: Optimum, place: int, away: float) -> float:
    """Twice the log likelihood that is lost so far away, with the other numbers fitted again from where they are."""
    start = best.parameters.copy()
    start[place] += away
    return 2.0 * (best.told.log_likelihood - climb(steps, best.problem.held(place, start))[1].log_likelihood)


@pytest.mark.parametrize("seed", [4, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "place",
    [OWN + DIFFUSION, *(pytest.param(OWN + each, marks=pytest.mark.slow) for each in (EXPONENT, SMALLEST))],
)
def test_errors_reach_as_far_as_the_likelihood_stays_large(seed: int, place: int) -> None:
    """Such a likelihood is skew, and its curvature at the top says little of the longer side."""
    steps, best = hidden_jumps(seed)
    curved = errors_of(steps, best.problem, best.parameters, best.told).curved
    away = float(np.sqrt(curved[place, place]))
    longer = max(2.0 / np.sqrt(fall(steps, best, place, side * away)) for side in (-2.0, 2.0))
    assert np.sqrt(best.covariance[place, place]) / away == pytest.approx(longer, rel=0.2)


def test_a_parabola_is_not_stretched() -> None:
    """Without jumps and read noise the error of ln σ² is that of as many normal numbers, and of θ by way of it."""
    samples, x = 6370, float(LAW.rate(3.6)) * STEP
    best = fit_level(steps_of([held(CALM, samples, 6)]).only(0), jumps=False, read=0.0).optimum
    theta = np.sqrt(np.expm1(2 * x) / samples) / x
    part = 1 - 2 * x / np.expm1(2 * x)
    told = np.sqrt(np.diag(best.covariance))
    assert told[0] == pytest.approx(theta, rel=0.05)
    assert told[OWN + DIFFUSION] == pytest.approx(np.hypot(np.sqrt(2 / samples), part * theta), rel=0.02)
