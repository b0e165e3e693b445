from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable

import numpy as np
import pytest
from model.published import JUMPS, STOCHASTIC
from scipy import stats
from scipy.integrate import solve_ivp

from nwlab.core.drive import Quantity
from nwlab.core.errors import UsageError
from nwlab.model.film import Circuit, Source
from nwlab.model.jumps import Jumps
from nwlab.model.rate_balance import RateBalance
from nwlab.model.resistor_film import ResistorFilm
from nwlab.model.two_terminal_film import TwoTerminalFilm

V, A = Quantity.VOLTAGE, Quantity.CURRENT
QUIET = STOCHASTIC
NOISY = dataclasses.replace(QUIET, noise=3.2e-4)
FULL = dataclasses.replace(NOISY, jumps=JUMPS)
START = 1.23364e-5


def _two_wire(source: Source, lead: float = 0.0) -> Circuit:
    """Source between node 3 (or terminal 0) and common; terminal 1 tied to common."""
    tie = Source(1, 2, V, 0.0, math.inf)
    if not lead:
        return Circuit(3, 2, (dataclasses.replace(source, hi=0, lo=2), tie))
    return Circuit(4, 2, (dataclasses.replace(source, hi=3, lo=2), tie), ((3, 0, lead),))


def _reference(
    voltage: Callable[[float], float], start: float, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """State, and integrals of junction voltage and current, by a fine general-purpose solver."""

    def slopes(_: float, y: np.ndarray) -> list[float]:
        conductance = float(QUIET.conductance(y[0]))
        v = voltage(conductance)
        return [float(QUIET.rate(v) * (QUIET.attractor(v) - y[0])), v, conductance * v]

    start_state = [float(QUIET.state(start)), 0.0, 0.0]
    found = solve_ivp(
        slopes, (0, times[-1]), start_state, t_eval=times, rtol=1e-10, atol=1e-13, max_step=0.05, method="DOP853"
    )
    return found.y[0], found.y[1], found.y[2]


CASES = {
    "3.6 V limited to 50 uA": (Source(0, 0, V, 3.6, 5e-5), 0.0, START, lambda g: min(3.6, 5e-5 / g)),
    "the same, other polarity": (Source(0, 0, V, -3.6, 5e-5), 0.0, START, lambda g: -min(3.6, 5e-5 / g)),
    "series resistance": (Source(0, 0, V, 4.5, 1e-3), 1e4, START, lambda g: 4.5 / (1 + 1e4 * g)),
    "series resistance and limit": (
        Source(0, 0, V, 4.5, 4e-5),
        1e4,
        START,
        lambda g: min(4.5 / (1 + 1e4 * g), 4e-5 / g),
    ),
    "limit that lets go": (Source(0, 0, V, 2.0, 2e-5), 0.0, 6e-5, lambda g: min(2.0, 2e-5 / g)),
    "current limited in voltage": (Source(0, 0, A, 4e-5, 3.8), 0.0, START, lambda g: min(3.8, 4e-5 / g)),
    "current through a lead": (Source(0, 0, A, 3e-5, 4.2), 2e4, START, lambda g: min(4.2 / (1 + 2e4 * g), 3e-5 / g)),
}


@pytest.mark.parametrize("case", CASES)
def test_leads_and_limits_against_a_differential_equation_solver(case: str) -> None:
    source, lead, start, voltage = CASES[case]
    times = np.arange(0, 20.5, 0.5)
    state, volts, amps = _reference(voltage, start, times)
    film, circuit = TwoTerminalFilm(QUIET, start, seed=1), _two_wire(source, lead)
    for k in range(1, times.size):
        mean = film.advance(circuit, 0.5)
        assert film.conductances()[0] == pytest.approx(float(QUIET.conductance(state[k])), rel=1e-5)
        assert mean.potential[0] - mean.potential[1] == pytest.approx((volts[k] - volts[k - 1]) / 0.5, rel=1e-5)
        assert mean.current[0] == pytest.approx((amps[k] - amps[k - 1]) / 0.5, rel=1e-5)
        assert mean.current.sum() == pytest.approx(0, abs=1e-15)
        conductance = float(film.conductances()[0])
        present = voltage(conductance)
        unlimited = source.level / (1 + lead * conductance)
        if source.quantity is V:
            assert mean.in_compliance[0] == (abs(present) < abs(unlimited) * (1 - 1e-9))
        else:
            assert mean.in_compliance[0] == (conductance * present < source.level * (1 - 1e-9))


def test_in_compliance_the_chip_sees_less_and_settles_lower() -> None:
    film = TwoTerminalFilm(QUIET, START, seed=1)
    mean = film.advance(_two_wire(Source(0, 0, V, 3.6, 5e-5)), 400.0)
    now = film.advance(_two_wire(Source(0, 0, V, 3.6, 5e-5)), 0.0)
    settled = film.conductances()[0]
    assert mean.in_compliance.tolist() == [True, False]
    assert now.potential[0] == pytest.approx(5e-5 / settled)
    assert float(QUIET.conductance(QUIET.attractor(5e-5 / settled))) == pytest.approx(settled, rel=1e-6)
    assert settled < 0.6 * float(QUIET.conductance(QUIET.attractor(3.6)))


def test_one_long_advance_is_many_short_ones() -> None:
    for circuit in (
        _two_wire(Source(0, 0, V, 3.6, 1e-3)),
        _two_wire(Source(0, 0, V, 4.0, 6e-5)),
        _two_wire(Source(0, 0, A, 3e-5, 5.0), 1e3),
    ):
        long, short = TwoTerminalFilm(QUIET, START, seed=1), TwoTerminalFilm(QUIET, START, seed=1)
        whole = long.advance(circuit, 6.0)
        parts = [short.advance(circuit, 0.02) for _ in range(300)]
        assert short.conductances()[0] == pytest.approx(long.conductances()[0], rel=2e-6)
        np.testing.assert_allclose(whole.current, np.mean([p.current for p in parts], axis=0), rtol=2e-6, atol=1e-18)
        np.testing.assert_allclose(
            whole.potential, np.mean([p.potential for p in parts], axis=0), rtol=2e-6, atol=1e-15
        )


def test_constant_voltage_is_exact() -> None:
    film = TwoTerminalFilm(QUIET, START, seed=1)
    mean = film.advance(_two_wire(Source(0, 0, V, 3.3, 1e-3)), 5.0)
    x = float(QUIET.rate(3.3)) * 5.0
    goal, start = float(QUIET.attractor(3.3)), float(QUIET.state(START))
    assert film.conductances()[0] == pytest.approx(float(QUIET.conductance(QUIET.relax(start, 3.3, 5.0))), rel=1e-14)
    average = goal + (start - goal) * -math.expm1(-x) / x
    assert mean.current[0] == pytest.approx(3.3 * float(QUIET.conductance(average)), rel=1e-13)
    assert mean.potential[0] == pytest.approx(3.3, rel=1e-15)


def test_zero_seconds_are_the_present() -> None:
    film = TwoTerminalFilm(FULL, START, seed=1)
    now = film.advance(_two_wire(Source(0, 0, V, 2.0, 1e-3), 1e3), 0.0)
    assert film.conductances()[0] == pytest.approx(START, rel=1e-14)
    assert now.current[0] == pytest.approx(2.0 / (1 / START + 1e3), rel=1e-12)


def test_an_open_film_forgets() -> None:
    film = TwoTerminalFilm(QUIET, START, seed=1)
    mean = film.advance(Circuit(3, 2), 10.0)
    assert mean.potential.tolist() == [0, 0, 0]
    assert film.conductances()[0] == pytest.approx(float(QUIET.conductance(QUIET.attractor(0.0))), rel=1e-9)


def test_a_frozen_film_is_a_resistor_in_any_circuit() -> None:
    rng = np.random.default_rng(5)
    frozen = RateBalance(kp0=1e-12, kd0=1e-12, eta_p=0, eta_d=0, g_min=1e-7, g_max=1e-4)
    for _ in range(40):
        film = TwoTerminalFilm(frozen, 2.5e-5, seed=1)
        sources = tuple(
            Source(hi, 2, V, float(rng.uniform(-4, 4)), float(10 ** rng.uniform(-6, -3)))
            if rng.random() < 0.5
            else Source(hi, 2, A, float(10 ** rng.uniform(-6, -4)), float(rng.uniform(1, 5)))
            for hi in (3, 4)
        )
        circuit = Circuit(5, 2, sources, ((3, 0, 1e3), (4, 1, float(10 ** rng.uniform(0, 5)))))
        ours, plain = film.advance(circuit, 1.0), ResistorFilm(2, [(0, 1, 4e4)]).advance(circuit, 1.0)
        np.testing.assert_allclose(ours.potential, plain.potential, atol=1e-8)
        np.testing.assert_allclose(ours.current, plain.current, atol=1e-12)
        assert ours.in_compliance.tolist() == plain.in_compliance.tolist()


def test_noise_under_constant_current_has_the_linear_spread() -> None:
    film, circuit = TwoTerminalFilm(NOISY, 2e-5, seed=7), _two_wire(Source(0, 0, A, 5e-5, 50.0))
    film.advance(circuit, 300.0)
    states = np.array([float(NOISY.state(_after(film, circuit, 2.0))) for _ in range(8000)])

    def drift(state: float) -> float:
        v = 5e-5 / float(NOISY.conductance(state))
        return float(NOISY.rate(v) * (NOISY.attractor(v) - state))

    centre = states.mean()
    pull = -(drift(centre + 1e-5) - drift(centre - 1e-5)) / 2e-5
    assert drift(centre) / pull == pytest.approx(0, abs=1e-4)
    assert states.std() == pytest.approx(NOISY.noise / (2 * pull) ** 0.5, rel=0.04)


def test_fluctuations_are_those_of_the_law() -> None:
    circuit = _two_wire(Source(0, 0, V, 3.6, 1e-3))
    film = TwoTerminalFilm(FULL, 3.24e-5, seed=8)
    currents = np.array([film.advance(circuit, 20.0).current[0] for _ in range(20_000)])
    x, span = float(FULL.rate(3.6)) * 20.0, FULL.g_max - FULL.g_min
    assert FULL.jumps is not None
    bias = FULL.jumps.rate * FULL.jumps.mean / (1 + 2 * FULL.jumps.largest)
    pull = float(FULL.rate(3.6)) + bias
    x = pull * 20.0
    of_mean = float(FULL.stationary_sd(3.6)) * math.sqrt(2 * (x - 1 + math.exp(-x))) / x
    assert currents.std() == pytest.approx(3.6 * span * of_mean, rel=0.03)
    assert currents.mean() == pytest.approx(3.6 * float(FULL.conductance(FULL.attractor(3.6))), rel=2e-4)


def test_a_tiny_lead_does_not_change_the_statistics() -> None:
    ends = []
    for lead in (0.0, 1e-3):
        circuit = _two_wire(Source(0, 0, V, 3.6, 1e-3), lead)
        film = TwoTerminalFilm(FULL, 3.24e-5, seed=9)
        ends.append([_after(film, circuit, 60.0) for _ in range(4000)])
    assert stats.ks_2samp(*ends).pvalue > 1e-3


def test_the_same_seed_gives_the_same_chip() -> None:
    circuit = _two_wire(Source(0, 0, V, 3.6, 1e-3))
    first, second, other = (TwoTerminalFilm(FULL, START, seed) for seed in (3, 3, 4))
    one, two, three = ([_after(film, circuit, 1.0) for _ in range(50)] for film in (first, second, other))
    assert one == two
    assert one != three


def test_conductance_never_falls_below_zero_under_current() -> None:
    wild = dataclasses.replace(QUIET, jumps=Jumps(rate=200.0, exponent=1.0, smallest=1e-3, largest=5e-2))
    film, circuit = TwoTerminalFilm(wild, 2e-7, seed=10), _two_wire(Source(0, 0, A, 1e-9, 1.0))
    for _ in range(500):
        mean = film.advance(circuit, 0.01)
        assert film.conductances()[0] >= 0
        assert np.isfinite(mean.potential).all()
        assert abs(mean.potential[0]) <= 1.0 + 1e-12


def test_a_current_through_next_to_nothing_takes_no_time() -> None:
    """Near no conductance at all a voltage hangs on so little that it cannot be followed, and need not be."""
    circuit, end = _two_wire(Source(0, 0, A, 1e-9, 5.0)), time.process_time() + 20.0
    for seed in range(10):
        film = TwoTerminalFilm(FULL, 2e-10, seed)
        for _ in range(50):
            film.advance(circuit, 0.01)
            assert time.process_time() < end
        assert film.conductances()[0] == pytest.approx(QUIET.g_min, rel=0.2)


@pytest.mark.parametrize("limit", [0.8, 1.0])
def test_a_little_noise_does_not_hide_where_a_swift_film_goes(limit: float) -> None:
    """It is held by its own current within microseconds: a hundredth of one is long for it."""
    swift = RateBalance(2.5e-6, 64.8, 35.0, 5.0, 1e-6, 1e-3)
    ends: list[float] = []
    for noise in (0.0, 1e-5, 1e-3):
        film = TwoTerminalFilm(dataclasses.replace(swift, noise=noise), 1e-6, 3)
        film.advance(_two_wire(Source(0, 0, A, 1e-4, limit)), 1e-5)
        ends.append(float(film.conductances()[0]))
    assert ends[1:] == pytest.approx([ends[0]] * 2, rel=1e-3)


def test_a_film_with_a_negative_conductance_is_refused() -> None:
    with pytest.raises(UsageError, match="conductance"):
        TwoTerminalFilm(QUIET, -1e-6)


def _after(film: TwoTerminalFilm, circuit: Circuit, duration: float) -> float:
    film.advance(circuit, duration)
    return float(film.conductances()[0])
