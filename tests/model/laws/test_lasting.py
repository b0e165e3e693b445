from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import expm, solve_continuous_lyapunov

from nwlab.core.errors import UsageError
from nwlab.model.jumps import Jumps
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.laws.lasting import Lasting
from nwlab.model.laws.rate_balance import RateBalanceJunctions
from nwlab.model.randomness import fill_normals, stream
from nwlab.model.rate_balance import RateBalance

PLAIN = RateBalance(kp0=1e-5, kd0=0.01, eta_p=4.0, eta_d=1.5, g_min=1e-5, g_max=1e-3)
LAW = Lasting(PLAIN, consolidation=1e-4, forgetting=2e-5, eta_c=1.5)
VOLTAGES = (0.0, -0.7, 1.5, 2.5, 4.0)
DURATIONS = (1e-6, 0.01, 1.0, 60.0, 3000.0, 1e5)


def _matrix(law: Lasting, voltage: float) -> tuple[np.ndarray, np.ndarray]:
    """x' = A x + b."""
    drop, plain = abs(voltage), law.volatile
    up, down = plain.kp0 * math.exp(plain.eta_p * drop), plain.kd0 * math.exp(-plain.eta_d * drop)
    take = law.consolidation * math.exp(law.eta_c * drop)
    return np.array([[-up - down, down], [take, -take - law.forgetting]]), np.array([up, 0.0])


def _exact(law: Lasting, state: np.ndarray, voltage: float, duration: float) -> np.ndarray:
    a, b = _matrix(law, voltage)
    augmented = np.zeros((3, 3))
    augmented[:2, :2], augmented[:2, 2] = a, b
    return (expm(augmented * duration) @ np.array([*state, 1.0]))[:2]


def _step(law: Lasting, state: tuple[float, float], voltage: float, duration: float) -> np.ndarray:
    one = JunctionLaw.uniform(law, 1)
    return one.step(np.array(state).reshape(2, 1), np.array([voltage]), duration)[:, 0]


