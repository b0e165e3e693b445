from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from model.films import body_of, fixed_film, living_film, random_body, square_grid
from model.published import CONNECTOME
from model.test_circuit import _brute_force, _random_resistors, _random_source
from numpy.typing import NDArray
from scipy.optimize import brentq

from nwlab.core.drive import Quantity
from nwlab.core.errors import UsageError
from nwlab.model.body import Body
from nwlab.model.film import Circuit, Source
from nwlab.model.laws.device import Device
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.laws.rate_balance import RateBalanceJunctions
from nwlab.model.network_film import NetworkFilm
from nwlab.model.resistor_film import ResistorFilm

V, A = Quantity.VOLTAGE, Quantity.CURRENT


def _held(*levels: float, open_terminals: int = 0) -> Circuit:
    """Terminals held against common, further ones open."""
    common = len(levels) + open_terminals
    return Circuit(common + 1, common, tuple(Source(n, common, V, level, math.inf) for n, level in enumerate(levels)))


def test_series_parallel_and_ladder() -> None:
    series = fixed_film(2, 4, [(0, 2, 1e3), (2, 3, 2e3), (3, 1, 3e3)])
    assert series.advance(_held(6.0, 0.0), 1.0).current == pytest.approx([1e-3, -1e-3], rel=1e-12)
    parallel = fixed_film(2, 2, [(0, 1, 1e3), (1, 0, 2e3), (0, 1, 2e3)])
    assert parallel.advance(_held(1.0, 0.0), 1.0).current == pytest.approx([2e-3, -2e-3], rel=1e-12)
    # An endless ladder of 1 Ohm in series and 1 Ohm across has the golden ratio; 40 rungs are as good as endless.
    rungs = [(0, 2, 1.0)] + [(n, n + 1, 1.0) for n in range(2, 41)] + [(n, 1, 1.0) for n in range(2, 42)]
    ladder = fixed_film(2, 42, rungs)
    assert 1 / ladder.matrix()[0, 0] == pytest.approx((1 + math.sqrt(5)) / 2, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_any_circuit_agrees_with_one_dense_mesh(seed: int) -> None:
    """Leads, contacts, islands, limits: the reference treats every node of the film as a terminal."""
    rng = np.random.default_rng(seed)
    terminals, nodes = int(rng.integers(2, 6)), 0
    nodes = terminals + int(rng.integers(0, 6))
    resistors = _random_resistors(rng, nodes, int(rng.integers(0, 6)))
    resistors = resistors[: -2 if seed % 3 == 0 and len(resistors) > 2 else None]
    contacts = np.where(rng.random(terminals) < 0.5, 10 ** rng.uniform(1, 5, terminals), 0)
    sources = tuple(_random_source(rng, terminals + 1) for _ in range(int(rng.integers(1, 5))))
    leads = ((int(rng.integers(0, terminals)), terminals, float(10 ** rng.uniform(0, 5))),)
    circuit = Circuit(terminals + 1, terminals, sources, leads)

    behind = {t: nodes + n for n, t in enumerate(np.flatnonzero(contacts > 0))}
    flat = [(t, pad, float(contacts[t])) for t, pad in behind.items()]
    flat += [(behind.get(one, one), behind.get(two, two), ohm) for one, two, ohm in resistors]
    common = nodes + len(behind)

    def at(node: int) -> int:
        return common if node == terminals else node

    moved = tuple(Source(at(s.hi), at(s.lo), s.quantity, s.level, s.compliance) for s in sources)
    wide = Circuit(common + 1, common, moved, tuple((at(one), at(two), ohm) for one, two, ohm in leads))
    expected = ResistorFilm(common, flat).advance(wide, 1.0)
    mean = fixed_film(terminals, nodes, resistors, contacts).advance(circuit, 1.0)
    np.testing.assert_allclose(mean.current, expected.current, rtol=1e-8, atol=1e-12)
    assert mean.in_compliance.tolist() == expected.in_compliance.tolist()


@pytest.mark.parametrize("seed", range(30))
def test_limits_of_several_sources_against_all_combinations(seed: int) -> None:
    rng = np.random.default_rng(2000 + seed)
    nodes = int(rng.integers(3, 6))
    resistors = _random_resistors(rng, nodes, int(rng.integers(0, 4)))
    sources = tuple(_random_source(rng, nodes) for _ in range(int(rng.integers(1, 5))))
    states = _brute_force(nodes, resistors, sources)
    mean = fixed_film(nodes, nodes, resistors).advance(Circuit(nodes, 0, sources), 1.0)
    ours = np.concatenate([mean.potential, mean.current])
    scale = np.concatenate([np.full(nodes, 1e-6), np.full(len(sources), 1e-9)])
    assert min(float((np.abs(ours - state) / scale).max()) for state in states) < 1


def test_kirchhoff_holds_at_every_node_and_open_terminals_carry_nothing() -> None:
    body = random_body(60, 80, 6, seed=3)
    film = living_film(body, seed=3)
    film.advance(_held(2.0, 0.0, open_terminals=4), 0.3)
    held = film.advance(_held(2.0, 0.0, open_terminals=4), 0.0)
    potential = film.potentials(held.potential[:6])
    current = body.with_fixed(film.conductances()) * body.drops(potential)
    balance = np.bincount(body.edges[:, 0], current, 60) - np.bincount(body.edges[:, 1], current, 60)
    np.testing.assert_allclose(balance[:2], held.current, rtol=1e-9)
    assert np.abs(balance[2:]).max() < 1e-12 * abs(held.current[0])


def test_reciprocity_and_rows_that_sum_to_zero() -> None:
    film = living_film(random_body(200, 300, 8, seed=4), seed=1)
    film.advance(_held(3.0, 0.0, 1.0, open_terminals=5), 0.2)
    matrix = film.matrix()
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-11)
    assert np.abs(matrix.sum(axis=1)).max() < 1e-14 * matrix.max()
    assert (matrix[~np.eye(8, dtype=bool)] <= 0).all()
    assert np.linalg.eigvalsh(matrix)[0] > -1e-12 * matrix.max()


