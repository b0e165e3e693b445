"""Potentials inside a network whose ports are held: solved again and again while conductances creep.

Theory of operation
    A new elimination gives the potentials directly. Later it is kept, though old, as preconditioner of conjugate
    gradients that start from a guess (Hestenes and Stiefel, J. Res. NBS 49 (1952) 409). A new elimination is due when
    the iterations that a new one would have saved have cost as much as it does, or where a single solution would: what
    an iteration gains is known from the last ones, so that their number can be foreseen. Prices are estimates, not
    clock readings, so that the same question has the same answer to the last digit. A solution counts when the current
    lost at the nodes (2-norm), worked out anew, is below `TOLERANCE` of the current through the ports, or is mere
    rounding.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import NwlabError
from nwlab.model.compiled import bare
from nwlab.model.solver.graph import Graph, Numbering, drops, flows, roundings
from nwlab.model.solver.prediction import Past, forget_unless, guess, no_past, remember
from nwlab.model.solver.star_mesh import Factor, back_solve, eliminate, empty_factor, lift
from nwlab.model.solver.vectors import dot, put, roomy

__all__ = ["FAILED", "TOLERANCE", "Graph", "Interior", "Memory", "drops", "follow"]

TOLERANCE = 1e-8
"""Lost current over current through the ports."""

FAILED = -1
"""What `follow` answers when even a new elimination does not lead to a solution."""

_MOST = 60  # iterations before an old elimination is given up
_USUAL = 1.0  # iteration that a solution needs while the elimination is new
_FRESH = 7.0  # ln of what an iteration gains while nothing is known
_EXCESS, _GAIN = range(2)


class Memory(NamedTuple):
    """What is remembered from solution to solution of one chip."""

    factor: Factor
    past: Past
    books: FloatArray  # iterations beyond the usual since the elimination, ln of what an iteration gains
    work: FloatArray  # (4, free + ports)
    currents: FloatArray  # (ports,) A into the network


class Interior(Numbering):
    """A network between ports; which nodes are ports is fixed."""

    def memory(self) -> Memory:
        """Return an empty memory for one chip."""
        return Memory(
            empty_factor(self.graph.fronts),
            no_past(self.total),
            np.zeros(2),
            roomy(4, self.total),
            np.zeros(self.total - self.free),
        )

    def settle(self, memory: Memory, conductance: FloatArray, held: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the potentials (nodes,) V, of isolated nodes 0, and the currents (ports,) A into the network.

        `conductance` (live edges,) S in the order of `order`, `held` (ports,) V. Raises NwlabError when no solution is
        found.
        """
        x = roomy(self.total + 1)
        if follow(self.graph, memory, conductance, held, x[: self.total]) == FAILED:
            raise NwlabError(
                "the chip model found no potentials that satisfy Kirchhoff's laws; conductances range from "
                f"{conductance.min():.3g} S to {conductance.max():.3g} S"
            )
        return x[self.place], memory.currents.copy()


@bare
def follow(graph: Graph, memory: Memory, conductance: FloatArray, held: FloatArray, x: FloatArray) -> int:
    """Find the potentials x (free + ports,) V while the ports are `held` (ports,) V; return the iterations, or FAILED.

    `conductance` (live edges,) S and x stand in the order of the graph. Currents into the ports stay in the memory.
    """
    free = x.size - held.size
    lowest, highest = held[0], held[0]
    for port in range(1, held.size):
        lowest, highest = min(lowest, held[port]), max(highest, held[port])
    scale = highest - lowest
    if scale == 0.0:
        x[:] = lowest
        memory.currents[:] = 0.0
        return 0
    for port in range(held.size):
        x[free + port] = (held[port] - lowest) / scale
    forget_unless(memory.past, x[free:])
    guess(memory.past, x[:free])
    count = _solve(graph, memory, conductance, x)
    if count == FAILED:
        memory.past.ring[1] = 0.0
        return FAILED
    remember(memory.past, x)
    for port in range(held.size):
        memory.currents[port] *= scale
    for k in range(free):
        x[k] = lowest + scale * x[k]
    put(x[free:], held)
    return count


