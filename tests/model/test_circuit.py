from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from nwlab.core.drive import Quantity
from nwlab.core.errors import NwlabError, UsageError
from nwlab.model.film import Circuit, Source
from nwlab.model.resistor_film import ResistorFilm

V, A = Quantity.VOLTAGE, Quantity.CURRENT
Resistors = list[tuple[int, int, float]]


def _random_resistors(rng: np.random.Generator, nodes: int, extra: int) -> Resistors:
    """A tree and some more, so that all nodes hang together."""
    pairs = [(int(rng.integers(0, node)), node) for node in range(1, nodes)]
    pairs += [tuple(int(n) for n in rng.choice(nodes, 2, replace=False)) for _ in range(extra)]
    return [(one, two, float(10 ** rng.uniform(2, 6))) for one, two in pairs]


def _laplacian(nodes: int, resistors: Resistors) -> NDArray[np.float64]:
    matrix = np.zeros((nodes, nodes))
    for one, two, ohm in resistors:
        step = np.zeros(nodes)
        step[one], step[two] = 1, -1
        matrix += np.outer(step, step) / ohm
    return matrix


@pytest.mark.parametrize("seed", range(10))
def test_ohms_law_on_random_chips(seed: int) -> None:
    rng = np.random.default_rng(seed)
    terminals = int(rng.integers(2, 8))
    resistors = _random_resistors(rng, terminals, terminals)
    levels = rng.uniform(-5, 5, terminals)
    sources = tuple(Source(n, terminals, V, float(level), math.inf) for n, level in enumerate(levels))
    mean = ResistorFilm(terminals, resistors).advance(Circuit(terminals + 1, terminals, sources), 1.0)
    np.testing.assert_allclose(mean.potential[:-1], levels, atol=1e-12)
    expected = _laplacian(terminals, resistors) @ levels
    np.testing.assert_allclose(mean.current, expected, atol=1e-12 * np.abs(expected).max())
    assert abs(mean.current.sum()) < 1e-12 * np.abs(mean.current).max()
    assert not mean.in_compliance.any()


