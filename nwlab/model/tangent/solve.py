"""Sixteen right-hand sides at once with one elimination: how potentials answer to many small changes; compiled.

The steps are those of `nwlab.model.solver.star_mesh.back_solve`; here a row of sixteen numbers stands where one number
stands there, so that every weight is read once.
"""

from __future__ import annotations

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare
from nwlab.model.solver.fronts import Fronts, padded
from nwlab.model.solver.lanes import alike, load, plus, store
from nwlab.model.solver.star_mesh import Factor
from nwlab.model.tangent.columns import WIDTH


@bare
def back_solve_rows(fronts: Fronts, factor: Factor, x: FloatArray) -> None:
    """Replace currents into nodes, A, by the potentials that they cause while all ports are at 0 V.

    `x` is flat, (free + ports) rows of WIDTH.
    """
    _gather(fronts, factor, x)
    free = factor.inverse.size
    zero = alike(0.0)
    for k in range(free):
        scale, at = alike(factor.inverse[k]), k * WIDTH
        store(x, at, plus(zero, scale, load(x, at)))
        store(x, at + 8, plus(zero, scale, load(x, at + 8)))
    for at in range(free * WIDTH, x.size, 8):
        store(x, at, zero)
    _lift(fronts, factor, x)


@bare
def _gather(fronts: Fronts, factor: Factor, x: FloatArray) -> None:
    weight, bounds, head, rows = factor.weight, fronts.first, fronts.head, fronts.rows
    for g in range(bounds.size - 2):
        node, begin = bounds[g], head[g]
        pivots, count = bounds[g + 1] - node, head[g + 1] - begin
        width = padded(pivots + count)
        for j in range(pivots):
            row, here = fronts.panel[g] + j * width, (node + j) * WIDTH
            one, two = load(x, here), load(x, here + 8)
            for k in range(j + 1, pivots):
                w, there = alike(weight[row + k]), (node + k) * WIDTH
                store(x, there, plus(load(x, there), w, one))
                store(x, there + 8, plus(load(x, there + 8), w, two))
            for k in range(count):
                w, there = alike(weight[row + pivots + k]), rows[begin + k] * WIDTH
                store(x, there, plus(load(x, there), w, one))
                store(x, there + 8, plus(load(x, there + 8), w, two))


@bare
def _lift(fronts: Fronts, factor: Factor, x: FloatArray) -> None:
    weight, bounds, head, rows = factor.weight, fronts.first, fronts.head, fronts.rows
    for g in range(bounds.size - 3, -1, -1):
        node, begin = bounds[g], head[g]
        pivots, count = bounds[g + 1] - node, head[g + 1] - begin
        width = padded(pivots + count)
        for j in range(pivots - 1, -1, -1):
            row, here = fronts.panel[g] + j * width, (node + j) * WIDTH
            one, two = load(x, here), load(x, here + 8)
            for k in range(j + 1, pivots):
                w, there = alike(weight[row + k]), (node + k) * WIDTH
                one, two = plus(one, w, load(x, there)), plus(two, w, load(x, there + 8))
            for k in range(count):
                w, there = alike(weight[row + pivots + k]), rows[begin + k] * WIDTH
                one, two = plus(one, w, load(x, there)), plus(two, w, load(x, there + 8))
            store(x, here, one)
            store(x, here + 8, two)