def test_power_and_charge_balance() -> None:
    film = living_film(random_body(80, 120, 4, seed=5))
    circuit = _held(1.5, 0.0, -0.5, open_terminals=1)
    energy, charge = 0.0, np.zeros(4)
    for _ in range(20):
        mean = film.advance(circuit, 0.05)
        energy += 0.05 * float(mean.current @ mean.potential[:3])
        charge[:3] += 0.05 * mean.current
    assert energy > 0
    assert (film.ledger.energy >= 0).all()
    assert film.ledger.energy.sum() == pytest.approx(energy, rel=1e-4)
    np.testing.assert_allclose(film.ledger.charge, charge, rtol=1e-4, atol=1e-9 * np.abs(charge).max())
    assert 1.0 < film.ledger.largest_drop.max() <= 2.0


@pytest.mark.parametrize("side", [21])
def test_van_der_pauw_on_a_uniform_square(side: int) -> None:
    """Four corners of a square sheet of 1 S: R = ln 2/π, by mirror images exact for a continuum."""
    found = []
    for points in (side, 2 * side - 1):
        last = points - 1
        film = NetworkFilm(
            square_grid(points, [0, last, points * last, points * last + last]),
            living_film(square_grid(points, [0])).law,
            0.1,
        )
        # Rim conductors of a grid stand for half a cell: they carry half.
        film.state[0] = film.law.start(_rim_halved(film, points))[0]
        circuit = Circuit(5, 4, (Source(0, 1, A, 1e-3, 10.0), Source(2, 3, A, 0.0, 10.0)))
        mean = film.advance(circuit, 0.0)
        found.append((mean.potential[3] - mean.potential[2]) / 1e-3 * 0.05)
    errors = [abs(abs(value) / (math.log(2) / math.pi) - 1) for value in found]
    assert errors[1] < 0.01
    assert errors[1] < 0.6 * errors[0]


