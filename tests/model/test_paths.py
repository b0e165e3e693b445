from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from nwlab.core.errors import UsageError
from nwlab.model import kernels
from nwlab.model.jumps import Jumps
from nwlab.model.paths import ensemble, path
from nwlab.model.randomness import stream
from nwlab.model.rate_balance import RateBalance

Floats = NDArray[np.float64]
PARAMETERS = {
    "kp0": 5.217037178270165e-4,
    "kd0": 37.93422536389374,
    "eta_p": 1.2922283233062284,
    "eta_d": 1.785933208836627,
    "g_min": 1.4558148272052695e-7,
    "g_max": 6.857961268862245e-5,
}
JUMPS = Jumps(rate=0.08243, exponent=2.78, smallest=6.3709e-4, largest=1.0194e-2)
NOISY = RateBalance(**PARAMETERS, noise=3.2e-4)
FULL = RateBalance(**PARAMETERS, noise=3.2e-4, jumps=JUMPS)


def _independent(law: RateBalance, start: Floats, voltage: float, duration: float, steps: int, seed: int) -> Floats:
    """End states of Heun paths so fine that the step does not matter, with NumPy's own random numbers."""
    rng, h, state = np.random.default_rng(seed), duration / steps, start.copy()
    up = law.kp0 * np.exp(law.eta_p * voltage)
    down = law.kd0 * np.exp(-law.eta_d * voltage)
    goal, damped = up / (up + down), h * (1 - (up + down) * h / 2)
    for _ in range(steps):
        leap = _leaps(law, state, goal, h, rng)
        state += (up * (1 - state) - down * state) * damped + law.noise * h**0.5 * rng.standard_normal(state.size)
        state += leap
    return state


def _leaps(law: RateBalance, state: Floats, goal: float, h: float, rng: np.random.Generator) -> Floats:
    leap, jumps = np.zeros(state.size), law.jumps
    if jumps is None:
        return leap
    hit = np.flatnonzero(rng.random(state.size) < jumps.rate * h)
    power = 1 - jumps.exponent
    low, high = jumps.smallest**power, jumps.largest**power
    size = (low + (high - low) * rng.random(hit.size)) ** (1 / power)
    above = rng.random(hit.size) < 0.5 + (goal - state[hit]) / (2 * (1 + 2 * jumps.largest))
    leap[hit] = np.where(above, size, -size)
    return leap


@pytest.mark.parametrize(("law", "sd"), [(NOISY, 6.647e-4), (FULL, 1.196e-3)])
def test_stationary_spread(law: RateBalance, sd: float) -> None:
    states = path(law, 0.4718, 3.6, 4.0, np.random.default_rng(11), steps=2_000_000)
    assert states[1000:].std() == pytest.approx(sd, rel=5e-3)
    assert states[1000:].std() == pytest.approx(float(law.stationary_sd(3.6)), rel=5e-3)
    assert states[1000:].mean() == pytest.approx(float(law.attractor(3.6)), abs=5e-6)


def test_spread_does_not_depend_on_the_step() -> None:
    rng = np.random.default_rng(12)
    for duration, steps in ((0.01, 4_000_000), (0.6295, 2_000_000), (60.0, 500_000)):
        states = path(FULL, 0.4718, 3.6, duration, rng, steps=steps)
        effective = min(steps, steps * duration / 17)
        assert states.std() == pytest.approx(1.1955e-3, rel=6 / effective**0.5)


@pytest.mark.parametrize("voltage", [2.5, 3.6])
def test_increments_against_a_fine_independent_simulation(voltage: float) -> None:
    often = RateBalance(**PARAMETERS, noise=3.2e-4, jumps=Jumps(1.5, 2.78, 6.3709e-4, 1.0194e-2))
    start = np.full(20_000, 0.3)
    for law in (NOISY, often):
        fine = _independent(law, start, voltage, 0.6295, 300, seed=13)
        ours = ensemble(law, start, voltage, 0.6295, np.random.default_rng(14), steps=1)[-1]
        single = np.array([path(law, 0.3, [voltage], 0.6295, np.random.default_rng(k))[0] for k in range(4000)])
        assert stats.ks_2samp(fine, ours).pvalue > 1e-3
        assert stats.ks_2samp(fine, single).pvalue > 1e-3


