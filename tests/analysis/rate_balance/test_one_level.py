"""One voltage: rate, attractor, noise, jumps and read noise of records whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.rate_balance.records import CALM, LAW, SPAN, STEP, euler, held, rate_above, seen

from nwlab.analysis.rate_balance.chance import RATE
from nwlab.analysis.rate_balance.one_level import Level, fit_level
from nwlab.analysis.rate_balance.pieces import steps_of
from nwlab.analysis.recording import Trace

TRUE_RATE = float(LAW.rate(3.6))


def fitted(trace: Trace, *, jumps: bool | None = None, read: float | None = None) -> Level:
    return fit_level(steps_of([trace]).only(0), jumps=jumps, read=read)


def noise_of(level: Level) -> float:
    return float(np.sqrt(level.world.diffusion)) / SPAN / LAW.noise


def test_without_jumps_errors_reach_the_cramer_rao_bound_without_bias() -> None:
    samples, rates, noises = 6370, [], []
    for seed in range(60):
        level = fitted(held(CALM, samples, seed), jumps=False, read=0.0)
        rates.append(float(level.world.rate[0]) / TRUE_RATE - 1)
        noises.append(noise_of(level) - 1)
    x = TRUE_RATE * STEP
    b2 = np.exp(-2 * x)
    bound = np.sqrt(np.expm1(2 * x) / samples) / x
    part = 1 - 2 * x * b2 / (1 - b2)
    noise_bound = np.sqrt(0.25 * (2 / samples + part**2 * bound**2))
    # 60 records know a root mean square to 9 %.
    assert np.sqrt(np.mean(np.square(rates))) < 1.1 * bound * 1.18
    assert np.sqrt(np.mean(np.square(noises))) < 1.1 * noise_bound * 1.18
    assert abs(np.mean(rates)) < 0.02
    assert abs(np.mean(noises)) < 0.005


def test_uneven_steps_are_no_trouble_to_a_short_record() -> None:
    """With 600 steps the plain estimate is 9 % too high."""
    plain, corrected = [], []
    for seed in range(120):
        times = np.cumsum(STEP * np.random.default_rng(seed).uniform(0.2, 1.8, 600))
        level = fitted(held(CALM, 600, 1000 + seed, times=times), jumps=False, read=0.0)
        plain.append(np.exp(level.optimum.parameters[0]) / TRUE_RATE - 1)
        corrected.append(float(level.world.rate[0]) / TRUE_RATE - 1)
    assert np.mean(plain) > 0.05
    assert abs(np.mean(corrected)) < 0.04


@pytest.mark.parametrize("read", [0.3, pytest.param(1.0, marks=pytest.mark.slow)])
def test_jumps_and_read_noise_are_found_together(read: float) -> None:
    level = fitted(held(LAW, 30000, 7, read=read))
    assert LAW.jumps
    assert level.chance.has_jumps
    told = level.optimum
    true = rate_above(LAW.jumps, level.chance.stated / SPAN)
    assert float(level.world.rate[0]) == pytest.approx(TRUE_RATE, rel=0.06)
    assert noise_of(level) == pytest.approx(1.0, abs=0.06)
    assert np.exp(told.corrected[2 + RATE]) == pytest.approx(true, rel=0.12)
    errors = np.sqrt(np.diag(told.covariance))
    assert abs(told.corrected[0] - np.log(TRUE_RATE)) < 3 * errors[0]
    assert abs(told.corrected[2 + RATE] - np.log(true)) < 3 * errors[2 + RATE]
    assert 0.01 < errors[0] < 0.04


def test_jumps_that_are_not_there_are_not_found() -> None:
    assert not any(fitted(held(CALM, 3000, seed, read=0.5)).chance.has_jumps for seed in range(5))


def test_a_record_by_other_means_in_finer_steps() -> None:
    """Euler and Maruyama's method in NumPy with 10 steps per reading."""
    conductance = euler(LAW, np.full(6000, 3.6), 10, 100)
    level = fitted(seen(conductance, STEP * np.arange(1.0, 6001), 3.6))
    errors = np.sqrt(np.diag(level.optimum.covariance))
    assert abs(level.optimum.corrected[0] - np.log(TRUE_RATE)) < 3 * errors[0]
    assert noise_of(level) == pytest.approx(1.0, abs=0.08)
    assert LAW.jumps
    true = rate_above(LAW.jumps, level.chance.stated / SPAN)
    assert np.exp(level.optimum.corrected[2 + RATE]) == pytest.approx(true, rel=0.3)