def _rim_halved(film: NetworkFilm, points: int) -> NDArray[np.float64]:
    last = points - 1
    along_x = [0.025 if y in (0, last) else 0.05 for _, y in itertools.product(range(last), range(points))]
    along_y = [0.025 if x in (0, last) else 0.05 for x, _ in itertools.product(range(points), range(last))]
    return np.array(along_x + along_y)


@pytest.mark.parametrize("duration", [1e-3, 0.1, 3.0, 50.0])
def test_one_junction_is_the_mean_field_law(duration: float) -> None:
    film = living_film(body_of(2, 2, [(0, 1)]))
    start = float(CONNECTOME.state(CONNECTOME.g_min))
    mean = film.advance(_held(0.8, 0.0), duration)
    expected = float(CONNECTOME.relax(start, 0.8, duration))
    assert film.state[0, 0] == pytest.approx(expected, abs=1e-12)
    rate, goal = float(CONNECTOME.rate(0.8)), float(CONNECTOME.attractor(0.8))
    average = goal + (start - goal) * -math.expm1(-rate * duration) / (rate * duration)
    assert mean.current[0] == pytest.approx(0.8 * float(CONNECTOME.conductance(average)), rel=1e-5)


def test_two_junctions_in_series_against_a_solution_by_quadrature() -> None:
    """Equal junctions share the voltage and stay equal, so each is the mean-field law at half of it."""
    film = living_film(body_of(2, 3, [(0, 2), (2, 1)]))
    film.advance(_held(1.4, 0.0), 2.0)
    np.testing.assert_allclose(film.state[0], CONNECTOME.relax(0.0, 0.7, 2.0), atol=1e-12)


def _reference(film: NetworkFilm, levels: NDArray[np.float64], duration: float, steps: int) -> NDArray[np.float64]:
    """States after `duration`, by its own dense solutions and exact small steps at mid-point voltages."""
    edges, nodes = film.body.edges, film.body.nodes
    incidence = np.zeros((len(edges), nodes))
    incidence[np.arange(len(edges)), edges[:, 0]], incidence[np.arange(len(edges)), edges[:, 1]] = 1, -1
    count, state = len(levels), film.state[0].copy()

    def drops(g: NDArray[np.float64]) -> NDArray[np.float64]:
        laplacian = incidence.T @ (CONNECTOME.conductance(g)[:, np.newaxis] * incidence)
        inside = np.linalg.solve(laplacian[count:, count:], -laplacian[count:, :count] @ levels)
        return incidence @ np.concatenate([levels, inside])

    h = duration / steps
    for _ in range(steps):
        middle = CONNECTOME.relax(state, drops(state), h / 2)
        state = CONNECTOME.relax(state, drops(middle), h)
    return state


def test_switching_network_against_small_steps() -> None:
    body = random_body(30, 40, 2, seed=6)
    film = living_film(body)
    expected = _reference(film, np.array([2.0, 0.0]), 0.5, 4000)
    mean = film.advance(_held(2.0, 0.0), 0.5)
    assert np.abs(expected).max() > 0.3
    np.testing.assert_allclose(film.state[0], expected, atol=2e-4)
    assert mean.current[0] == pytest.approx(-mean.current[1], rel=1e-9)


def test_pieces_are_of_second_order() -> None:
    """The error of a drive falls with the tolerance as 1.5th power per piece, thus in proportion to it over a drive."""
    errors, tolerances = [], [4e-3, 1e-3, 2.5e-4]
    for tolerance in tolerances:
        film = living_film(random_body(30, 40, 2, seed=6), tolerance=tolerance)
        expected = _reference(film, np.array([2.0, 0.0]), 0.4, 4000)
        film.advance(_held(2.0, 0.0), 0.4)
        errors.append(float(np.abs(film.state[0] - expected).max()))
    slope = np.polyfit(np.log(tolerances), np.log(errors), 1)[0]
    assert slope > 0.7, errors


