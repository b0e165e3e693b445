"""Where the numbers of an elimination are kept: which nodes each group sees, and who hands what to whom.

Theory of operation
    A group's front is the dense table of conductances between its nodes and the neighbours that they have in their
    turn. After elimination the neighbours' part is handed to the parent, which adds it to its own (Duff and Reid, ACM
    Trans. Math. Softw. 9 (1983) 302). Groups come in postorder, so that what waits to be handed on is a stack.
    Rows are padded to eight numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nwlab.model.compiled import compiled
from nwlab.model.solver.vectors import Ints


class Fronts(NamedTuple):
    """The pattern of an elimination; the ports are one more group at the end, whose nodes stay."""

    first: Ints  # (groups + 2,) first node of each group
    head: Ints  # (groups + 2,) where the neighbours of each group begin in `rows`
    rows: Ints  # neighbours, ascending; eight zeros after the last
    into: Ints  # the place of each neighbour in the front of the parent
    eldest: Ints  # (groups + 1,) a child, or −1
    sibling: Ints  # (groups + 1,) the next child of the same parent, or −1
    panel: Ints  # (groups + 1,) where the rows of each group begin in the factor
    waiting: Ints  # (groups + 1,) where what it hands on begins on the stack
    spot: Ints  # (edges,) place of each edge in the front of its lower end
    sizes: Ints  # numbers in the factor, in the largest front, on the stack, in the largest row


@compiled
def padded(count: int) -> int:
    """Return the length of a row."""
    return (count + 7) // 8 * 8


def fronts_of(starts: Ints, ports: int, first: Ints, high: Ints) -> Fronts:
    """Find the pattern for nodes that are numbered in the order of elimination.

    Groups begin at `starts` (groups + 1,); `high` (edges,) holds the higher ends of edges by their lower ones, node k's
    from first[k] on.
    """
    groups, free = len(starts) - 1, int(starts[-1])
    bounds = np.append(starts, free + ports).astype(np.int64)
    head, rows, eldest, sibling = _neighbours(bounds, first.astype(np.int64), high.astype(np.int64))
    into, spot = _places(bounds, head, rows, first.astype(np.int64), high.astype(np.int64))
    pivots, below = np.diff(bounds), np.diff(head)
    width = (pivots + below + 7) // 8 * 8
    panel = np.concatenate([[0], np.cumsum((pivots * width)[:groups])])
    waiting, stack = _stacked(below, eldest, sibling)
    sizes = np.array([panel[-1], ((pivots + below) * width).max(initial=0), stack, width.max(initial=0)])
    rows = np.append(rows, np.zeros(8, dtype=np.int64))
    parts = (bounds, head, rows, into, eldest, sibling, panel, waiting, spot, sizes)
    return Fronts(*(part.astype(np.int32) for part in parts))


@compiled
def _neighbours(bounds: Ints, first: Ints, high: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    groups = bounds.size - 2
    owner = np.empty(bounds[-1], dtype=np.int64)
    for g in range(groups + 1):
        owner[bounds[g] : bounds[g + 1]] = g
    eldest, sibling = np.full(groups + 1, -1, dtype=np.int64), np.full(groups + 1, -1, dtype=np.int64)
    head = np.zeros(groups + 2, dtype=np.int64)
    rows = np.empty(max(2 * high.size, 64), dtype=np.int64)
    seen = np.full(bounds[-1], -1, dtype=np.int64)
    for g in range(groups + 1):
        count, end = head[g], bounds[g + 1]
        if rows.size < count + bounds[-1]:
            rows = np.concatenate((rows, np.empty(max(rows.size, bounds[-1]), dtype=np.int64)))
        for p in range(first[bounds[g]], first[end]):
            if high[p] >= end and seen[high[p]] != g:
                seen[high[p]] = g
                rows[count] = high[p]
                count += 1
        child = eldest[g]
        while child >= 0:
            for p in range(head[child], head[child + 1]):
                if rows[p] >= end and seen[rows[p]] != g:
                    seen[rows[p]] = g
                    rows[count] = rows[p]
                    count += 1
            child = sibling[child]
        rows[head[g] : count] = np.sort(rows[head[g] : count])
        head[g + 1] = count
        if count > head[g]:
            above = owner[rows[head[g]]]
            sibling[g] = eldest[above]
            eldest[above] = g
    return head, rows[: head[-1]].copy(), eldest, sibling


@compiled
def _places(bounds: Ints, head: Ints, rows: Ints, first: Ints, high: Ints) -> tuple[Ints, Ints]:
    groups = bounds.size - 2
    owner, place = np.empty(bounds[-1], dtype=np.int64), np.empty(bounds[-1], dtype=np.int64)
    for g in range(groups + 1):
        owner[bounds[g] : bounds[g + 1]] = g
    into, spot = np.empty(rows.size, dtype=np.int64), np.empty(high.size, dtype=np.int64)
    kids = np.argsort(np.array([owner[rows[head[g]]] if head[g + 1] > head[g] else -1 for g in range(groups + 1)]))
    above = np.array([owner[rows[head[g]]] if head[g + 1] > head[g] else -1 for g in range(groups + 1)])
    at = 0
    for g in range(groups + 1):
        pivots = bounds[g + 1] - bounds[g]
        for k in range(bounds[g], bounds[g + 1]):
            place[k] = k - bounds[g]
        for p in range(head[g], head[g + 1]):
            place[rows[p]] = pivots + p - head[g]
        width = padded(pivots + head[g + 1] - head[g])
        for k in range(bounds[g], bounds[g + 1]):
            for p in range(first[k], first[k + 1]):
                spot[p] = (k - bounds[g]) * width + place[high[p]]
        while at < kids.size and above[kids[at]] <= g:
            if above[kids[at]] == g:
                for p in range(head[kids[at]], head[kids[at] + 1]):
                    into[p] = place[rows[p]]
            at += 1
    return into, spot


@compiled
def _stacked(below: Ints, eldest: Ints, sibling: Ints) -> tuple[Ints, int]:
    """Return where each group's handed-on part begins on the stack, and how long the stack becomes."""
    waiting = np.zeros(below.size, dtype=np.int64)
    top, most = 0, 0
    for g in range(below.size):
        child = eldest[g]
        while child >= 0:
            top = min(top, waiting[child])
            child = sibling[child]
        waiting[g] = top
        top += below[g] * padded(below[g])
        most = max(most, top)
    return waiting, most
