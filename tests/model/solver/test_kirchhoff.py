"""Potentials and reductions against dense algebra, on graphs of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nwlab.core.errors import NwlabError
from nwlab.model.networks.wires import RandomWires
from nwlab.model.solver.kirchhoff import Interior
from nwlab.model.solver.reduction import Reduction

Array = NDArray[np.float64]
Pairs = NDArray[np.int32]


def _graph(seed: int) -> tuple[int, Pairs, Pairs]:
    """Nodes, edges (also parallel ones, also islands), ports."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(2, 60))
    edges = rng.integers(0, nodes, (int(rng.integers(1, 3 * nodes)), 2))
    edges = edges[edges[:, 0] != edges[:, 1]]
    edges = np.concatenate([edges, edges[: len(edges) // 5]])
    ports = rng.choice(nodes, int(rng.integers(1, min(nodes, 17) + 1)), replace=False)
    return nodes, edges.astype(np.int32).reshape(-1, 2), ports.astype(np.int32)


def _laplacian(nodes: int, edges: Pairs, conductance: Array) -> Array:
    matrix = np.zeros((nodes, nodes))
    for (one, two), g in zip(edges, conductance, strict=True):
        matrix[one, one] += g
        matrix[two, two] += g
        matrix[one, two] -= g
        matrix[two, one] -= g
    return matrix


def _dense(nodes: int, edges: Pairs, conductance: Array, ports: Pairs, held: Array) -> tuple[Array, Array]:
    """Potentials, 0 V where no port holds them, and currents into the ports."""
    matrix = _laplacian(nodes, edges, conductance)
    free = np.setdiff1d(np.arange(nodes), ports)
    potential = np.zeros(nodes)
    potential[ports] = held
    block = matrix[np.ix_(free, free)]
    potential[free] = -np.linalg.pinv(block, rcond=1e-13, hermitian=True) @ matrix[np.ix_(free, ports)] @ held
    return potential, matrix[ports] @ potential


@pytest.mark.parametrize("seed", range(40))
def test_potentials_and_currents(seed: int) -> None:
    nodes, edges, ports = _graph(seed)
    rng = np.random.default_rng(100 + seed)
    interior = Interior(nodes, edges, ports)
    memory = interior.memory()
    conductance = 10 ** rng.uniform(-4, -1, len(edges))
    for _ in range(6):
        held = rng.uniform(-5, 5, len(ports))
        expected, currents = _dense(nodes, edges, conductance, ports, held)
        potential, found = interior.settle(memory, conductance[interior.order], held)
        np.testing.assert_allclose(potential, expected, atol=1e-6)
        np.testing.assert_allclose(found, currents, atol=1e-8 * np.abs(currents).max() + 1e-13)
        conductance *= np.exp(0.1 * rng.standard_normal(len(edges)))


@pytest.mark.parametrize("seed", range(40))
def test_kron_reduction_is_the_schur_complement(seed: int) -> None:
    nodes, edges, ports = _graph(seed)
    conductance = 10 ** np.random.default_rng(seed).uniform(-4, -1, len(edges))
    reduction = Reduction(nodes, edges, ports)
    memory = reduction.memory()
    matrix = reduction.matrix(memory, conductance)
    full = _laplacian(nodes, edges, conductance)
    free = np.setdiff1d(np.arange(nodes), ports)
    across = full[np.ix_(free, ports)]
    inside = np.linalg.pinv(full[np.ix_(free, free)], rcond=1e-13, hermitian=True)
    expected = full[np.ix_(ports, ports)] - across.T @ inside @ across
    np.testing.assert_allclose(matrix, expected, atol=1e-13 * np.abs(full).max())
    np.testing.assert_array_equal(matrix, matrix.T)
    assert np.abs(matrix.sum(axis=1)).max() <= 4e-16 * len(ports) * np.abs(matrix).max()
    held = np.random.default_rng(seed).uniform(-1, 1, len(ports))
    potential, _ = _dense(nodes, edges, conductance, ports, held)
    np.testing.assert_allclose(reduction.potentials(memory, held), potential, atol=1e-9)


def _film(count: int, seed: int) -> tuple[int, Pairs, Pairs]:
    network = RandomWires(count, 1.0, 0.35, (count / 14.7) ** 0.5, (count / 14.7) ** 0.5, seed).network()
    middle = network.position[:, 0]
    return network.nodes, network.junctions, np.array([middle.argmin(), middle.argmax()], dtype=np.int32)


def test_current_is_lost_nowhere_while_conductances_creep() -> None:
    nodes, edges, ports = _film(600, 3)
    rng, interior = np.random.default_rng(1), Interior(nodes, edges, ports)
    memory, conductance = interior.memory(), np.full(len(edges), 1e-3)
    held, live = np.array([2.0, -1.0]), interior.order
    for _ in range(60):
        conductance *= np.exp(0.02 * rng.standard_normal(len(edges)) + 0.03)
        potential, currents = interior.settle(memory, conductance[live], held)
        flow = conductance[live] * (potential[edges[live, 0]] - potential[edges[live, 1]])
        lost = np.bincount(edges[live, 0], flow, nodes) - np.bincount(edges[live, 1], flow, nodes)
        np.testing.assert_allclose(lost[ports], currents, rtol=1e-7)
        lost[ports] = 0
        assert np.linalg.norm(lost) <= 1.001e-8 * np.linalg.norm(currents)


def test_history_does_not_matter() -> None:
    """A memory full of other voltages, directions and conductances finds what a fresh one finds."""
    nodes, edges, _ = _film(400, 5)
    ports = np.array([3, 50, 120, 300], dtype=np.int32)
    rng, interior = np.random.default_rng(2), Interior(nodes, edges, ports)
    worn = interior.memory()
    for step in range(40):
        conductance = 10 ** rng.uniform(-5, -1, len(interior.order)) if step % 7 == 0 else conductance * 1.05  # noqa: F821
        held = rng.uniform(-1, 1, 4) if step % 3 == 0 else 2 * held  # noqa: F821
        potential, currents = interior.settle(worn, conductance, held)
        fresh, expected = interior.settle(interior.memory(), conductance, held)
        np.testing.assert_allclose(potential, fresh, atol=1e-6 * np.abs(held).max())
        np.testing.assert_allclose(currents, expected, atol=1e-8 * np.abs(expected).max())


def test_equal_ports_carry_nothing() -> None:
    nodes, edges, ports = _film(100, 1)
    interior = Interior(nodes, edges, ports)
    potential, currents = interior.settle(interior.memory(), np.ones(len(interior.order)), np.array([0.3, 0.3]))
    assert (currents == 0).all()
    assert set(potential.tolist()) <= {0.3, 0.0}


def test_a_weak_path_beside_strong_ones_keeps_its_digits() -> None:
    """Two clusters of 1 S, joined by 1e-9 S: what lies between them is right to rounding."""
    rng = np.random.default_rng(4)
    one = rng.integers(0, 30, (200, 2))
    two = rng.integers(30, 60, (200, 2))
    edges = np.concatenate([one[one[:, 0] != one[:, 1]], two[two[:, 0] != two[:, 1]], [[7, 41]]]).astype(np.int32)
    conductance = np.append(rng.uniform(0.5, 2, len(edges) - 1), 1e-9)
    reduction = Reduction(60, edges, np.array([0, 1, 58, 59], dtype=np.int32))
    matrix = reduction.matrix(reduction.memory(), conductance)
    assert -matrix[:2, 2:].sum() == pytest.approx(1e-9, rel=1e-7)
    interior = Interior(60, edges, np.array([0, 59], dtype=np.int32))
    _, currents = interior.settle(interior.memory(), conductance[interior.order], np.array([1.0, 0.0]))
    assert currents == pytest.approx([1e-9, -1e-9], rel=1e-6)


def test_junctions_that_conduct_nothing() -> None:
    """A part that has lost every conductance is at 0 V and carries nothing; a lost port reads as open."""
    edges = np.array([[0, 2], [2, 1], [2, 3], [3, 4], [4, 1]], dtype=np.int32)
    conductance = np.array([1e-3, 1e-3, 0.0, 1e-3, 0.0])
    ports = np.array([0, 1, 4], dtype=np.int32)
    interior = Interior(5, edges, ports)
    potential, currents = interior.settle(interior.memory(), conductance[interior.order], np.array([1.0, 0.0, 7.0]))
    np.testing.assert_allclose(potential, [1.0, 0.0, 0.5, 7.0, 7.0], atol=1e-9)
    np.testing.assert_allclose(currents, [5e-4, -5e-4, 0.0], atol=1e-12)
    reduction = Reduction(5, edges, ports)
    matrix = reduction.matrix(reduction.memory(), np.zeros(5))
    assert not matrix.any()


def test_no_solution_is_said() -> None:
    interior = Interior(3, np.array([[0, 2], [2, 1]], dtype=np.int32), np.array([0, 1], dtype=np.int32))
    with pytest.raises(NwlabError, match="Kirchhoff"):
        interior.settle(interior.memory(), np.array([np.nan, 1.0]), np.array([1.0, 0.0]))


@pytest.mark.slow
def test_a_hundred_thousand_wires() -> None:
    nodes, edges, ports = _film(100_000, 1)
    interior = Interior(nodes, edges, ports)
    conductance = 10 ** np.random.default_rng(1).uniform(-3, -1, len(interior.order))
    potential, currents = interior.settle(interior.memory(), conductance, np.array([1.0, 0.0]))
    assert currents[0] == pytest.approx(-currents[1], rel=1e-7)
    assert currents[0] > 0
    assert ((potential >= -1e-6) & (potential <= 1 + 1e-6)).all()
