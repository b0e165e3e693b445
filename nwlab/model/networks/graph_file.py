"""Networks as graphs: from files of other programs and from networkx, and back to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import AskedError, FileError, UsageError
from nwlab.model.networks.network import Network

if TYPE_CHECKING:
    import networkx as nx

SPACING = 1e-6
"""m between neighbours, about, where a graph says nothing about places."""

_SPRINGS = 500  # nodes up to which a layout by springs takes no more than a second

_PIVOTS = 50  # nodes from which distances are counted beyond that

_PLAIN = "segment_conductance"  # attribute, S, of an edge that is plain wire


def read_graph(path: str | Path) -> Network:
    """Read a network from GraphML, an edge list or an adjacency list, by the file's ending.

    See `from_networkx` for what becomes of nodes and edges. Raises FileError.
    """
    path = Path(path)
    reader = _readers().get(path.suffix.lower())
    if reader is None:
        raise FileError(f"a graph file ends in {', '.join(_readers())}, not {path.suffix!r}", path)
    try:
        graph = reader(path)
    except FileNotFoundError as error:
        raise FileError("there is no such file", path) from error
    except Exception as error:  # the parsers raise whatever the text made them stumble over
        raise FileError(f"is not a graph that can be read: {' '.join(str(error).split())}", path) from error
    try:
        return from_networkx(graph)
    except AskedError as error:
        raise FileError(str(error), path) from error


def from_networkx(graph: nx.Graph[Any]) -> Network:
    """Turn a graph into a network: each edge a junction, parallel ones too; one and its reverse are the same.

    Nodes keep their numbers where they are called 0 to n − 1 in any order, and otherwise count as the graph lists them.
    They lie at their attributes x and y, or at pos = (x, y), in m; where no node has any, at places that keep
    neighbours together. An edge with the attribute segment_conductance in S is plain wire. Raises UsageError.
    """
    if not len(graph):
        raise UsageError("the graph has no nodes")
    graph = graph.to_undirected(as_view=True)
    number = _numbers(list(graph))
    junctions: list[tuple[int, int]] = []
    segments: list[tuple[int, int]] = []
    conductance: list[float] = []
    for one, two, attributes in graph.edges(data=True):
        if one == two:
            raise UsageError(f"an edge joins node {one!r} with itself")
        if _PLAIN in attributes:
            segments.append((number[one], number[two]))
            conductance.append(_conductance(attributes[_PLAIN], one, two))
        else:
            junctions.append((number[one], number[two]))
    places = _places(graph, number)
    extent = np.stack([places, places], axis=1)
    pairs = (np.array(edges, dtype=np.int32).reshape(-1, 2) for edges in (junctions, segments))
    return Network(len(graph), next(pairs), extent, next(pairs), np.array(conductance, dtype=np.float64))


def to_networkx(network: Network) -> nx.MultiGraph[int]:
    """Turn a network into a graph: nodes with x and y in m, junctions with their number, wire with its conductance.

    A wire is written as its middle, and comes back as a point.
    """
    import networkx as nx

    graph: nx.MultiGraph[int] = nx.MultiGraph()
    places = network.position.tolist()
    graph.add_nodes_from((node, {"x": x, "y": y}) for node, (x, y) in enumerate(places))
    pairs = network.junctions.tolist()
    graph.add_edges_from((one, two, {"junction": number}) for number, (one, two) in enumerate(pairs))
    wires = zip(network.segments.tolist(), network.segment_conductance.tolist(), strict=True)
    graph.add_edges_from((one, two, {_PLAIN: value}) for (one, two), value in wires)
    return graph


def _readers() -> dict[str, Callable[[Path], nx.Graph[Any]]]:
    import networkx as nx

    return {
        ".graphml": nx.read_graphml,
        ".edgelist": nx.read_edgelist,
        ".edges": nx.read_edgelist,
        ".adjlist": nx.read_adjlist,
    }


def _numbers(names: list[Hashable]) -> dict[Hashable, int]:
    """Return the number of each node; files have numbers as texts."""
    written = [str(name) for name in names]
    if sorted(written) == sorted(str(number) for number in range(len(names))):
        return {name: int(text) for name, text in zip(names, written, strict=True)}
    return {name: number for number, name in enumerate(names)}


def _conductance(value: Any, one: Hashable, two: Hashable) -> float:
    number = _number(value)
    if not 0 < number < math.inf:
        raise UsageError(f"the edge from {one!r} to {two!r} needs a positive {_PLAIN} in S, not {value!r}")
    return number


def _number(value: Any) -> float:
    """Return a number, NaN for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _places(graph: nx.Graph[Any], number: dict[Hashable, int]) -> FloatArray:
    """Return where the nodes lie, (nodes, 2) m."""
    written = {name: _place(attributes) for name, attributes in graph.nodes(data=True)}
    if not any(written.values()):
        return _layout(graph, number)
    places = np.empty((len(graph), 2))
    for name, place in written.items():
        if place is None or not all(math.isfinite(part) for part in place):
            raise UsageError(f"node {name!r} needs a place as the others have: x and y, or pos = (x, y), in m")
        places[number[name]] = place
    return places


def _place(attributes: dict[str, Any]) -> tuple[float, float] | None:
    """Return the place that a node's attributes tell, with NaN for what is no number, or None."""
    if "x" in attributes or "y" in attributes:
        return _number(attributes.get("x")), _number(attributes.get("y"))
    if "pos" not in attributes:
        return None
    place = attributes["pos"]
    if isinstance(place, str):
        place = place.strip("()[] ").replace(",", " ").split()
    try:
        x, y = place
    except (TypeError, ValueError):
        return math.nan, math.nan
    return _number(x), _number(y)


def _layout(graph: nx.Graph[Any], number: dict[Hashable, int]) -> FloatArray:
    """Place nodes so that neighbours are near, about one per square of SPACING."""
    import networkx as nx

    bare: nx.Graph[int] = nx.Graph()
    bare.add_nodes_from(range(len(graph)))
    bare.add_edges_from((number[one], number[two]) for one, two in graph.edges())
    is_large = len(graph) > _SPRINGS
    places = _by_distance(bare) if is_large else np.array(list(nx.spring_layout(bare, seed=0).values()))
    places -= places.min(axis=0)
    span = float(places.max())
    return places * (SPACING * math.sqrt(len(graph)) / span if span > 0 else 0.0)


def _by_distance(bare: nx.Graph[int]) -> FloatArray:
    """Place nodes by how many edges they are from some of them, (nodes, 2).

    Classical scaling with pivots (Brandes and Pich, Graph Drawing 2006): squared distances, centred both ways, and the
    two directions in which they differ most.
    """
    import networkx as nx
    from scipy.sparse.csgraph import dijkstra

    pivots = np.linspace(0, len(bare) - 1, _PIVOTS).astype(np.int64)
    matrix = nx.to_scipy_sparse_array(bare, format="csr")
    square = np.asarray(dijkstra(matrix, directed=False, unweighted=True, indices=pivots)).T ** 2
    is_near = np.isfinite(square)
    square[~is_near] = 2 * square[is_near].max(initial=1.0)
    centred = square - square.mean(axis=0) - square.mean(axis=1, keepdims=True) + square.mean()
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