def test_rest_and_cuts_change_nothing() -> None:
    """A chip at rest lives exactly, and cutting a drive changes it by no more than the tolerance."""
    whole, cut = (living_film(random_body(30, 40, 2, seed=7)) for _ in range(2))
    first = whole.advance(_held(4.0, 0.0), 0.6).current[0]
    circuit = _held(4.0, 0.0)
    parts = [cut.advance(circuit, 0.02).current[0] for _ in range(30)]
    assert np.mean(parts) == pytest.approx(first, rel=1e-4)
    np.testing.assert_allclose(cut.state, whole.state, atol=1e-4)
    state = whole.state.copy()
    whole.advance(Circuit(3, 2), 7.0)
    np.testing.assert_allclose(whole.state, CONNECTOME.relax(state, 0.0, 7.0), atol=1e-12)


def test_compliance_holds_while_the_film_switches() -> None:
    film = living_film(body_of(2, 3, [(0, 2), (2, 1)]))
    circuit = Circuit(3, 2, (Source(0, 1, V, 2.0, 5e-3),))
    acted = [film.advance(circuit, duration) for duration in [1e-3, *[0.05] * 60]]
    current = np.array([mean.current[0] for mean in acted])
    assert current.max() <= 5e-3 * (1 + 1e-9)
    assert not acted[0].in_compliance[0]
    assert acted[-1].in_compliance[0]
    # In the end each junction rests where its law balances the current.
    drop = brentq(lambda v: v * float(CONNECTOME.conductance(CONNECTOME.attractor(v))) - 5e-3, 0.05, 1.0)
    film.advance(circuit, 200.0)
    end = film.advance(circuit, 0.0)
    assert end.potential[0] - end.potential[1] == pytest.approx(2 * drop, rel=1e-3)


def test_an_electrode_is_a_low_pass() -> None:
    """A contact of 1 GOhm with 200 pF at an open terminal: 0.2 s."""
    film = fixed_film(3, 3, [(0, 1, 1e4), (0, 2, 1e3), (1, 2, 1e3)], np.array([0.0, 0.0, 1e9]))
    film = NetworkFilm(film.body, film.law, film.conductances(), np.array([0.0, 0.0, 2e-10]))
    circuit, tau, goal = _held(1.0, 0.0, open_terminals=1), 1e9 * 2e-10, 0.5
    ends = np.linspace(0.02, 1.0, 50)
    means = np.array([film.advance(circuit, 0.02).potential[2] for _ in ends])
    charging = goal * (1 - tau / 0.02 * (np.exp(-(ends - 0.02) / tau) - np.exp(-ends / tau)))
    np.testing.assert_allclose(means, charging, atol=1e-3)
    assert film.advance(circuit, 0.0).potential[2] == pytest.approx(goal * -math.expm1(-1.0 / tau), abs=1e-3)


def test_a_fast_capacitor_is_simply_charged() -> None:
    """1 pF behind 1 Ohm: a transient of 1 ps within 10 ms must neither ring nor cost anything."""
    film = fixed_film(2, 2, [(0, 1, 1e4)])
    film = NetworkFilm(film.body, film.law, film.conductances(), 1e-12)
    circuit = Circuit(4, 2, (Source(3, 2, V, 1.0, 1.0), Source(1, 2, V, 0.0, 1.0)), ((3, 0, 1.0),))
    mean = film.advance(circuit, 0.01)
    assert mean.potential[0] == pytest.approx(1.0, rel=2e-4)
    assert film.advance(circuit, 0.01).current[0] == pytest.approx(1e-4, rel=2e-4)


