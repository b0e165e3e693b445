"""A network seen from its ports alone: the dense conductance matrix between them, and the way back to all nodes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.solver.graph import Graph, Numbering
from nwlab.model.solver.star_mesh import Factor, eliminate, empty_factor
from nwlab.model.solver.star_mesh import lift as lift_free
from nwlab.model.solver.vectors import roomy

__all__ = ["Reduced", "Reduction", "lift", "reduce"]


class Reduced(NamedTuple):
    """A network reduced at one set of conductances."""

    factor: Factor
    matrix: FloatArray  # (ports, ports) S; current into the ports = matrix · potentials of the ports


class Reduction(Numbering):
    """A network and the ports from which it is seen: Kron's reduction, exact to rounding in every entry."""

    def memory(self) -> Reduced:
        """Return room for one set of conductances."""
        ports = self.total - self.free
        return Reduced(empty_factor(self.graph.fronts), np.zeros((ports, ports)))

    def matrix(self, memory: Reduced, conductance: FloatArray) -> FloatArray:
        """Return the matrix between the ports, (ports, ports) S, of edges that conduct (edges,) S ≥ 0.

        It is symmetric, its rows sum to zero, and those of a port that is connected to nothing are zero.
        """
        reduce(self.graph, memory, conductance[self.order])
        return memory.matrix.copy()

    def potentials(self, memory: Reduced, held: FloatArray) -> FloatArray:
        """Return the potential of every node in V, (nodes,), while the ports are `held` (ports,) V.

        The conductances are those of the last `matrix`. Nodes that hang on no port are at 0 V.
        """
        x = roomy(self.total + 1)
        lift(self.graph, memory, np.asarray(held, dtype=np.float64), x[: self.total])
        return x[self.place]


@compiled
def reduce(graph: Graph, memory: Reduced, conductance: FloatArray) -> None:
    """Reduce the network at `conductance` (live edges,) S, in the order of the graph; the memory keeps the matrix."""
    eliminate(graph.fronts, graph.first, conductance, memory.factor)
    mesh, matrix = memory.factor.mesh, memory.matrix
    for i in range(mesh.shape[0]):
        total = 0.0
        for k in range(mesh.shape[0]):
            total += mesh[i, k]
            matrix[i, k] = -mesh[i, k]
        matrix[i, i] = total


@compiled
def lift(graph: Graph, memory: Reduced, held: FloatArray, x: FloatArray) -> None:
    """Write the potentials x (free + ports,) V of all live nodes while the ports are `held` (ports,) V."""
    free = x.size - held.size
    x[:free] = 0.0
    x[free:] = held
    lift_free(graph.fronts, memory.factor, x)