@pytest.mark.parametrize("seed", range(10))
def test_driven_open_and_grounded_terminals_with_leads(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    terminals, common, lead = 5, 5, 6
    resistors = _random_resistors(rng, terminals, 3)
    circuit = Circuit(
        nodes=7,
        common=common,
        sources=(Source(lead, common, V, 2.0, math.inf), Source(3, common, A, 1e-6, math.inf)),
        resistors=((lead, 0, 47.0), (common, 1, 0.5)),
    )
    mean = ResistorFilm(terminals, resistors).advance(circuit, 0.0)
    full = _laplacian(7, [*resistors, *circuit.resistors])
    free = [0, 1, 2, 3, 4]
    injected = np.zeros(7)
    injected[3] = 1e-6
    expected = np.linalg.solve(full[np.ix_(free, free)], injected[free] - full[free, lead] * 2.0)
    np.testing.assert_allclose(mean.potential[free], expected, rtol=1e-9)
    assert mean.current[0] == pytest.approx(full[lead] @ mean.potential, rel=1e-6)
    balance = full @ mean.potential
    assert np.abs(balance[[0, 1, 2, 4]]).max() < 1e-12


def test_a_floating_part_has_its_lowest_node_at_zero() -> None:
    film = ResistorFilm(4, [(0, 1, 1e3), (2, 3, 1e3)])
    circuit = Circuit(5, 4, (Source(3, 2, V, 1.0, 1.0), Source(0, 4, V, 2.0, 1.0)))
    mean = film.advance(circuit, 1.0)
    np.testing.assert_allclose(mean.potential, [2, 2, 0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(mean.current, [1e-3, 0], atol=1e-15)


def test_nothing_connected_is_all_zero() -> None:
    mean = ResistorFilm(3, [(0, 1, 1e3)]).advance(Circuit(4, 3), 1.0)
    assert mean.potential.tolist() == [0, 0, 0, 0]
    assert mean.current.size == mean.in_compliance.size == 0


def test_an_ammeter_and_a_voltmeter() -> None:
    film = ResistorFilm(3, [(0, 1, 1e3), (1, 2, 1e3)])
    circuit = Circuit(4, 3, (Source(0, 3, V, 2.0, 1.0), Source(2, 3, V, 0.0, 1.0), Source(1, 3, A, 0.0, 10.0)))
    mean = film.advance(circuit, 1.0)
    assert mean.potential[1] == pytest.approx(1.0)
    np.testing.assert_allclose(mean.current, [1e-3, -1e-3, 0], atol=1e-15)


def test_a_source_at_its_sense_ends() -> None:
    film = ResistorFilm(2, [(0, 1, 1e3)])
    leads = ((3, 0, 100.0), (4, 1, 100.0), (2, 4, 1e-3))
    mean = film.advance(Circuit(5, 2, (Source(3, 4, V, 1.0, 1.0, sense=(0, 1)),), leads), 1.0)
    assert mean.potential[0] - mean.potential[1] == pytest.approx(1.0)
    assert mean.potential[3] - mean.potential[4] == pytest.approx(1.2)
    assert mean.current[0] == pytest.approx(1e-3)


def test_a_current_source_is_limited_at_its_sense_pair() -> None:
    film = ResistorFilm(4, [(0, 1, 1e3), (1, 2, 1e3), (2, 3, 1e3)])
    mean = film.advance(Circuit(5, 4, (Source(0, 3, A, 2e-3, 1.0, sense=(1, 2)),)), 1.0)
    assert mean.potential[1] - mean.potential[2] == pytest.approx(1.0)
    assert mean.current[0] == pytest.approx(1e-3)
    assert mean.in_compliance.tolist() == [True]


@pytest.mark.parametrize("sign", [1, -1])
def test_limits_of_one_source(sign: int) -> None:
    film = ResistorFilm(2, [(0, 1, 1e4)])
    for quantity, level, limit, voltage, current, acts in (
        (V, 1.0, 2e-4, 1.0, 1e-4, False),
        (V, 3.0, 2e-4, 2.0, 2e-4, True),
        (V, 2.0, 2e-4, 2.0, 2e-4, False),
        (A, 1e-4, 2.0, 1.0, 1e-4, False),
        (A, 3e-4, 2.0, 2.0, 2e-4, True),
    ):
        mean = film.advance(Circuit(3, 2, (Source(0, 1, quantity, sign * level, limit),)), 1.0)
        assert mean.potential[0] - mean.potential[1] == pytest.approx(sign * voltage)
        assert mean.current[0] == pytest.approx(sign * current)
        assert mean.in_compliance.tolist() == [acts]


def test_a_current_without_a_way_back_runs_into_the_voltage_limit() -> None:
    film = ResistorFilm(3, [(0, 1, 1e3)])
    mean = film.advance(Circuit(4, 3, (Source(2, 3, A, -1e-6, 5.0), Source(0, 3, V, 1.0, 1.0))), 1.0)
    assert mean.potential[2] == pytest.approx(-5)
    assert mean.current[0] == pytest.approx(0, abs=1e-15)
    assert mean.in_compliance.tolist() == [True, False]


def test_two_current_sources_in_series_the_stronger_one_yields() -> None:
    film = ResistorFilm(2, [(0, 1, 1e3)])
    circuit = Circuit(3, 2, (Source(0, 2, A, 1e-3, 5.0), Source(1, 2, A, -3e-3, 5.0)))
    mean = film.advance(circuit, 1.0)
    np.testing.assert_allclose(mean.current, [1e-3, -1e-3], rtol=1e-9)
    assert mean.potential[1] == pytest.approx(-5.0)
    assert mean.in_compliance.tolist() == [False, True]


def test_parallel_voltage_sources() -> None:
    film = ResistorFilm(2, [(0, 1, 1e3)])
    equal = film.advance(Circuit(3, 2, (Source(0, 2, V, 1, 1), Source(0, 2, V, 1, 1), Source(1, 2, V, 0, 1))), 1.0)
    np.testing.assert_allclose(equal.current, [5e-4, 5e-4, -1e-3], rtol=1e-9)
    fight = film.advance(Circuit(3, 2, (Source(0, 2, V, 1, 5e-3), Source(0, 2, V, 2, 1), Source(1, 2, V, 0, 1))), 1.0)
    assert fight.potential[0] == pytest.approx(2)
    np.testing.assert_allclose(fight.current, [-5e-3, 7e-3, -2e-3], rtol=1e-9)
    assert fight.in_compliance.tolist() == [True, False, False]


def test_sources_that_cannot_agree_are_named() -> None:
    film = ResistorFilm(2, [(0, 1, 1e3)])
    with pytest.raises(NwlabError, match="fight"):
        film.advance(Circuit(3, 2, (Source(0, 2, V, 1, math.inf), Source(0, 2, V, 2, math.inf))), 1.0)


def _brute_force(nodes: int, resistors: Resistors, sources: tuple[Source, ...]) -> list[NDArray[np.float64]]:
    """All consistent states over all combinations of parts, by its own assembly; node 0 is common."""
    found: list[NDArray[np.float64]] = []
    laplacian, count = _laplacian(nodes, resistors), len(sources)
    for parts in itertools.product((0, 1, -1), repeat=count):
        matrix, right = np.zeros((nodes + count, nodes + count)), np.zeros(nodes + count)
        matrix[:nodes, :nodes] = laplacian
        for k, (source, part) in enumerate(zip(sources, parts, strict=True)):
            matrix[source.hi, nodes + k], matrix[source.lo, nodes + k] = -1, 1
            right[nodes + k] = part * source.compliance if part else source.level
            if (source.quantity is V) == (part == 0):
                matrix[nodes + k, source.hi], matrix[nodes + k, source.lo] = 1, -1
            else:
                matrix[nodes + k, nodes + k] = 1
        matrix, right = matrix[1:, 1:], right[1:]
        if np.linalg.matrix_rank(matrix * 1e3) < len(matrix):
            continue
        state = np.concatenate([[0.0], np.linalg.solve(matrix, right)])
        if all(_is_consistent(s, p, state, nodes + k) for k, (s, p) in enumerate(zip(sources, parts, strict=True))):
            found.append(state)
    return found


def _is_consistent(source: Source, part: int, state: NDArray[np.float64], row: int) -> bool:
    voltage, current = state[source.hi] - state[source.lo], state[row]
    own, limited = (voltage, current) if source.quantity is V else (current, voltage)
    if part == 0:
        return abs(limited) <= source.compliance * (1 + 1e-9)
    return part * (source.level - own) >= -1e-9


@pytest.mark.parametrize("seed", range(60))
def test_limits_of_several_sources_against_all_combinations(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    nodes = int(rng.integers(3, 6))
    resistors = _random_resistors(rng, nodes, int(rng.integers(0, 4)))
    sources = tuple(_random_source(rng, nodes) for _ in range(int(rng.integers(1, 5))))
    states = _brute_force(nodes, resistors, sources)
    film = ResistorFilm(nodes, resistors)
    mean = film.advance(Circuit(nodes, 0, sources), 1.0)
    ours = np.concatenate([mean.potential, mean.current])
    assert states, "a network of resistors has a state"
    scale = np.concatenate([np.full(nodes, 1e-6), np.full(len(sources), 1e-9)])
    assert min(float((np.abs(ours - state) / scale).max()) for state in states) < 1


def _random_source(rng: np.random.Generator, nodes: int) -> Source:
    hi, lo = (int(n) for n in rng.choice(nodes, 2, replace=False))
    if rng.random() < 0.6:
        return Source(hi, lo, V, float(rng.uniform(-5, 5)), float(10 ** rng.uniform(-6, -2)))
    return Source(hi, lo, A, float(rng.choice([-1, 1]) * 10 ** rng.uniform(-6, -3)), float(rng.uniform(0.1, 5)))


@pytest.mark.parametrize("resistor", [(0, 0, 1e3), (0, 5, 1e3), (0, 1, 0.0), (0, 1, math.inf)])
def test_impossible_resistors_are_refused(resistor: tuple[int, int, float]) -> None:
    with pytest.raises(UsageError, match="resistor"):
        ResistorFilm(2, [resistor])


def test_conductances_of_the_resistors() -> None:
    np.testing.assert_allclose(ResistorFilm(3, [(0, 1, 1e3), (1, 2, 2e3)]).conductances(), [1e-3, 5e-4])