def test_charge_on_a_capacitor_stays_while_nothing_is_connected() -> None:
    film = fixed_film(2, 2, [(0, 1, 1e9)])
    film = NetworkFilm(film.body, film.law, film.conductances(), 1e-9)
    film.advance(_held(1.0, 0.0), 0.1)
    before = film.advance(Circuit(3, 2), 0.0).potential
    assert before[0] - before[1] == pytest.approx(1.0, rel=1e-6)
    film.advance(Circuit(3, 2), 0.5)
    after = film.advance(Circuit(3, 2), 0.0).potential
    # Two capacitors in series across 1 GOhm: 0.5 s.
    assert after[0] - after[1] == pytest.approx(math.exp(-1.0), rel=5e-3)


def test_terminals_that_are_not_connected_read_as_open() -> None:
    film = living_film(body_of(3, 6, [(0, 3), (3, 4), (1, 5)]))
    mean = film.advance(_held(2.0, 0.0, 1.0), 1.0)
    assert np.abs(mean.current).max() < 1e-15
    assert not mean.in_compliance.any()
    np.testing.assert_allclose(film.matrix(), 0, atol=1e-18)
    np.testing.assert_allclose(film.state[0], CONNECTOME.relax(0.0, 0.0, 1.0), atol=1e-12)


def test_hovering_at_a_threshold_ends() -> None:
    """A current source keeps a cell at its write threshold, where it would be written on and off for ever."""
    device = Device(1e-6, 1e-3, 0.5, 0.5, 1e3, 1e3, eta=20.0)
    film = NetworkFilm(body_of(2, 2, [(0, 1)]), JunctionLaw.uniform(device, 1), device.rest)
    circuit = Circuit(3, 2, (Source(0, 2, A, 1e-4, 5.0), Source(1, 2, V, 0.0, 1.0)))
    film.advance(circuit, 1e4)
    end = film.advance(circuit, 0.0)
    assert 0.05 < end.potential[0] <= 0.5 * (1 + 1e-6), "written until the threshold is no longer passed"


def test_a_small_junction_beside_a_large_one_is_as_exact() -> None:
    def change(other: float) -> float:
        spread = np.ones((3, 2))
        spread[:2, 1], spread[2, 1] = 1e-12, other
        body = Body(3, 3, np.array([[0, 2], [0, 1]]), np.array([[2, 1]]), np.array([5e-3]), np.zeros(3))
        film = NetworkFilm(body, JunctionLaw(RateBalanceJunctions(CONNECTOME), spread), 1e-3)
        film.advance(_held(1.0, 0.0, open_terminals=1), 1.0)
        return float(film.conductances()[0])

    assert change(1e4) == pytest.approx(change(1e-6), rel=1e-4)


@pytest.mark.parametrize("aperture", [0.01, 1.0, 20.0])
def test_means_over_any_time_have_their_spread(aperture: float) -> None:
    """Variance of the mean of an Ornstein-Uhlenbeck process over x relaxation times: s²·2(x − 1 + e^(−x))/x²."""
    law, voltage = replace(CONNECTOME, noise=5e-3), 0.4
    film = living_film(body_of(2, 2, [(0, 1)] * 50), law, seed=2)
    film.state[0] = law.attractor(voltage)
    circuit = _held(voltage, 0.0)
    means = np.array([film.advance(circuit, aperture).current[0] for _ in range(1200)])[100:]
    x = float(law.rate(voltage)) * aperture
    span = voltage * (law.g_max - law.g_min) * math.sqrt(50) * float(law.stationary_sd(voltage))
    step = span * math.sqrt(2 * (x - 1 + math.exp(-x)) / x**2 - (1 - math.exp(-x)) ** 2 / x**2) * math.sqrt(2)
    assert np.diff(means).std() == pytest.approx(step, rel=0.2)


def test_what_no_film_can_be_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 0 S"):
        living_film(body_of(2, 2, [(0, 1)]), start=-1e-3)
    with pytest.raises(UsageError, match="contact resistance"):
        body_of(2, 2, [(0, 1)], np.array([-1.0, 0.0]))