def test_two_half_steps_are_one_step_in_distribution() -> None:
    often = RateBalance(**PARAMETERS, noise=3.2e-4, jumps=Jumps(3.0, 2.0, 1e-3, 1e-2))
    start = np.full(100_000, 0.2)
    once = ensemble(often, start, 3.6, 2.0, np.random.default_rng(15), steps=1)[-1]
    often_cut = ensemble(often, start, 3.6, 0.02, np.random.default_rng(16), steps=100)[-1]
    assert stats.ks_2samp(once, often_cut).pvalue > 1e-3


def test_jumps_come_as_often_as_stated_and_as_large() -> None:
    jumps = Jumps(rate=0.8, exponent=2.78, smallest=1e-3, largest=2e-2)
    frozen = RateBalance(kp0=1e-15, kd0=1e-15, eta_p=0, eta_d=0, g_min=1e-7, g_max=1e-4, jumps=jumps)
    states = path(frozen, 0.5, 0.0, 0.01, np.random.default_rng(17), steps=10_000_000)
    change = np.diff(states)
    sizes = np.abs(change[np.abs(change) > 5e-4])
    assert sizes.size == pytest.approx(0.8 * 1e5 * 0.996, abs=5 * (0.8e5) ** 0.5)
    single = sizes[(sizes >= jumps.smallest) & (sizes <= jumps.largest)]
    power = 1 - jumps.exponent
    low, high = jumps.smallest**power, jumps.largest**power
    assert stats.kstest(single[:20_000], lambda a: (a**power - low) / (high - low)).pvalue > 1e-3


def test_jumps_prefer_the_attractor() -> None:
    jumps = Jumps(rate=1.0, exponent=2.0, smallest=1e-4, largest=1e-2)
    law = RateBalance(**PARAMETERS, jumps=jumps)
    start, goal, key = 0.2, 0.9, stream(np.random.default_rng(18))
    ends = np.array([kernels.jump(law.constants(), start, goal, key) for _ in range(200_000)])
    expected = 0.5 + (goal - start) / (2 * (1 + 2 * jumps.largest))
    assert np.mean(ends > start) == pytest.approx(expected, abs=5 * 0.5 / 200_000**0.5)


def test_waiting_times_are_exponential_whatever_the_step() -> None:
    jumps = Jumps(rate=2.0, exponent=2.0, smallest=1e-3, largest=1e-3)
    frozen = RateBalance(kp0=1e-15, kd0=1e-15, eta_p=0, eta_d=0, g_min=1e-7, g_max=1e-4, jumps=jumps)
    paths = ensemble(frozen, np.full(50_000, 0.5), 0.0, 1.0, np.random.default_rng(19), steps=3)
    moved = np.rint((paths[-1] - 0.5) / 1e-3).astype(int)
    counts = np.bincount(np.abs(moved), minlength=12)[:12]
    both_ways = stats.skellam(3.0, 3.0)
    expected = np.array([both_ways.pmf(0), *(2 * both_ways.pmf(k) for k in range(1, 12))]) * 50_000
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > 1e-3


def test_noise_below_zero_is_kept_and_conductance_is_never_negative() -> None:
    states = path(FULL, 1.4e-5, 0.0, 0.01, np.random.default_rng(20), steps=5_000_000)
    assert np.mean(states < 0) == pytest.approx(stats.norm.cdf(-1.375e-5 / 3.674e-5), abs=0.01)
    assert FULL.floor <= states.min() < 0.9 * FULL.floor
    assert FULL.conductance(states).min() >= 0
    quiet = path(NOISY, 1.4e-5, 0.0, 0.1, np.random.default_rng(21), steps=2_000_000)
    assert quiet.std() == pytest.approx(float(NOISY.stationary_sd(0.0)), rel=5e-3)


def test_a_jump_ends_where_nothing_conducts_any_more() -> None:
    key = stream(np.random.default_rng(30))
    ends = np.array([kernels.jump(FULL.constants(), 0.0, 0.0, key) for _ in range(20_000)])
    assert ends.min() == FULL.floor
    assert 0.05 < np.mean(ends == FULL.floor) < 0.1


