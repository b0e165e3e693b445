"""Elimination of nodes by star-mesh transforms, and what follows from it: compiled.

Theory of operation
    A node with conductances g_i to its neighbours and nothing else is equivalent to a mesh g_i·g_k/Σg between them, and
    its potential is the mean of theirs with weights g_i/Σg. Eliminating all free nodes leaves the mesh between the
    ports: Kron's reduction. This is Gauss elimination of the conductance matrix, but nothing is ever subtracted, the
    diagonal being a sum of what is left (Grassmann, Taksar, Heyman, Oper. Res. 33 (1985) 1107; accuracy: O'Cinneide,
    Numer. Math. 65 (1993) 109). So every conductance of the mesh has nearly all its digits, however weak beside the
    others, and a node that has lost all its conductances is known by Σg = 0 exactly; its potential is 0 V.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare
from nwlab.model.solver.fronts import Fronts, padded
from nwlab.model.solver.lanes import alike, beyond, collect, load, plus, store, total, within
from nwlab.model.solver.vectors import Ints


class Factor(NamedTuple):
    """The numbers of an elimination, for one state of one chip."""

    weight: FloatArray  # weights of the means, group by group
    inverse: FloatArray  # (free,) 1/Σg, Ohm
    mesh: FloatArray  # (ports, ports) S between the ports, 0 on the diagonal
    front: FloatArray
    stack: FloatArray
    row: FloatArray


def empty_factor(fronts: Fronts) -> Factor:
    """Return room for the numbers."""
    numbers, front, stack, row = (int(size) for size in fronts.sizes)
    free, ports = int(fronts.first[-2]), int(fronts.first[-1] - fronts.first[-2])
    return Factor(
        np.zeros(numbers + row + 8),
        np.zeros(free),
        np.zeros((ports, ports)),
        np.zeros(front + 4 * row + 8),
        np.zeros(stack + row + 8),
        np.zeros(row + 8),
    )


@bare
def eliminate(fronts: Fronts, edge: Ints, conductance: FloatArray, factor: Factor) -> None:
    """Eliminate all free nodes; edges in the order of `fronts.spot`, node k's from edge[k] on, S."""
    front, bounds, head = factor.front, fronts.first, fronts.head
    groups = bounds.size - 2
    for g in range(groups):
        pivots = bounds[g + 1] - bounds[g]
        rows = pivots + head[g + 1] - head[g]
        width = padded(rows)
        for i in range(rows):
            for k in range(i * width + i // 8 * 8, (i + 1) * width, 8):
                store(front, k, alike(0.0))
        for p in range(edge[bounds[g]], edge[bounds[g + 1]]):
            front[fronts.spot[p]] += conductance[p]
        child = int(fronts.eldest[g])
        while child >= 0:
            _receive(fronts, child, factor.stack, front, width)
            child = int(fronts.sibling[child])
        _reduce(front, pivots, rows, width, factor.weight, fronts.panel[g], factor.inverse[bounds[g] :])
        _hand_on(front, pivots, rows, width, factor.stack, fronts.waiting[g])
    _close(fronts, edge, conductance, factor)


@bare
def _receive(fronts: Fronts, child: int, stack: FloatArray, front: FloatArray, width: int) -> None:
    """Add what a child hands on."""
    begin, count = fronts.head[child], fronts.head[child + 1] - fronts.head[child]
    into, place = fronts.into, fronts.waiting[child]
    step = padded(count)
    for i in range(count - 1):
        target = into[begin + i] * width
        for k in range(i + 1, count):
            front[target + into[begin + k]] += stack[place + k]
        place += step


@bare
def _reduce(
    front: FloatArray, pivots: int, rows: int, width: int, weight: FloatArray, place: int, inverse: FloatArray
) -> None:
    """Turn the first `pivots` stars of a front into meshes, and note the weights."""
    for i in range(0, rows, 4):
        count = min(i, pivots)
        if count > 0:
            _add_four(front, i, count, width, weight, place + i)
        for k in range(i, min(i + 4, rows)):
            for j in range(i, min(k, pivots)):
                _add_one(front, j * width, k * width, weight[place + j * width + k], k // 8 * 8, width)
            if k < pivots:
                inverse[k] = _weigh(front, k, width, weight, place + k * width)


@bare
def _add_one(front: FloatArray, source: int, target: int, factor: float, start: int, width: int) -> None:
    f = alike(factor)
    for k in range(start, width, 8):
        store(front, target + k, plus(load(front, target + k), f, load(front, source + k)))


@bare
def _add_four(front: FloatArray, first: int, count: int, width: int, weight: FloatArray, place: int) -> None:
    """Add to four rows from `first` on what the meshes of `count` pivots give them."""
    row, k = first * width, first // 8 * 8
    if (width - k) % 16:
        _add_narrow(front, row + k, k, count, width, weight, place)
        k += 8
    while k < width:
        p = row + k
        a, e = load(front, p), load(front, p + 8)
        b, f = load(front, p + width), load(front, p + width + 8)
        c, g = load(front, p + 2 * width), load(front, p + 2 * width + 8)
        d, h = load(front, p + 3 * width), load(front, p + 3 * width + 8)
        q, w = k, place
        for _ in range(count):
            one, two = load(front, q), load(front, q + 8)
            s = alike(weight[w])
            a, e = plus(a, s, one), plus(e, s, two)
            s = alike(weight[w + 1])
            b, f = plus(b, s, one), plus(f, s, two)
            s = alike(weight[w + 2])
            c, g = plus(c, s, one), plus(g, s, two)
            s = alike(weight[w + 3])
            d, h = plus(d, s, one), plus(h, s, two)
            q += width
            w += width
        store(front, p, a)
        store(front, p + 8, e)
        store(front, p + width, b)
        store(front, p + width + 8, f)
        store(front, p + 2 * width, c)
        store(front, p + 2 * width + 8, g)
        store(front, p + 3 * width, d)
        store(front, p + 3 * width + 8, h)
        k += 16


@bare
def _add_narrow(front: FloatArray, p: int, q: int, count: int, width: int, weight: FloatArray, w: int) -> None:
    """The same for eight columns."""
    a, b, c, d = load(front, p), load(front, p + width), load(front, p + 2 * width), load(front, p + 3 * width)
    for _ in range(count):
        one = load(front, q)
        a = plus(a, alike(weight[w]), one)
        b = plus(b, alike(weight[w + 1]), one)
        c = plus(c, alike(weight[w + 2]), one)
        d = plus(d, alike(weight[w + 3]), one)
        q += width
        w += width
    store(front, p, a)
    store(front, p + width, b)
    store(front, p + 2 * width, c)
    store(front, p + 3 * width, d)


@bare
def _weigh(front: FloatArray, node: int, width: int, weight: FloatArray, place: int) -> float:
    """Write the weights of one node's neighbours; return 1/Σg."""
    row, start = node * width, node // 8 * 8
    one, zero = alike(1.0), alike(0.0)
    first = beyond(load(front, row + start), node - start + 1)
    together = first
    for k in range(start + 8, width, 8):
        together = plus(together, one, load(front, row + k))
    whole = total(together)
    inverse = 1.0 / whole if whole > 0.0 else 0.0
    scale = alike(inverse)
    store(front, row + start, first)
    store(weight, place + start, plus(zero, scale, first))
    for k in range(start + 8, width, 8):
        store(weight, place + k, plus(zero, scale, load(front, row + k)))
    return inverse


@bare
def _hand_on(front: FloatArray, pivots: int, rows: int, width: int, stack: FloatArray, place: int) -> None:
    """Put the neighbours' part of a front on the stack."""
    count = rows - pivots
    step = padded(count)
    one, zero = alike(1.0), alike(0.0)
    for i in range(count - 1):
        row = (pivots + i) * width + pivots
        for k in range(i // 8 * 8, step, 8):
            store(stack, place + k, plus(zero, one, load(front, row + k)))
        place += step


@bare
def _close(fronts: Fronts, edge: Ints, conductance: FloatArray, factor: Factor) -> None:
    """Gather the mesh between the ports."""
    mesh, bounds = factor.mesh, fronts.first
    ports, groups = mesh.shape[0], bounds.size - 2
    flat, width = factor.front[: ports * padded(ports)], padded(ports)
    flat[:] = 0.0
    for p in range(edge[bounds[groups]], edge[bounds[groups + 1]]):
        flat[fronts.spot[p]] += conductance[p]
    child = int(fronts.eldest[groups])
    while child >= 0:
        _receive(fronts, child, factor.stack, flat, width)
        child = int(fronts.sibling[child])
    for i in range(ports):
        mesh[i, i] = 0.0
        for k in range(i + 1, ports):
            mesh[i, k] = mesh[k, i] = flat[i * width + k]


@bare
def gather(fronts: Fronts, factor: Factor, x: FloatArray) -> None:
    """Hand the currents x (free + ports,) A into nodes on to the neighbours, by weight, until all reach the ports."""
    weight, row, bounds, head, rows = factor.weight, factor.row, fronts.first, fronts.head, fronts.rows
    for g in range(bounds.size - 2):
        node, place, begin = bounds[g], fronts.panel[g], head[g]
        pivots, count = bounds[g + 1] - node, head[g + 1] - begin
        width = padded(pivots + count)
        if pivots > 1:
            _gather_inside(weight, place, row, pivots, width, x, node)
        place += pivots
        for k in range(0, count, 8):
            sums, q = alike(0.0), place + k
            for j in range(pivots):
                sums = plus(sums, alike(x[node + j]), load(weight, q))
                q += width
            store(row, 0, sums)
            for i in range(min(count - k, 8)):
                x[rows[begin + k + i]] += row[i]


@bare
def _gather_inside(
    weight: FloatArray, place: int, row: FloatArray, pivots: int, width: int, x: FloatArray, node: int
) -> None:
    """Hand on currents within a group."""
    for j in range(0, pivots, 8):
        count, end = min(pivots - j, 8), min(pivots, j + 8)
        for i in range(j, j + count):
            here, q = x[node + i], place + i * width
            for k in range(i + 1, end):
                x[node + k] += weight[q + k] * here
        for k in range(end, pivots, 8):
            sums, q = alike(0.0), place + j * width + k
            for i in range(j, j + count):
                sums = plus(sums, alike(x[node + i]), load(weight, q))
                q += width
            store(row, 0, sums)
            for i in range(min(pivots - k, 8)):
                x[node + k + i] += row[i]


@bare
def lift(fronts: Fronts, factor: Factor, x: FloatArray) -> None:
    """Add to each free node's potential in x (free + ports,) V the mean of its later neighbours', by weight."""
    weight, row, bounds, head, rows = factor.weight, factor.row, fronts.first, fronts.head, fronts.rows
    for g in range(bounds.size - 3, -1, -1):
        node, begin = bounds[g], head[g]
        pivots, count = bounds[g + 1] - node, head[g + 1] - begin
        width = padded(pivots + count)
        for k in range(0, count, 8):
            store(row, k, within(collect(x, rows, begin + k), count - k))
        for j in range((pivots - 1) // 8 * 8, -1, -8):
            place = fronts.panel[g] + j * width
            _lift_eight(weight, place, row, j, pivots, count, width, x, node)


@bare
def _lift_eight(
    weight: FloatArray,
    place: int,
    row: FloatArray,
    first: int,
    pivots: int,
    count: int,
    width: int,
    x: FloatArray,
    node: int,
) -> None:
    """Add the means to up to eight pivots of a group from number `first` on."""
    end = min(first + 8, pivots)
    for j in range(first, end):
        q = place + (j - first) * width
        mean = alike(0.0)
        for k in range(0, count, 8):
            mean = plus(mean, load(weight, q + pivots + k), load(row, k))
        for k in range(end, pivots, 8):
            mean = plus(mean, load(weight, q + k), within(load(x, node + k), pivots - k))
        x[node + j] += total(mean)
    for j in range(end - 1, first, -1):
        here, q = x[node + j], place + j
        for i in range(first, j):
            x[node + i] += weight[q] * here
            q += width


@bare
def back_solve(fronts: Fronts, factor: Factor, x: FloatArray) -> None:
    """Replace currents x (free + ports,) A into nodes by the potentials that they cause while all ports are at 0 V."""
    gather(fronts, factor, x)
    free = factor.inverse.size
    for k in range(free):
        x[k] *= factor.inverse[k]
    x[free:] = 0.0
    lift(fronts, factor, x)