@bare
def _solve(graph: Graph, memory: Memory, conductance: FloatArray, x: FloatArray) -> int:
    """Find potentials from a guess, by the old elimination while that pays."""
    books = memory.books
    if books[_GAIN] > 0.0 and books[_EXCESS] <= graph.price:
        excess = _excess(graph, memory, conductance, x)
        foreseen = math.log(max(excess, 1.0)) / books[_GAIN]
        if foreseen - _USUAL <= graph.price:
            count = _iterate(graph, memory, conductance, x, excess)
            if count != FAILED:
                books[_EXCESS] += max(count - _USUAL, 0.0)
                return count
    return _renew(graph, memory, conductance, x)


@bare
def _renew(graph: Graph, memory: Memory, conductance: FloatArray, x: FloatArray) -> int:
    """Eliminate anew, which gives the potentials; return the iterations that had to follow, or FAILED."""
    books, free = memory.books, memory.factor.inverse.size
    eliminate(graph.fronts, graph.first, conductance, memory.factor)
    books[_EXCESS], books[_GAIN] = 0.0, _FRESH
    x[:free] = 0.0
    lift(graph.fronts, memory.factor, x)
    excess = _excess(graph, memory, conductance, x)
    good = excess <= 1.0 or _is_rounding(graph, memory, conductance, x)
    count = 0 if good else _iterate(graph, memory, conductance, x, excess)
    if count == FAILED:
        books[_GAIN] = 0.0
        return FAILED
    mesh, ports = memory.factor.mesh, x[free:]
    for port in range(ports.size):
        memory.currents[port] = 0.0
        for other in range(ports.size):
            memory.currents[port] += mesh[port, other] * (ports[port] - ports[other])
    return count


@bare
def _excess(graph: Graph, memory: Memory, conductance: FloatArray, x: FloatArray) -> float:
    """Return the lost current over what may be lost; what is lost stays in work[0], what ports carry in currents."""
    residual, free = memory.work[0], memory.factor.inverse.size
    flows(graph, conductance, x, residual)
    put(memory.currents, residual[free:])
    lost, through = dot(residual, residual, free), dot(memory.currents, memory.currents, x.size - free)
    allowed = TOLERANCE * math.sqrt(through)
    lost = math.sqrt(lost)
    if lost <= allowed:
        return 0.0
    return lost / allowed if allowed > 0.0 else np.inf


@bare
def _iterate(graph: Graph, memory: Memory, conductance: FloatArray, x: FloatArray, excess: float) -> int:
    """Conjugate gradients with the elimination as preconditioner, restarted until the true loss is small."""
    residual, z, direction, product = memory.work
    free = memory.factor.inverse.size
    count = 0
    for _ in range(4):
        if excess <= 1.0 or (count > 0 and _is_rounding(graph, memory, conductance, x)):
            return count
        before, goal = excess, math.sqrt(dot(residual, residual, free)) / excess
        direction[free:] = 0.0
        rho, beta, begun = 0.0, 0.0, count
        while count < _MOST:
            put(z, residual)
            back_solve(graph.fronts, memory.factor, z)
            after = dot(residual, z, free)
            beta = after / rho if count > begun else 0.0
            rho = after
            for k in range(free):
                direction[k] = beta * direction[k] - z[k]
            power = flows(graph, conductance, direction, product)
            if not power > 0.0:
                break
            alpha = rho / power
            for k in range(free):
                x[k] += alpha * direction[k]
                residual[k] += alpha * product[k]
            count += 1
            if math.sqrt(dot(residual, residual, free)) <= 0.5 * goal:
                break
        excess = _excess(graph, memory, conductance, x)
        if count == begun:
            return FAILED
        memory.books[_GAIN] = max(math.log(before / max(excess, 0.1)) / (count - begun), 0.1)
    return FAILED


@bare
def _is_rounding(graph: Graph, memory: Memory, conductance: FloatArray, x: FloatArray) -> bool:
    """Whether what is lost, as work[0] has it, is no more than rounding loses from exact potentials."""
    lost = dot(memory.work[0], memory.work[0], memory.factor.inverse.size)
    return math.sqrt(lost) <= roundings(graph, conductance, x, memory.work[1])