def test_same_seed_same_numbers() -> None:
    voltage = np.linspace(0, 5, 5000)
    one, two, other = (path(FULL, 0.1, voltage, 0.1, np.random.default_rng(seed)) for seed in (22, 22, 23))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    many = [ensemble(FULL, np.full(30, 0.1), voltage, 0.1, np.random.default_rng(22)) for _ in range(2)]
    np.testing.assert_array_equal(many[0], many[1])


def test_one_generator_gives_new_paths() -> None:
    rng = np.random.default_rng(24)
    assert not np.array_equal(path(NOISY, 0.1, 3.0, 0.1, rng, steps=9), path(NOISY, 0.1, 3.0, 0.1, rng, steps=9))


def test_paths_of_an_ensemble_are_independent() -> None:
    paths = ensemble(FULL, np.full(400, 0.4718), 3.6, 30.0, np.random.default_rng(25), steps=4000)
    correlation = np.corrcoef(paths.T)[~np.eye(400, dtype=bool)]
    assert np.abs(correlation).max() < 6 / 4000**0.5
    assert correlation.std() == pytest.approx(1 / 4000**0.5, rel=0.05)


def test_staircases_that_make_no_sense_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(UsageError, match="how many steps"):
        path(NOISY, 0.1, 3.0, 0.1, rng)
    with pytest.raises(UsageError, match="how many steps"):
        path(NOISY, 0.1, np.zeros(3), np.ones(4), rng)
    with pytest.raises(UsageError, match="longer than 0 s"):
        path(NOISY, 0.1, np.zeros(3), 0.0, rng)


@pytest.mark.parametrize("duration", [1e-6, 1e-3, 0.05, 0.3, 2.0, 30.0, 400.0])
def test_end_and_mean_have_their_joint_law(duration: float) -> None:
    rate, goal = (float(f(3.6)) for f in (NOISY.rate, NOISY.attractor))
    start, x, sigma = goal + 1e-3, rate * duration, NOISY.noise
    constants, key, count = NOISY.constants(), stream(np.random.default_rng(26)), 100_000
    ends = np.array([kernels.step(constants, start, rate, goal, duration, key) for _ in range(count)])
    normals = np.random.default_rng(27).standard_normal(count)
    means = np.array(
        [
            kernels.mean_between(constants, rate, goal, duration, start, end, normal)
            for end, normal in zip(ends.tolist(), normals.tolist(), strict=True)
        ]
    )
    # Covariances of the process with its integral, with the difference of large terms done by series.
    small = x**3 / 3 - x**4 / 4 + 7 * x**5 / 60
    growth = small if x < 0.05 else x - 2 * (1 - np.exp(-x)) + (1 - np.exp(-2 * x)) / 2
    var_end = sigma**2 * -np.expm1(-2 * x) / (2 * rate)
    var_mean = sigma**2 * growth / (rate**3 * duration**2)
    both = sigma**2 * np.expm1(-x) ** 2 / (2 * rate**2 * duration)
    error = 5 * (2 / count) ** 0.5
    assert ends.var() == pytest.approx(var_end, rel=error)
    assert means.var() == pytest.approx(var_mean, rel=error)
    assert np.cov(ends, means)[0, 1] == pytest.approx(both, rel=2 * error)
    centre = goal + (start - goal) * -np.expm1(-x) / x
    assert means.mean() == pytest.approx(centre, abs=5 * (var_mean / count) ** 0.5)
    assert ends.mean() == pytest.approx(goal + (start - goal) * np.exp(-x), abs=5 * (var_end / count) ** 0.5)


@pytest.mark.slow
def test_increments_at_high_power() -> None:
    often = RateBalance(**PARAMETERS, noise=3.2e-4, jumps=Jumps(1.5, 2.78, 6.3709e-4, 1.0194e-2))
    start = np.full(400_000, 0.3)
    fine = _independent(often, start, 3.6, 0.6295, 1000, seed=28)
    ours = ensemble(often, start, 3.6, 0.6295, np.random.default_rng(29), steps=1)[-1]
    assert stats.ks_2samp(fine, ours).pvalue > 1e-3