@pytest.mark.parametrize("voltage", VOLTAGES)
@pytest.mark.parametrize("duration", DURATIONS)
def test_steps_solve_the_linear_equations(voltage: float, duration: float) -> None:
    for state in ((0.0, 0.0), (0.6, 0.1), (0.05, 0.4)):
        exact = _exact(LAW, np.array(state), voltage, duration)
        np.testing.assert_allclose(_step(LAW, state, voltage, duration), exact, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("consolidation", [0.0, 1e-12, 1e-6])
def test_equal_rates_are_no_exception(consolidation: float) -> None:
    at_rest = PLAIN.kp0 + PLAIN.kd0
    law = replace(LAW, consolidation=consolidation, forgetting=at_rest - consolidation)
    for duration in (1.0, 100.0, 1000.0):
        exact = _exact(law, np.array([0.5, 0.3]), 0.0, duration)
        np.testing.assert_allclose(_step(law, (0.5, 0.3), 0.0, duration), exact, rtol=1e-11, atol=1e-14)


def test_two_half_steps_are_one() -> None:
    rng = np.random.default_rng(3)
    law, state, voltage = JunctionLaw.uniform(LAW, 700), rng.random((2, 700)), rng.uniform(-4, 4, 700)
    for duration in (1e-3, 1.0, 300.0, 1e5):
        halves = law.step(law.step(state, voltage, duration / 2), voltage, duration / 2)
        np.testing.assert_allclose(halves, law.step(state, voltage, duration), rtol=1e-12, atol=1e-14)


def test_without_consolidation_it_is_the_rate_balance() -> None:
    rng = np.random.default_rng(4)
    law, voltage = JunctionLaw.uniform(replace(LAW, consolidation=0.0), 300), rng.uniform(-4, 4, 300)
    state = np.stack([rng.random(300), np.zeros(300)])
    for duration in (0.1, 10.0, 1e4):
        moved = law.step(state, voltage, duration)
        np.testing.assert_allclose(moved[0], PLAIN.relax(state[0], voltage, duration), rtol=1e-12, atol=1e-14)
        assert (moved[1] == 0).all()


def test_states_stay_between_their_bounds_at_any_voltage() -> None:
    rng = np.random.default_rng(5)
    law, state, voltage = JunctionLaw.uniform(LAW, 500), rng.random((2, 500)), rng.uniform(-1e3, 1e3, 500)
    for duration in (0.0, 1e-9, 1.0, 1e9):
        moved = law.step(state, voltage, duration)
        assert np.isfinite(moved).all()
        assert moved.min() >= -1e-12
        assert moved.max() <= 1 + 1e-12


def test_an_engram_survives_a_hundred_relaxation_times() -> None:
    written = _step(LAW, (0.0, 0.0), 2.5, 2000.0)
    rested = _step(LAW, tuple(written), 0.0, 100 / PLAIN.kd0)
    fresh = _step(LAW, (0.0, 0.0), 0.0, 1e7)
    forgetful = _step(replace(LAW, consolidation=0.0), (written[0], 0.0), 0.0, 100 / PLAIN.kd0)
    assert written[0] > 0.9
    assert rested[0] > 0.5 * written[1] > 0.3
    assert rested[0] > 20 * fresh[0]
    assert forgetful[0] == pytest.approx(float(PLAIN.attractor(0.0)), rel=1e-6)
    gone = _step(LAW, tuple(rested), 0.0, 20 / LAW.forgetting)
    assert gone[0] == pytest.approx(fresh[0], rel=1e-3)


def test_a_short_stimulus_leaves_less_than_a_long_one() -> None:
    traces = []
    for stimulus in (20.0, 200.0, 2000.0):
        written = _step(LAW, (0.0, 0.0), 2.5, stimulus)
        traces.append(_step(LAW, tuple(written), 0.0, 10 / PLAIN.kd0)[0] / written[0])
    assert traces[0] < 0.1 < traces[2]
    assert traces == sorted(traces)


@pytest.mark.parametrize("voltage", [0.0, 1.5, 3.0])
@pytest.mark.parametrize("duration", [1e-5, 0.03, 1.0, 40.0, 400.0])
def test_noise_of_a_step_has_the_covariance_of_the_process(voltage: float, duration: float) -> None:
    expected = _integrated(_matrix(LAW, voltage)[0], duration)
    np.testing.assert_allclose(_covariance(LAW, voltage, duration), expected, rtol=1e-6)


@pytest.mark.parametrize("duration", [0.1, 50.0, 1000.0])
def test_noise_with_equal_rates(duration: float) -> None:
    law = replace(LAW, consolidation=1e-9, forgetting=PLAIN.kp0 + PLAIN.kd0)
    expected = _integrated(_matrix(law, 0.0)[0], duration)
    np.testing.assert_allclose(_covariance(law, 0.0, duration), expected, rtol=1e-6)


def test_noise_after_a_long_step_is_stationary() -> None:
    a, _ = _matrix(LAW, 1.0)
    stationary = solve_continuous_lyapunov(a, -np.diag([1.0, 0.0]))
    np.testing.assert_allclose(_covariance(LAW, 1.0, 1e9), stationary, rtol=1e-6)


def test_noise_in_one_step_or_many() -> None:
    count, noisy = 40_000, replace(LAW, volatile=replace(PLAIN, noise=1e-3, jumps=Jumps(0.05, 2.0, 5e-3, 2e-2)))
    law, numbers = JunctionLaw.uniform(noisy, count), stream(np.random.default_rng(8))
    state, voltage = np.full((2, count), 0.3), np.full(count, 1.5)
    many = state
    for _ in range(8):
        many = law.live(many, voltage, 12.5, numbers)
    once = law.live(state, voltage, 100.0, numbers)
    for row in (0, 1):
        assert stats.ks_2samp(many[row], once[row]).pvalue > 1e-3
    assert np.corrcoef(many)[0, 1] == pytest.approx(np.corrcoef(once)[0, 1], abs=0.02)


def test_noise_and_jumps_of_g_are_those_of_the_rate_balance() -> None:
    count, plain = 30_000, replace(PLAIN, noise=1e-3, jumps=Jumps(0.05, 2.0, 5e-3, 2e-2))
    law = JunctionLaw.uniform(replace(LAW, volatile=plain, consolidation=0.0), count)
    like = JunctionLaw.uniform(RateBalanceJunctions(plain), count)
    voltage = np.full(count, 1.5)
    numbers = stream(np.random.default_rng(9))
    moved = law.live(np.stack([np.full(count, 0.3), np.zeros(count)]), voltage, 20.0, numbers)
    assert stats.ks_2samp(moved[0], like.live(np.full((1, count), 0.3), voltage, 20.0, numbers)[0]).pvalue > 1e-3
    assert (moved[1] == 0).all()


def test_a_step_can_be_repeated_with_the_same_chance() -> None:
    noisy = replace(LAW, volatile=replace(PLAIN, noise=1e-3, jumps=Jumps(0.05, 2.0, 5e-3, 2e-2)))
    law, numbers = JunctionLaw.uniform(noisy, 777), stream(np.random.default_rng(3))
    state, before = np.full((2, 777), 0.3), numbers.copy()
    first, after = law.live(state, np.full(777, 1.0), 5.0, numbers), numbers.copy()
    numbers[:] = before
    nearby = law.live(state, np.full(777, 1.0 + 1e-9), 5.0, numbers)
    np.testing.assert_allclose(nearby, first, rtol=1e-6)
    np.testing.assert_array_equal(numbers, after)


def test_each_junction_has_rates_of_its_own() -> None:
    spread = np.random.default_rng(6).lognormal(0, 0.5, (5, 40))
    law, state = JunctionLaw(LAW, spread), np.full((2, 40), 0.2)
    moved = law.step(state, np.full(40, 1.5), 100.0)
    for i in (0, 17, 39):
        up, down, scale, take, forget = spread[:, i]
        alone = Lasting(replace(PLAIN, kp0=PLAIN.kp0 * up, kd0=PLAIN.kd0 * down), 1e-4 * take, 2e-5 * forget, 1.5)
        np.testing.assert_allclose(moved[:, i], _step(alone, (0.2, 0.2), 1.5, 100.0), rtol=1e-12)
        assert law.conductance(moved)[i] == pytest.approx(scale * float(PLAIN.conductance(moved[0, i])), rel=1e-12)


def test_what_is_found_at_rest_is_consolidated() -> None:
    law = JunctionLaw.uniform(LAW, 2)
    state = law.start(np.array([1e-5, 3e-4]))
    np.testing.assert_allclose(state[0], state[1])
    np.testing.assert_allclose(law.conductance(state), [1e-5, 3e-4], rtol=1e-12)


@pytest.mark.parametrize("wrong", [{"forgetting": 0.0}, {"consolidation": -1.0}, {"eta_c": math.nan}])
def test_impossible_memories_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        replace(LAW, **wrong)


def _integrated(a: np.ndarray, duration: float) -> np.ndarray:
    """∫ h·hᵀ dt with h = e^(At)·(1, 0), by Gauss's rule on pieces."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    piece = duration / 40
    times = (np.arange(40)[:, np.newaxis] + 0.5 + 0.5 * nodes).ravel() * piece
    answers = np.array([expm(a * time)[:, 0] for time in times])
    return np.einsum("t,ti,tj->ij", np.tile(weights, 40) * 0.5 * piece, answers, answers)


def _covariance(law: Lasting, voltage: float, duration: float) -> np.ndarray:
    """Covariance of a step for σ = 1, from how the two normals of each of some junctions move both states."""
    count = 100
    noisy = JunctionLaw.uniform(replace(law, volatile=replace(PLAIN, noise=1.0, g_min=0.999e-3)), count)
    state, voltages, numbers = np.zeros((2, count)), np.full(count, voltage), stream(np.random.default_rng(1))
    normals, again = np.empty((2, count)), numbers.copy()
    for row in normals:
        fill_normals(again, row, count)
    moved = noisy.live(state, voltages, duration, numbers) - noisy.step(state, voltages, duration)
    shares = np.linalg.lstsq(normals.T, moved.T, rcond=None)[0].T
    return shares @ shares.T
