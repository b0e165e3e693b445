"""A network as the solver sees it: nodes numbered in the order of elimination, ports last."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare
from nwlab.model.solver.elimination import sequence_of
from nwlab.model.solver.fronts import Fronts, fronts_of
from nwlab.model.solver.vectors import Ints


class Graph(NamedTuple):
    """Numbering and pattern of one network with one set of ports."""

    fronts: Fronts
    first: Ints  # (free + ports + 1,) first edge of each node; an edge belongs to its lower end
    high: Ints  # (live edges,) the higher end of each edge
    price: float  # of a new factor, in iterations


class Numbering:
    """A network between ports; which nodes are ports is fixed."""

    def __init__(self, nodes: int, edges: Ints, ports: Ints) -> None:
        """`edges` (edges, 2) join different nodes; `ports` (ports,) are different nodes."""
        held = _held(nodes, edges, ports)
        self.free, self.total = len(held), len(held) + len(ports)
        self.place = np.full(nodes, self.total, dtype=np.int32)  # (nodes,) parts without a port share one number
        self.place[held], self.place[ports] = np.arange(self.free), self.free + np.arange(len(ports))
        is_live = self.place[edges[:, 0]] < self.total
        sequence = sequence_of(self.free, len(ports), self.place[edges[is_live]])
        self.place[held[sequence.order]] = np.arange(self.free)
        ends = self.place[edges]
        low, high = ends.min(axis=1), ends.max(axis=1)
        live = np.flatnonzero(is_live)
        self.order = live[np.lexsort((high[live], low[live]))]  # (live edges,) which edge stands where
        self.dead = np.flatnonzero(~is_live)
        self.sign = np.where(ends[self.order, 0] < ends[self.order, 1], 1.0, -1.0)
        first = np.searchsorted(low[self.order], np.arange(self.total + 1)).astype(np.int32)
        high = high[self.order].astype(np.int32)
        fronts = fronts_of(sequence.first, len(ports), first, high)
        self.graph = Graph(fronts, first, high, _price(fronts, len(live)))


def _held(nodes: int, edges: Ints, ports: Ints) -> Ints:
    """Return the nodes, other than ports, that some port holds."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    joined = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(nodes, nodes))
    part = connected_components(joined, directed=False)[1]
    is_held = np.isin(part, part[ports])
    is_held[ports] = False
    return np.flatnonzero(is_held)


def _price(fronts: Fronts, edges: int) -> float:
    """Estimate what a new elimination costs, in iterations; the numbers are ns, measured on networks of all kinds."""
    pivots, below = np.diff(fronts.first)[:-1].astype(np.float64), np.diff(fronts.head)[:-1].astype(np.float64)
    rows = pivots + below
    blocks = np.ceil(rows / 8)
    fused = float((blocks * pivots * (0.5 * pivots + 0.67 * below)).sum())
    elimination = 176.0 * len(pivots) + 0.105 * fused + 2.13 * edges + 3.88 * float((rows * blocks).sum())
    iteration = 2.09 * float((blocks * pivots).sum()) + 0.65 * edges + 18.0 * float(pivots.sum())
    return max(elimination, 1.0) / max(iteration, 1.0)


@bare
def flows(graph: Graph, conductance: FloatArray, x: FloatArray, out: FloatArray) -> float:
    """Write the current that leaves each node into the network, (free + ports,) A, and return the power, W."""
    first, high = graph.first, graph.high
    out[:] = 0.0
    power = 0.0
    for k in range(out.size):
        here, total = x[k], 0.0
        for p in range(first[k], first[k + 1]):
            drop = here - x[high[p]]
            current = conductance[p] * drop
            total += current
            power += current * drop
            out[high[p]] -= current
        out[k] += total
    return power


@bare
def drops(graph: Graph, sign: FloatArray, x: FloatArray, out: FloatArray) -> None:
    """Write the voltage of each live edge, first node minus second, V; what `out` has beyond them stays."""
    first, high = graph.first, graph.high
    for k in range(first.size - 1):
        here = x[k]
        for p in range(first[k], first[k + 1]):
            out[p] = sign[p] * (here - x[high[p]])


@bare
def roundings(graph: Graph, conductance: FloatArray, x: FloatArray, work: FloatArray) -> float:
    """Return the current, A, that rounding loses at the nodes even when potentials are exact (2-norm)."""
    first, high = graph.first, graph.high
    work[:] = 0.0
    for k in range(first.size - 1):
        for p in range(first[k], first[k + 1]):
            flow = conductance[p] * (abs(x[k]) + abs(x[high[p]]))
            work[k] += flow
            work[high[p]] += flow
    square = 0.0
    for k in range(work.size):
        square += work[k] * work[k]
    return 2e-16 * math.sqrt(square)
