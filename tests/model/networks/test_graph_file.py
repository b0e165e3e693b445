from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from nwlab.core.errors import FileError, UsageError
from nwlab.model.networks.graph_file import from_networkx, read_graph, to_networkx
from nwlab.model.networks.grid import Grid
from nwlab.model.networks.network import Network
from nwlab.model.networks.wires import RandomWires


def _edges(network: Network) -> list[tuple[int, int]]:
    return sorted((min(a, b), max(a, b)) for a, b in network.junctions.tolist())


def _grid() -> Network:
    return Grid(4, 3, "random", 1e-6, 2).network()


def test_graphml_keeps_numbers_places_and_parallel_junctions(tmp_path: Path) -> None:
    path = tmp_path / "net.graphml"
    path.write_text(
        """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
        <key id="a" for="node" attr.name="x" attr.type="double"/>
        <key id="b" for="node" attr.name="y" attr.type="string"/>
        <graph edgedefault="undirected">
        <node id="2"><data key="a">2e-6</data><data key="b">5e-6</data></node>
        <node id="0"><data key="a">0</data><data key="b">1e-6</data></node>
        <node id="1"><data key="a">1e-6</data><data key="b">0</data></node>
        <edge id="p" source="0" target="2"/><edge id="q" source="2" target="0"/><edge id="r" source="1" target="2"/>
        </graph></graphml>""",
        encoding="utf-8",
    )
    network = read_graph(path)
    assert _edges(network) == [(0, 2), (0, 2), (1, 2)]
    np.testing.assert_allclose(network.position, [(0, 1e-6), (1e-6, 0), (2e-6, 5e-6)])


def test_there_and_back(tmp_path: Path) -> None:
    for network in (_grid(), RandomWires(80, 1e-5, 2e-6, 5e-5, 5e-5, seed=1).segment_network(1e7)):
        path = tmp_path / "net.graphml"
        nx.write_graphml(to_networkx(network), path)
        again = read_graph(path)
        assert again.nodes == network.nodes
        assert _edges(again) == _edges(network)
        np.testing.assert_allclose(again.position, network.position, rtol=1e-12)
        assert sorted(again.segment_conductance) == pytest.approx(sorted(network.segment_conductance), rel=1e-12)


@pytest.mark.parametrize("ending", ["edgelist", "adjlist"])
def test_lists_of_edges_and_neighbours(tmp_path: Path, ending: str) -> None:
    path, network = tmp_path / f"net.{ending}", _grid()
    graph = nx.Graph(network.junctions.tolist())
    if ending == "edgelist":
        nx.write_edgelist(graph, path, data=False)
    else:
        nx.write_adjlist(graph, path)
    again = read_graph(path)
    assert _edges(again) == _edges(network)
    assert again.position.min() == 0
    assert 0 < again.position.max() < 1e-5


def test_names_count_in_their_order() -> None:
    network = from_networkx(nx.Graph([("left", "mid"), ("mid", "right")]))
    assert network.junctions.tolist() == [[0, 1], [1, 2]]


def test_directions_are_left_out() -> None:
    assert _edges(from_networkx(nx.DiGraph([(0, 1), (1, 0), (2, 1)]))) == [(0, 1), (1, 2)]


@pytest.mark.parametrize("place", [(1e-6, 2e-6), "1e-6,2e-6", "(1e-6, 2e-6)", [1e-6, 2e-6]])
def test_places_may_be_pairs(place: Any) -> None:
    graph: nx.Graph[int] = nx.Graph([(0, 1)])
    nx.set_node_attributes(graph, place if isinstance(place, str) else {0: place, 1: place}, "pos")
    np.testing.assert_allclose(from_networkx(graph).extent, [[(1e-6, 2e-6)] * 2] * 2)


@pytest.mark.parametrize(("side", "ratio"), [(5, 0.6), (25, 0.1)])
def test_a_layout_keeps_neighbours_near(side: int, ratio: float) -> None:
    """Far nearer than nodes that are shuffled would be; as densely as one per square of a micrometre."""
    graph = nx.Graph(Grid(side, side, "none", 1.0, 0).network().junctions.tolist())
    network = from_networkx(graph)
    np.testing.assert_array_equal(network.extent, from_networkx(graph).extent)
    edges = network.position[network.junctions]
    near = np.hypot(*(edges[:, 0] - edges[:, 1]).T).mean()
    shuffled = np.random.default_rng(0).permutation(network.position)[network.junctions]
    assert near < ratio * np.hypot(*(shuffled[:, 0] - shuffled[:, 1]).T).mean()
    assert network.position.max() == pytest.approx(side * 1e-6, rel=0.1)
    assert len(np.unique(network.position, axis=0)) == side * side


def test_isolated_nodes_stay() -> None:
    graph = nx.path_graph(3)
    graph.add_node(3)
    assert from_networkx(graph).nodes == 4


def _graph(edges: list[tuple[Any, ...]], places: dict[Any, dict[str, Any]] | None = None) -> nx.Graph[Any]:
    graph: nx.Graph[Any] = nx.Graph(edges)
    nx.set_node_attributes(graph, places or {})
    return graph


@pytest.mark.parametrize(
    ("graph", "text"),
    [
        (nx.Graph(), "no nodes"),
        (_graph([("a", "b"), ("b", "b")]), "an edge joins node 'b' with itself"),
        (_graph([(0, 1)], {0: {"x": 1.0, "y": 1.0}}), "node 1 needs a place"),
        (_graph([(0, 1)], {0: {"x": 1.0}, 1: {"x": 1.0, "y": 1.0}}), "node 0 needs a place"),
        (_graph([(0, 1)], {0: {"pos": "1"}, 1: {"pos": "1, 2"}}), "node 0 needs a place"),
        (_graph([(0, 1)], {0: {"pos": 1.0}, 1: {"pos": "1, 2"}}), "node 0 needs a place"),
        (_graph([(0, 1, {"segment_conductance": 0})]), "from 0 to 1 needs a positive segment_conductance"),
        (_graph([(0, 1, {"segment_conductance": "much"})]), "positive segment_conductance in S, not 'much'"),
    ],
)
def test_what_is_no_network_is_refused(graph: nx.Graph[Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        from_networkx(graph)


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("net.xlsx", "", "ends in .graphml, .edgelist, .edges, .adjlist, not '.xlsx'"),
        ("net.graphml", "<graphml", "is not a graph that can be read"),
        ("net.graphml", "no\nXML", "is not a graph that can be read"),
        ("net.edgelist", "0 1 many words\n", "is not a graph that can be read"),
        ("net.edgelist", "# nothing\n", "no nodes"),
        ("net.edgelist", "0 1\n1 1\n", "an edge joins node '1' with itself"),
        ("net.adjlist", b"\xff\xfe\xfa", "is not a graph that can be read"),
    ],
)
def test_files_that_cannot_be_used_are_told_in_one_line(
    tmp_path: Path, name: str, content: str | bytes, text: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FileError) as told:
        read_graph(path)
    assert text in str(told.value)
    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such file"):
        read_graph(tmp_path / "net.graphml")
