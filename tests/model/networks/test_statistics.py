from __future__ import annotations

import dataclasses
import itertools

import networkx as nx
import numpy as np
import pytest

from nwlab.core.errors import UsageError
from nwlab.model.networks import statistics as module
from nwlab.model.networks.graph_file import to_networkx
from nwlab.model.networks.grid import Grid
from nwlab.model.networks.network import Network
from nwlab.model.networks.pads import Pad, attach
from nwlab.model.networks.statistics import backbone, degrees, parts, percolates, statistics, together
from nwlab.model.networks.wires import RandomWires


def _network(nodes: int, pairs: list[tuple[int, int]], segments: list[tuple[int, int]] | None = None) -> Network:
    junctions = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    wire = np.array(segments or [], dtype=np.int32).reshape(-1, 2)
    return Network(nodes, junctions, np.zeros((nodes, 2, 2)), wire, np.ones(len(wire)))


def test_two_triangles_at_a_corner_and_a_lonely_node() -> None:
    numbers = statistics(_network(6, [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (2, 4)]))
    assert (numbers.nodes, numbers.junctions, numbers.parts, numbers.isolated) == (6, 6, 2, 1)
    assert numbers.degree.tolist() == [1, 0, 4, 0, 1]
    assert numbers.mean_degree == 2.0
    assert numbers.largest_clustering == pytest.approx((4 + 1 / 3) / 5)
    assert numbers.clustering == pytest.approx((4 + 1 / 3) / 6)
    assert numbers.diameter == 2
    assert numbers.mean_path == pytest.approx((6 * 1 + 4 * 2) / 10)


def test_parallel_junctions_count_for_the_degree_alone() -> None:
    numbers = statistics(_network(3, [(0, 1), (1, 0), (0, 1), (1, 2), (0, 2)]))
    assert numbers.degree.tolist() == [0, 0, 1, 0, 2]
    assert numbers.clustering == 1.0
    assert numbers.mean_path == 1.0


def test_agrees_with_networkx() -> None:
    network = RandomWires(300, 1.0, 0.35, 6.0, 6.0, seed=4).network()
    graph = nx.Graph(to_networkx(network))
    inside = graph.subgraph(max(nx.connected_components(graph), key=len))
    numbers = statistics(network)
    assert numbers.parts == nx.number_connected_components(graph)
    assert numbers.largest_junctions == inside.number_of_edges()
    assert numbers.clustering == pytest.approx(nx.average_clustering(graph))
    assert numbers.largest_clustering == pytest.approx(nx.average_clustering(inside))
    assert numbers.mean_path == pytest.approx(nx.average_shortest_path_length(inside))
    assert numbers.diameter == nx.diameter(inside)


def test_large_networks_are_measured_from_some_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Grid(20, 20, "none", 1.0, 0).network()
    whole = statistics(network)
    monkeypatch.setattr(module, "_ALL", 100)
    monkeypatch.setattr(module, "_SOME", 50)
    some = statistics(network)
    assert (whole.sources, some.sources) == (400, 50)
    assert some.diameter <= whole.diameter == 38
    assert some.mean_path == pytest.approx(whole.mean_path, rel=0.1)
    assert "of those from 50 nodes" in some.lines()[-1]


def test_networks_without_junctions() -> None:
    numbers = statistics(_network(3, []))
    assert (numbers.isolated, numbers.parts, numbers.mean_path, numbers.diameter) == (3, 3, 0.0, 0)


def test_lines_are_for_people() -> None:
    lines = statistics(Grid(3, 3, "both", 1.0, 0).network()).lines()
    assert lines == (
        "9 nodes, 20 junctions; 0 nodes isolated",
        "largest of 1 parts: 9 nodes, 20 junctions",
        "degree 4.444 on average, 8 at most",
        f"clustering {(4 * 1 + 4 * 0.6 + 12 / 28) / 9:.3f}, in the largest part 0.759",
        f"paths of {(20 * 1 + 16 * 2) / 36:.2f} edges on average, the longest 2",
    )
    assert "1 pieces of wire" in statistics(_network(3, [(0, 1)], [(1, 2)])).lines()[0]


