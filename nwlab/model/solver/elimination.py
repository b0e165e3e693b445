"""The order in which the nodes of a network are eliminated, and in which groups: once per topology.

Theory of operation
    Nodes are ordered by minimum degree (SciPy's SuperLU does that). The elimination tree and the number of neighbours
    that each node has when its turn comes follow from the graph alone (Liu, SIAM J. Matrix Anal. Appl. 11 (1990) 134).
    Nodes with nearly the same neighbours are eliminated together, so that loops are long and their indices few: a node
    joins its parent in the tree where that is estimated to save time, zeros included (Ashcraft and Grimes, ACM Trans.
    Math. Softw. 15 (1989) 291). Ports come last and are not eliminated.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nwlab.model.compiled import compiled
from nwlab.model.solver.vectors import Ints

# Nanoseconds by which groups are weighed; solutions are some times more frequent than factors.
_SOLUTIONS = 4.0
_GROUP, _SOLVE, _ROW = 30.0, 10.0, 2.0
_BLOCK, _FUSED, _MOVED = 0.6, 0.25, 0.6


class Sequence(NamedTuple):
    """Free nodes in the order of elimination, and where each group begins."""

    order: Ints  # (free,)
    first: Ints  # (groups + 1,)


def sequence_of(free: int, ports: int, edges: Ints) -> Sequence:
    """Order the nodes below `free`; `edges` (edges, 2) join different nodes below free + ports."""
    inner = edges[(edges < free).all(axis=1)]
    order = np.concatenate([elimination_order(free, inner), free + np.arange(ports, dtype=np.int32)])
    place = np.argsort(order)[edges]
    low, high = place.min(axis=1), place.max(axis=1)
    by_high = np.lexsort((low, high))
    first = np.searchsorted(high[by_high], np.arange(free + ports + 1)).astype(np.int64)
    parent, count = _tree(free + ports, first, low[by_high].astype(np.int64))
    group = _numbered(_merged(free, parent, count), parent, free)
    by_group = np.lexsort((np.arange(free), group))
    starts = np.searchsorted(group[by_group], np.arange(group.max(initial=-1) + 2))
    return Sequence(order[by_group].astype(np.int32), starts.astype(np.int32))


def elimination_order(nodes: int, edges: Ints) -> Ints:
    """Return the nodes in an order that leaves each few neighbours, (nodes,); edges (edges, 2) join different nodes."""
    if nodes < 3:
        return np.arange(nodes, dtype=np.int32)
    from scipy.sparse import coo_matrix, identity
    from scipy.sparse.linalg import splu

    ones = np.ones(len(edges))
    half = coo_matrix((-ones, (edges[:, 0], edges[:, 1])), shape=(nodes, nodes)).tocsc()
    degree = np.bincount(edges.ravel(), minlength=nodes).max(initial=0)
    matrix = half + half.T + (degree + 1.0) * identity(nodes, format="csc")
    factor = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return np.argsort(factor.perm_c).astype(np.int32)


@compiled
def _tree(nodes: int, first: Ints, low: Ints) -> tuple[Ints, Ints]:
    """Return each node's parent in the elimination tree, or −1, and how many neighbours it has in its turn."""
    parent = np.full(nodes, -1, dtype=np.int64)
    seen = np.full(nodes, -1, dtype=np.int64)
    count = np.zeros(nodes, dtype=np.int64)
    for k in range(nodes):
        seen[k] = k
        for p in range(first[k], first[k + 1]):
            i = low[p]
            while seen[i] != k:
                if parent[i] < 0:
                    parent[i] = k
                count[i] += 1
                seen[i] = k
                i = parent[i]
    return parent, count


@compiled
def _cost(pivots: float, rows: float) -> float:
    """Estimate the ns of a group of pivots whose front has so many rows."""
    blocks = math.ceil(rows / 8.0)
    rest = rows - pivots
    solve = _SOLVE + _BLOCK * pivots * blocks
    fused = _FUSED * blocks * (0.5 * pivots * pivots + 0.67 * pivots * rest)
    return _GROUP + _ROW * rows + fused + _MOVED * 0.5 * rest * rest + _SOLUTIONS * solve


@compiled
def _merged(free: int, parent: Ints, count: Ints) -> Ints:
    """Return the last node of each node's group, (free,)."""
    last = np.arange(free)
    pivots, rows = np.ones(free), np.empty(free)
    child, sibling = np.full(free, -1, dtype=np.int64), np.full(free, -1, dtype=np.int64)
    for k in range(free):
        rows[k] = 1.0 + count[k]
        while True:
            best, gain, before = -1, 0.0, -1
            previous, c = -1, int(child[k])
            while c >= 0:
                apart = _cost(pivots[c], rows[c]) + _cost(pivots[k], rows[k])
                saved = apart - _cost(pivots[c] + pivots[k], rows[k] + pivots[c])
                if saved > gain:
                    best, gain, before = c, saved, previous
                previous, c = c, int(sibling[c])
            if best < 0:
                break
            if before < 0:
                child[k] = sibling[best]
            else:
                sibling[before] = sibling[best]
            last[best] = k
            pivots[k] += pivots[best]
            rows[k] += pivots[best]
            c = child[best]
            while c >= 0:
                after = sibling[c]
                sibling[c] = child[k]
                child[k] = c
                c = after
        if 0 <= parent[k] < free:
            sibling[k] = child[parent[k]]
            child[parent[k]] = k
    for k in range(free - 1, -1, -1):
        last[k] = last[last[k]]
    return last


@compiled
def _numbered(last: Ints, parent: Ints, free: int) -> Ints:
    """Return the number of each node's group, (free,): children before parents, each subtree in one run."""
    child, sibling = np.full(free + 1, -1, dtype=np.int64), np.full(free + 1, -1, dtype=np.int64)
    number = np.full(free + 1, -1, dtype=np.int64)
    for k in range(free - 1, -1, -1):
        if last[k] == k:
            above = last[parent[k]] if 0 <= parent[k] < free else free
            sibling[k] = child[above]
            child[above] = k
    k, count = free, 0
    path = np.empty(free + 1, dtype=np.int64)
    depth = 0
    path[0] = free
    while depth >= 0:
        k = path[depth]
        if child[k] >= 0:
            depth += 1
            path[depth] = child[k]
            child[k] = sibling[child[k]]
        else:
            number[k] = count
            count += 1
            depth -= 1
    for k in range(free):
        number[k] = number[last[k]]
    return number[:free]
