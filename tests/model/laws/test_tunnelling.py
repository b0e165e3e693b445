from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from nwlab.core.errors import UsageError
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.laws.tunnelling import Tunnelling
from nwlab.model.randomness import stream

LAW = Tunnelling()
AC = Tunnelling(v_reset=0.01, boost=10.0, g_off=1e-8)


def _euler(law: Tunnelling, filament: float, voltage: float, duration: float, steps: int) -> float:
    h = duration / steps
    for _ in range(steps):
        drop = abs(voltage)
        if drop > law.v_set:
            filament += h * (drop - law.v_set) * math.copysign(1, voltage)
        elif drop < law.v_reset and filament:
            side = math.copysign(1, filament)
            filament = side * max(0.0, side * filament + h * law.boost * (drop - law.v_reset))
        filament = min(max(filament, -law.lambda_max), law.lambda_max)
    return filament


def _step(law: Tunnelling, filament: float, voltage: float, duration: float) -> float:
    one = JunctionLaw.uniform(law, 1)
    return float(one.step(np.array([[filament]]), np.array([voltage]), duration)[0, 0])


@pytest.mark.parametrize("law", [LAW, AC])
@pytest.mark.parametrize("voltage", [0.0, 0.004, -0.004, 0.0075, 0.01, 0.05, -0.05, 2.0])
@pytest.mark.parametrize("filament", [0.0, 0.003, -0.003, 0.015, -0.012])
def test_steps_are_the_end_of_many_small_ones(law: Tunnelling, voltage: float, filament: float) -> None:
    for duration in (0.02, 0.4, 5.0):
        expected = _euler(law, filament, voltage, duration, 400)
        assert _step(law, filament, voltage, duration) == pytest.approx(expected, rel=1e-9, abs=1e-16)


def test_two_half_steps_are_one() -> None:
    rng = np.random.default_rng(2)
    law, state, voltage = JunctionLaw.uniform(LAW, 900), rng.uniform(-0.015, 0.015, (1, 900)), rng.normal(0, 0.02, 900)
    for duration in (0.01, 0.5, 10.0):
        halves = law.step(law.step(state, voltage, duration / 2), voltage, duration / 2)
        np.testing.assert_allclose(halves, law.step(state, voltage, duration), rtol=1e-13, atol=1e-17)


def test_a_filament_grows_holds_and_shrinks() -> None:
    assert _step(LAW, 0.0, 0.03, 0.1) == pytest.approx(0.002)
    assert _step(LAW, 0.002, 0.0075, 1e6) == 0.002
    assert _step(LAW, 0.002, 0.0, 0.1) == pytest.approx(0.0015)
    assert _step(LAW, -0.002, 0.0, 10.0) == 0.0
    assert _step(LAW, 0.002, -1.0, 10.0) == -0.015


def test_conductance_is_that_of_the_gap() -> None:
    filaments = np.array([0.0, 0.004, -0.004, 0.009, 0.00999, 0.01, 0.015])
    found = JunctionLaw.uniform(LAW, len(filaments)).conductance(filaments[np.newaxis])
    for filament, conductance in zip(filaments, found, strict=True):
        gap = max(0.0, (0.01 - abs(filament)) * 5 / 0.01)
        tunnel = (2 / 0.17) * (gap / math.sqrt(0.81)) * math.exp(10.19 * 0.81**2 * gap) / 4.71307e-5
        assert conductance == pytest.approx(1 / (tunnel + 1 / 7.77e-5) + 7.77e-8, rel=1e-12)
    np.testing.assert_allclose(found[-2:], 7.77e-5 + 7.77e-8, rtol=1e-12)
    np.testing.assert_allclose(LAW.conductance(filaments), found, rtol=1e-12)
    assert LAW.rest == pytest.approx(7.77e-8, rel=1e-9)


def test_states_are_found_from_conductances() -> None:
    filaments = np.array([0.0071, 0.0083, 0.0099, 0.01])
    conductance = LAW.conductance(filaments)
    np.testing.assert_allclose(LAW.start(conductance)[0], filaments, rtol=1e-6)
    assert LAW.start(np.array([LAW.rest]))[0, 0] == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(UsageError, match="between"):
        LAW.start(np.array([1e-3]))


def test_each_junction_has_thresholds_of_its_own() -> None:
    spread = np.array([[0.5, 2.0, 1.0], [1.0, 1.0, 3.0], [1.0, 2.0, 1.0]])
    law = JunctionLaw(LAW, spread)
    np.testing.assert_allclose(law.step(np.zeros((1, 3)), np.full(3, 0.015), 0.2)[0], [0.002, 0.0, 0.001], atol=1e-17)
    shrunk = law.step(np.full((1, 3), 0.01), np.zeros(3), 0.1)[0]
    np.testing.assert_allclose(shrunk, [0.01 - 0.00025, 0.01 - 0.001, 0.01 - 0.0015], rtol=1e-12)
    state = np.full((1, 3), 0.01)
    assert law.conductance(state)[1] == pytest.approx(2 * law.conductance(state)[0])


def test_nothing_is_left_to_chance() -> None:
    law, state, numbers = JunctionLaw.uniform(LAW, 3), np.full((1, 3), 0.004), stream(np.random.default_rng(0))
    before = numbers.copy()
    np.testing.assert_array_equal(law.live(state, np.ones(3), 0.01, numbers), law.step(state, np.ones(3), 0.01))
    np.testing.assert_array_equal(numbers, before)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"v_reset": 0.02}, "v_reset ≤ v_set"),
        ({"lambda_c": 0.02}, "lambda_c ≤ lambda_max"),
        ({"boost": -1.0}, "boost"),
        ({"g_on": 0.0}, "g_on"),
    ],
)
def test_impossible_junctions_are_refused(wrong: dict[str, float], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        replace(LAW, **wrong)
