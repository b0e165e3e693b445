"""Errors that a likelihood tells: by its curvature, and by how far it stays large where it is no parabola."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.rate_balance.records import CALM, LAW, STEP, held

from nwlab.analysis.rate_balance.chance import DIFFUSION, EXPONENT, SMALLEST
from nwlab.analysis.rate_balance.climb import climb
from nwlab.analysis.rate_balance.maximum import Optimum
from nwlab.analysis.rate_balance.one_level import fit_level
from nwlab.analysis.rate_balance.pieces import Steps, steps_of

OWN = 2
"""Numbers of a level before those of its chance."""


def fall(steps: Steps, best: Optimum, place: int, errors: float) -> float:
    """Twice the log likelihood that is lost so far away, with the other numbers fitted again."""
    start = best.parameters.copy()
    start[place] += errors * np.sqrt(best.covariance[place, place])
    return 2.0 * (best.told.log_likelihood - climb(steps, best.problem.held(place, start))[1].log_likelihood)


@pytest.mark.parametrize("seed", [4, 5])
@pytest.mark.parametrize("place", [OWN + DIFFUSION, OWN + EXPONENT, OWN + SMALLEST])
def test_two_errors_away_the_likelihood_has_fallen_by_two(seed: int, place: int) -> None:
    """Where much read noise hides small jumps, the curvature is another one a little further on."""
    steps = steps_of([held(LAW, 12_740, seed, read=1.0)]).only(0)
    best = fit_level(steps, jumps=True).optimum
    falls = [fall(steps, best, place, errors) for errors in (-2.0, 2.0)]
    assert np.mean(2.0 / np.sqrt(falls)) == pytest.approx(1.0, abs=0.2)


def test_a_parabola_is_not_stretched() -> None:
    """Without jumps and read noise the error of ln σ² is that of as many normal numbers, and of θ by way of it."""
    samples, x = 6370, float(LAW.rate(3.6)) * STEP
    best = fit_level(steps_of([held(CALM, samples, 6)]).only(0), jumps=False, read=0.0).optimum
    theta = np.sqrt(np.expm1(2 * x) / samples) / x
    part = 1 - 2 * x / np.expm1(2 * x)
    told = np.sqrt(np.diag(best.covariance))
    assert told[0] == pytest.approx(theta, rel=0.05)
    assert told[OWN + DIFFUSION] == pytest.approx(np.hypot(np.sqrt(2 / samples), part * theta), rel=0.02)
