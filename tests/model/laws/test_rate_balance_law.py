from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from model.published import JUMPS, STOCHASTIC
from scipy import stats

from nwlab.core.errors import UsageError
from nwlab.model.jumps import Jumps
from nwlab.model.laws.dispatch import advance
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.laws.rate_balance import RateBalanceJunctions
from nwlab.model.laws.spread import Spread
from nwlab.model.randomness import stream
from nwlab.model.rate_balance import RateBalance

PLAIN = STOCHASTIC
NOISY = replace(PLAIN, noise=3.2e-4)
JUMPING = replace(NOISY, jumps=JUMPS)
RNG = np.random.default_rng(1)


def _law(parameters: RateBalance, junctions: int) -> JunctionLaw:
    return JunctionLaw.uniform(RateBalanceJunctions(parameters), junctions)


def _after(parameters: RateBalance, start: float, voltage: float, duration: float, junctions: int, seed: int = 5):
    law = _law(parameters, junctions)
    state = np.full((1, junctions), start)
    return law.live(state, np.full(junctions, voltage), duration, stream(np.random.default_rng(seed)))[0]


@pytest.mark.parametrize("duration", [1e-9, 1e-3, 0.6295, 100.0, 1e6])
def test_every_junction_is_the_mean_field_law(duration: float) -> None:
    state, voltage = RNG.random((1, 1500)), RNG.uniform(-6, 6, 1500)
    moved = _law(PLAIN, 1500).step(state, voltage, duration)
    np.testing.assert_allclose(moved[0], PLAIN.relax(state[0], voltage, duration), rtol=1e-12, atol=1e-15)


def test_two_half_steps_are_one() -> None:
    law, state, voltage = _law(PLAIN, 700), RNG.random((1, 700)), RNG.uniform(-6, 6, 700)
    halves = law.step(law.step(state, voltage, 0.4), voltage, 0.4)
    np.testing.assert_allclose(halves, law.step(state, voltage, 0.8), rtol=1e-13, atol=1e-16)


def test_states_are_left_alone_and_conductances_are_those_of_the_law() -> None:
    law, state = _law(PLAIN, 5), np.array([[-1.0, 0.0, 0.3, 1.0, 1.2]])
    law.live(state, np.ones(5), 1.0, stream(np.random.default_rng(0)))
    assert state.tolist() == [[-1.0, 0.0, 0.3, 1.0, 1.2]]
    expected = np.maximum(PLAIN.conductance(state[0]), 0)
    np.testing.assert_allclose(law.conductance(state), expected, rtol=1e-14)
    assert law.conductance(state)[0] == 0.0
    np.testing.assert_allclose(law.conductance(law.start(expected)), expected, rtol=1e-12, atol=1e-20)


@pytest.mark.parametrize("duration", [1e-4, 0.6295, 5.0])
def test_increments_are_those_of_the_process(duration: float) -> None:
    voltage, start, count = 3.6, 0.3, 30_001
    rate = PLAIN.kp0 * math.exp(PLAIN.eta_p * voltage) + PLAIN.kd0 * math.exp(-PLAIN.eta_d * voltage)
    middle = float(PLAIN.relax(start, voltage, duration))
    deviation = 3.2e-4 * math.sqrt(-math.expm1(-2 * rate * duration) / (2 * rate))
    states = _after(NOISY, start, voltage, duration, count)
    assert stats.kstest(states, "norm", (middle, deviation)).pvalue > 1e-3
    assert abs(stats.pearsonr(states[:-1], states[1:]).statistic) < 4 / math.sqrt(count)


@pytest.mark.parametrize(("parameters", "deviation"), [(NOISY, 6.647e-4), (JUMPING, 1.196e-3)])
def test_stationary_spread(parameters: RateBalance, deviation: float) -> None:
    count, law, numbers = 40_000, _law(parameters, 40_000), stream(np.random.default_rng(11))
    state, voltage = np.full((1, count), float(PLAIN.attractor(3.6))), np.full(count, 3.6)
    for _ in range(20):
        state = law.live(state, voltage, 4.0, numbers)
    assert state.std() == pytest.approx(deviation, rel=0.03)
    assert state.mean() == pytest.approx(float(PLAIN.attractor(3.6)), abs=5 * deviation / math.sqrt(count))


def test_jumps_come_at_their_rate() -> None:
    jumps = Jumps(rate=0.5, exponent=2.0, smallest=0.01, largest=0.02)
    slow = replace(PLAIN, kp0=1e-9, kd0=1e-9, eta_p=0.0, eta_d=0.0, jumps=jumps)
    states = _after(slow, 0.5, 0.0, 1.2, 50_000)
    unmoved = np.abs(states - 0.5) < 0.005
    chance = math.exp(-0.6)
    # Two jumps can cancel within this window only when they differ by little; their share is small.
    none_or_two = chance * (1 + 0.3**2 * 2)
    assert chance - 0.01 < unmoved.mean() < none_or_two
    # The attractor is ½ here, so that jumps have no side and their squares add up.
    assert np.mean((states - 0.5) ** 2) == pytest.approx(0.6 * jumps.mean_square, rel=0.03)


