"""What a graph theorist asks of a network: parts, backbone, degrees, clustering, paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.networks.network import IntArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_ALL = 12_000
"""Nodes up to which every path is measured; beyond, those from _SOME nodes."""
_SOME = 1_000


class Edges(Protocol):
    """Whatever has nodes and edges: a Network, or one with its pads."""

    @property
    def nodes(self) -> int:
        """How many nodes."""
        ...

    @property
    def junctions(self) -> IntArray:
        """Both nodes of each junction, (junctions, 2)."""
        ...

    @property
    def segments(self) -> IntArray:
        """Both nodes of each piece of plain wire, (segments, 2)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """A network in numbers; junctions and plain wire count alike as edges, parallel ones once for clustering."""

    nodes: int
    junctions: int
    segments: int
    degree: IntArray  # (largest degree + 1,) how many nodes have 0, 1, 2, … edges
    parts: int  # that hang together, isolated nodes included
    largest_nodes: int  # of the largest part
    largest_junctions: int
    clustering: float  # mean over all nodes
    largest_clustering: float  # mean over the nodes of the largest part
    mean_path: float  # edges between two nodes of the largest part
    diameter: int  # edges, the longest of these paths
    sources: int  # nodes from which paths were measured; fewer than largest_nodes: an estimate

    @property
    def isolated(self) -> int:
        """Nodes without an edge."""
        return int(self.degree[0])

    @property
    def mean_degree(self) -> float:
        """Edges per node."""
        return float(self.degree @ np.arange(len(self.degree))) / self.nodes

    def lines(self) -> tuple[str, ...]:
        """Return the numbers as people read them."""
        wire = f", {self.segments} pieces of wire between them" if self.segments else ""
        measured = "" if self.sources == self.largest_nodes else f" of those from {self.sources} nodes"
        return (
            f"{self.nodes} nodes, {self.junctions} junctions{wire}; {self.isolated} nodes isolated",
            f"largest of {self.parts} parts: {self.largest_nodes} nodes, {self.largest_junctions} junctions",
            f"degree {self.mean_degree:.3f} on average, {len(self.degree) - 1} at most",
            f"clustering {self.clustering:.3f}, in the largest part {self.largest_clustering:.3f}",
            f"paths of {self.mean_path:.2f} edges on average, the longest{measured} {self.diameter}",
        )


def statistics(network: Edges) -> Statistics:
    """Measure a network."""
    part = parts(network)
    sizes = np.bincount(part)
    largest = np.flatnonzero(part == sizes.argmax()).astype(np.int32)
    clustering = _clustering(network)
    mean_path, diameter, sources = _paths(network, largest)
    return Statistics(
        network.nodes,
        len(network.junctions),
        len(network.segments),
        np.bincount(degrees(network)).astype(np.int32),
        len(sizes),
        len(largest),
        int((part[network.junctions[:, 0]] == sizes.argmax()).sum()),
        float(clustering.mean()),
        float(clustering[largest].mean()),
        mean_path,
        diameter,
        sources,
    )


def parts(network: Edges) -> IntArray:
    """Return the part of each node, (nodes,): nodes of one part hang together."""
    from scipy.sparse.csgraph import connected_components

    return connected_components(_adjacency(network), directed=False)[1].astype(np.int32)


def degrees(network: Edges) -> IntArray:
    """Return how many edges each node has, (nodes,)."""
    return np.bincount(_edges(network).ravel(), minlength=network.nodes).astype(np.int32)


def together(network: Edges, nodes: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return which of some nodes, such as terminals, hang together; groups and their members keep the order."""
    part = parts(network)
    groups: dict[int, list[int]] = {}
    for node in nodes:
        groups.setdefault(int(part[node]), []).append(node)
    return tuple(tuple(group) for group in groups.values())


def percolates(network: Edges, one: Iterable[int], two: Iterable[int]) -> bool:
    """Whether a path leads from any of one set of nodes to any of another."""
    part = parts(network)
    sets = (np.array(list(nodes), dtype=np.int64) for nodes in (one, two))
    return bool(np.intersect1d(part[next(sets)], part[next(sets)]).size)


def backbone(network: Edges, source: int, sink: int) -> BoolArray:
    """Return which junctions can carry current between two nodes, (junctions,); none if they do not hang together.

    These are the junctions on some path without a detour, found as what cannot be cut from an extra edge between the
    two nodes by taking away one node. Raises UsageError unless the nodes differ.
    """
    import networkx as nx

    if source == sink:
        raise UsageError(f"a backbone lies between two nodes, not between node {source} and itself")
    inside = np.zeros(network.nodes, dtype=np.bool_)
    if percolates(network, [source], [sink]):
        graph: nx.Graph[int] = nx.Graph(_edges(network).tolist())
        graph.add_edge(source, sink)
        components: Any = nx.biconnected_components(graph)
        closed = next(nodes for nodes in components if source in nodes and sink in nodes)
        inside[list(closed)] = True
    one, two = network.junctions.T
    return inside[one] & inside[two]


def _edges(network: Edges) -> IntArray:
    return np.concatenate([network.junctions, network.segments])


def _adjacency(network: Edges) -> csr_array:
    """Return the simple graph, (nodes, nodes): 1 where an edge is, however many lie side by side."""
    from scipy.sparse import coo_array

    one, two = _edges(network).T
    shape = (network.nodes, network.nodes)
    matrix: Any = coo_array((np.ones(2 * len(one)), (np.append(one, two), np.append(two, one))), shape=shape).tocsr()
    matrix.data[:] = 1.0
    return matrix


def _clustering(network: Edges) -> FloatArray:
    """Return how many of each node's pairs of neighbours are joined, (nodes,): 0 to 1, 0 without a pair."""
    adjacency: Any = _adjacency(network)
    triangles = np.asarray(((adjacency @ adjacency) * adjacency).sum(axis=1)).ravel()
    neighbours = np.diff(adjacency.indptr).astype(np.float64)
    return triangles / np.maximum(neighbours * (neighbours - 1), 1.0)


def _paths(network: Edges, inside: IntArray) -> tuple[float, int, int]:
    """Return mean and largest number of edges between nodes of one part, and from how many nodes they were counted."""
    from nwlab.model.networks.hops_kernel import hops

    if len(inside) < 2:
        return 0.0, 0, len(inside)
    adjacency: Any = _adjacency(network)
    sources = inside if len(inside) <= _ALL else inside[np.linspace(0, len(inside) - 1, _SOME).astype(np.int64)]
    total, longest = hops(adjacency.indptr, adjacency.indices, sources)
    return total / (len(sources) * (len(inside) - 1)), int(longest), len(sources)