def test_plain_wire_holds_a_network_together() -> None:
    network = _network(4, [(0, 1), (2, 3)], [(1, 2)])
    assert len(set(parts(network).tolist())) == 1
    assert degrees(network).tolist() == [1, 2, 2, 1]
    assert backbone(network, 0, 3).tolist() == [True, True]


def test_which_terminals_hang_together() -> None:
    network = Network(7, np.array([(0, 4), (4, 2), (1, 5)], dtype=np.int32), np.zeros((7, 2, 2)))
    assert together(network, [0, 1, 2, 3]) == ((0, 2), (1,), (3,))
    assert percolates(network, [3, 0], [2])
    assert not percolates(network, [0, 3], [1, 6])
    assert not percolates(network, [], [1])


def test_a_chip_with_its_pads_has_statistics_too() -> None:
    mounted = attach(Grid(3, 4, "none", 1.0, 0).network(), [Pad("A", (0, 1), 1.0), Pad("B", (3, 1), 1.0)])
    assert statistics(mounted).nodes == 12 - 4 - 4 + 2
    assert together(mounted, [0, 1]) == ((0, 1),)


def test_backbone_leaves_out_dead_ends_loops_on_one_foot_and_islands() -> None:
    pairs = [(0, 2), (2, 3), (3, 1), (2, 4), (4, 3)]  # a loop between 2 and 3
    dead = [(3, 5), (2, 6), (6, 7), (7, 8), (8, 6), (9, 10)]
    network = _network(11, [*pairs, *dead])
    assert backbone(network, 0, 1).tolist() == [True] * len(pairs) + [False] * len(dead)
    assert not backbone(network, 0, 9).any()
    with pytest.raises(UsageError, match="two nodes"):
        backbone(network, 3, 3)


def test_backbone_is_where_current_flows() -> None:
    """With random resistors, a junction carries current exactly when it belongs to the backbone."""
    rng = np.random.default_rng(6)
    for seed in range(10):
        network = RandomWires(60, 1.0, 0.3, 3.6, 3.6, seed).network()
        part = parts(network)
        largest = np.flatnonzero(part == np.bincount(part).argmax())
        source, sink = int(largest[0]), int(largest[-1])
        laplacian = np.zeros((60, 60))
        conductance = rng.uniform(1, 2, len(network.junctions))
        for (one, two), value in zip(network.junctions, conductance, strict=True):
            laplacian[[one, two], [one, two]] += value
            laplacian[[one, two], [two, one]] -= value
        current = np.zeros(60)
        current[source], current[sink] = 1, -1
        potential = np.linalg.pinv(laplacian, rcond=1e-12, hermitian=True) @ current
        flow = np.abs(conductance * (potential[network.junctions[:, 0]] - potential[network.junctions[:, 1]]))
        carries = backbone(network, source, sink)
        assert 0 < carries.sum() < len(carries)
        assert flow[~carries].max() < 1e-10
        assert flow[carries].min() > 1e-7


def test_every_pair_of_a_tree_has_its_path_as_backbone() -> None:
    network = _network(5, [(0, 1), (1, 2), (1, 3), (3, 4)])
    tree = nx.Graph(network.junctions.tolist())
    for one, two in itertools.combinations(range(5), 2):
        path = nx.shortest_path(tree, one, two)
        steps = {frozenset(step) for step in itertools.pairwise(path)}
        assert backbone(network, one, two).tolist() == [frozenset(edge) in steps for edge in network.junctions.tolist()]


def test_numbers_cannot_be_changed() -> None:
    numbers = statistics(_network(2, [(0, 1)]))
    with pytest.raises(dataclasses.FrozenInstanceError):
        numbers.nodes = 3  # type: ignore[misc]