def test_one_step_or_many_make_the_same_statistics() -> None:
    count, numbers, law = 40_000, stream(np.random.default_rng(2)), _law(JUMPING, 40_000)
    state, voltage = np.full((1, count), 0.2), np.full(count, 3.3)
    for _ in range(8):
        state = law.live(state, voltage, 2.5, numbers)
    assert stats.ks_2samp(state[0], _after(JUMPING, 0.2, 3.3, 20.0, count)).pvalue > 1e-3


def test_a_step_can_be_repeated_with_the_same_chance() -> None:
    law, numbers = _law(JUMPING, 1111), stream(np.random.default_rng(3))
    state, voltage = np.full((1, 1111), 0.2), np.full(1111, 3.3)
    before = numbers.copy()
    first, after = law.live(state, voltage, 0.5, numbers), numbers.copy()
    numbers[:] = before
    np.testing.assert_array_equal(law.live(state, voltage, 0.5, numbers), first)
    np.testing.assert_array_equal(numbers, after)
    numbers[:] = before
    nearby = law.live(state, voltage + 1e-9, 0.5, numbers)
    np.testing.assert_allclose(nearby, first, rtol=1e-7)
    np.testing.assert_array_equal(numbers, after)


def test_the_state_stops_where_nothing_conducts() -> None:
    wild = replace(PLAIN, noise=1.0)
    states = _after(wild, 0.0, 0.0, 1.0, 5000)
    assert states.min() == wild.floor
    assert (_law(wild, 5000).conductance(states[np.newaxis]) >= 0).all()


def test_each_junction_has_rates_of_its_own() -> None:
    spread = Spread((0.3, 1.0, 0.2)).draw(800, np.random.default_rng(7))
    law = JunctionLaw(RateBalanceJunctions(PLAIN), spread)
    state, voltage = RNG.random((1, 800)), RNG.uniform(0, 5, 800)
    moved = law.step(state, voltage, 0.3)
    for i in range(0, 800, 97):
        alone = replace(PLAIN, kp0=PLAIN.kp0 * spread[0, i], kd0=PLAIN.kd0 * spread[1, i])
        assert moved[0, i] == pytest.approx(float(alone.relax(state[0, i], voltage[i], 0.3)), rel=1e-12)
    np.testing.assert_allclose(law.conductance(moved), spread[2] * PLAIN.conductance(moved[0]), rtol=1e-12)


def test_spread_rates_stretch_the_relaxation() -> None:
    law = JunctionLaw(RateBalanceJunctions(PLAIN), Spread((0.0, 1.0, 0.0)).draw(40_000, np.random.default_rng(7)))
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights /= weights.sum()
    for duration in (0.003, 0.03, 0.3):
        mean = law.step(np.ones((1, 40_000)), np.zeros(40_000), duration).mean()
        expected = weights @ np.exp(-PLAIN.kd0 * np.exp(nodes) * duration)
        assert mean == pytest.approx(expected, abs=6e-3)
        assert duration < 0.1 or mean > 20 * math.exp(-PLAIN.kd0 * duration)


def test_without_chance_nothing_is_drawn() -> None:
    law = _law(JUMPING, 100)
    state, numbers = np.full((1, 100), 0.2), stream(np.random.default_rng(0))
    before = numbers.copy()
    advance(*law.quiet, state, np.full(100, 3.0), 1.0, numbers)
    np.testing.assert_array_equal(numbers, before)
    np.testing.assert_allclose(state, float(PLAIN.relax(0.2, 3.0, 1.0)), rtol=1e-13)


def test_a_spread_of_another_law_is_refused() -> None:
    with pytest.raises(UsageError, match="kp0, kd0, conductance"):
        JunctionLaw(RateBalanceJunctions(PLAIN), np.ones((1, 4)))


def test_arrays_of_another_film_are_refused() -> None:
    law = _law(PLAIN, 4)
    for state, voltage in (
        (np.zeros((1, 3)), np.zeros(4)),
        (np.zeros((1, 4)), np.zeros(3)),
        (np.zeros(4), np.zeros(4)),
    ):
        with pytest.raises(UsageError, match=r"state of \(1, 4\)"):
            law.step(state, voltage, 1.0)
    with pytest.raises(UsageError, match=r"state of \(1, 4\)"):
        law.conductance(np.zeros((1, 3)))
