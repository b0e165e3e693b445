from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from model.published import GRID_PATTERNS

from nwlab.core.errors import UsageError
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.laws.rate_balance import LegacyJunctions

PLAIN = GRID_PATTERNS
LAW = JunctionLaw.uniform(LegacyJunctions(PLAIN), 50)
VOLTAGE = np.linspace(-0.8, 0.8, 50)


def _as_coded(g: np.ndarray, drop: np.ndarray, dt: float) -> np.ndarray:
    kp, kd = PLAIN.kp0 * np.exp(PLAIN.eta_p * drop), PLAIN.kd0 * np.exp(-PLAIN.eta_d * drop)
    return (kp / (kp + kd)) * (1 - (1 - (1 + (kd / kp) * g)) * np.exp(-(kp + kd) * dt))


def test_a_step_is_the_map_as_it_was_coded() -> None:
    mine = theirs = np.linspace(0, 1, 50)[np.newaxis]
    for dt in (250e-6, 1e-3, 250e-6):
        mine, theirs = LAW.step(mine, VOLTAGE, dt), _as_coded(theirs, np.abs(VOLTAGE), dt)
        np.testing.assert_allclose(mine, theirs, rtol=1e-11)


def test_its_end_is_beyond_that_of_the_rate_balance() -> None:
    goal, kept = PLAIN.attractor(VOLTAGE), np.exp(-PLAIN.rate(VOLTAGE) * 250e-6)
    end = goal / (1 - (1 - goal) * kept)
    np.testing.assert_allclose(LAW.step(end[np.newaxis], VOLTAGE, 250e-6)[0], end, rtol=1e-12)
    state = np.zeros((1, 50))
    for _ in range(3000):
        state = LAW.step(state, VOLTAGE, 250e-6)
    np.testing.assert_allclose(state[0], end, rtol=1e-6)
    assert (end >= goal).all()
    assert end[16] > 3 * goal[16]


def test_the_step_matters() -> None:
    state = np.full((1, 50), 0.3)
    halves = LAW.step(LAW.step(state, VOLTAGE, 5e-4), VOLTAGE, 5e-4)
    assert np.abs(halves - LAW.step(state, VOLTAGE, 1e-3)).max() > 1e-3
    moved = LAW.step(np.full((1, 50), 0.3), np.full(50, 0.42), 1e-12)[0, 0]
    assert moved == pytest.approx(0.3 + 0.7 * float(PLAIN.attractor(0.42)), rel=1e-6)


def test_no_time_is_no_step() -> None:
    state = np.full((1, 50), 0.3)
    np.testing.assert_array_equal(LAW.step(state, VOLTAGE, 0.0), state)


def test_conductance_and_start_are_those_of_the_rate_balance() -> None:
    np.testing.assert_allclose(LAW.conductance(LAW.start(np.full(50, 2e-3))), 2e-3, rtol=1e-12)
    below = LAW.start(np.full(50, 8.866475159246351e-4))
    assert math.isclose(below[0, 0], (8.866475159246351e-4 - PLAIN.g_min) / (PLAIN.g_max - PLAIN.g_min))


def test_it_knows_no_chance() -> None:
    with pytest.raises(UsageError, match="rate-balance"):
        LegacyJunctions(replace(PLAIN, noise=1e-3))
