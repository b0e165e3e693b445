from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from model.published import JUMPS, STOCHASTIC
from scipy.optimize import brentq, minimize_scalar

from nwlab.core.errors import UsageError
from nwlab.model.chip_file import load_chip
from nwlab.model.kernels import rates
from nwlab.model.paths import path
from nwlab.model.rate_balance import RateBalance

CHIPS = Path(__file__).parents[2] / "instruments" / "chips"
LAW = STOCHASTIC
# V, τ in s, g̃, G in µS: published parameters
TABLE = [
    (0, 0.02636, 1.375e-5, 0.1465),
    (1, 0.1572, 2.986e-4, 0.1660),
    (2, 0.9320, 0.006445, 0.5867),
    (2.5, 2.224, 0.02934, 2.154),
    (3, 4.904, 0.1235, 8.597),
    (3.3, 7.058, 0.2619, 18.07),
    (3.6, 8.630, 0.4718, 32.43),
    (4, 8.221, 0.7537, 51.72),
    (4.5, 5.342, 0.9345, 64.10),
    (5, 2.952, 0.9852, 67.57),
    (6, 0.8223, 0.9993, 68.53),
]


@pytest.mark.parametrize(("voltage", "tau", "goal", "conductance"), TABLE)
def test_published_table(voltage: float, tau: float, goal: float, conductance: float) -> None:
    def digits(value: float, like: float) -> float:
        """Half a unit of the last digit that the table prints."""
        text = f"{like:g}"
        mantissa = text.split("e", maxsplit=1)[0].lstrip("0.").replace(".", "")
        return 0.51 * 10.0 ** (math.floor(math.log10(value)) - len(mantissa) + 1)

    assert 1 / float(LAW.rate(voltage)) == pytest.approx(tau, abs=digits(tau, tau))
    assert float(LAW.attractor(voltage)) == pytest.approx(goal, abs=digits(goal, goal))
    settled = float(LAW.conductance(LAW.attractor(voltage))) * 1e6
    assert settled == pytest.approx(conductance, abs=digits(conductance, conductance))


def test_demonstration_trace_to_all_digits() -> None:
    states = path(LAW, float(LAW.state(12.3364e-6)), 3.6, 0.6295, np.random.default_rng(0), steps=637)
    trace = np.concatenate([[12.3364], LAW.conductance(states) * 1e6])
    assert np.round(trace[[0, 1, 10, 50, 100]], 4).tolist() == [12.3364, 13.7502, 22.7432, 31.9096, 32.4197]
    assert trace[-1] == pytest.approx(32.4334, abs=5e-5)


def test_half_way_and_slowest_voltage() -> None:
    half = math.log(LAW.kd0 / LAW.kp0) / (LAW.eta_p + LAW.eta_d)
    assert half == pytest.approx(3.63667, abs=5e-6)
    assert brentq(lambda v: float(LAW.attractor(v)) - 0.5, 0, 6) == pytest.approx(half, abs=1e-9)
    slowest = minimize_scalar(lambda v: float(LAW.rate(v)), bounds=(0, 6), method="bounded")
    assert slowest.x == pytest.approx(3.7418, abs=1e-4)
    assert 1 / slowest.fun == pytest.approx(8.8354, abs=5e-5)


def test_halving_steps_changes_nothing() -> None:
    whole = LAW.relax(0.2, 3.3, 2.0)
    halves = LAW.relax(LAW.relax(0.2, 3.3, 1.0), 3.3, 1.0)
    assert float(halves) == pytest.approx(float(whole), rel=1e-14)
    coarse = path(LAW, 0.2, 3.3, 2.0, np.random.default_rng(0), steps=50)
    fine = path(LAW, 0.2, 3.3, 0.002, np.random.default_rng(0), steps=50_000)
    np.testing.assert_allclose(fine[999::1000], coarse, rtol=1e-11)


def test_relaxing_solves_the_differential_equation() -> None:
    h, g = 1e-4, 0.3
    slope = (float(LAW.relax(g, 3.0, h)) - float(LAW.relax(g, 3.0, -h))) / (2 * h)
    up = LAW.kp0 * math.exp(LAW.eta_p * 3)
    down = LAW.kd0 * math.exp(-LAW.eta_d * 3)
    assert slope == pytest.approx(up * (1 - g) - down * g, rel=1e-8)


def test_stationary_spreads_of_the_publication() -> None:
    noisy = RateBalance(**_numbers(), noise=3.2e-4)
    jumping = RateBalance(**_numbers(), noise=3.2e-4, jumps=JUMPS)
    assert float(noisy.stationary_sd(3.6)) == pytest.approx(6.647e-4, abs=5e-8)
    assert float(jumping.stationary_sd(3.6)) == pytest.approx(1.196e-3, abs=1e-6)


def test_noise_stays_far_from_the_floor() -> None:
    law = RateBalance(**_numbers(), noise=3.2e-4)
    voltages = np.linspace(0, 6, 601)
    distance = (law.attractor(voltages) - law.floor) / law.stationary_sd(voltages)
    assert distance.min() == pytest.approx(24.5, abs=0.1)
    assert float(law.conductance(law.floor)) == pytest.approx(0, abs=1e-20)


def test_both_polarities_act_alike() -> None:
    np.testing.assert_array_equal(LAW.rate(np.array([-3.6, -1])), LAW.rate(np.array([3.6, 1])))
    assert rates(LAW.constants(), -3.6) == rates(LAW.constants(), 3.6)


def test_compiled_rates_are_the_law() -> None:
    for voltage in np.linspace(0, 10, 37):
        rate, goal = rates(LAW.constants(), float(voltage))
        assert rate == pytest.approx(float(LAW.rate(voltage)), rel=2e-15)
        assert goal == pytest.approx(float(LAW.attractor(voltage)), rel=2e-15)


def test_chip_file_holds_the_published_parameters() -> None:
    film = load_chip(CHIPS / "stochastic-2025.toml").film()
    assert film.law == RateBalance(**_numbers(), noise=3.2e-4, jumps=JUMPS)
    assert film.conductances()[0] == pytest.approx(12.3364e-6, rel=1e-12)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"kp0": 0.0}, "kp0"), ({"noise": -1.0}, "noise"), ({"g_min": 1e-3}, "g_min"), ({"eta_d": math.nan}, "eta_d")],
)
def test_impossible_films_are_refused(wrong: dict[str, float], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        RateBalance(**{**_numbers(), **wrong})


def _numbers() -> dict[str, float]:
    return {name: getattr(LAW, name) for name in ("kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max")}
