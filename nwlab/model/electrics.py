"""One circuit on one film: potentials and currents at a moment, or over a short step with capacitors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compliance import Parts
from nwlab.model.film import Circuit, Mean
from nwlab.model.film_mesh import FilmMesh

_MOMENT = 1e-15
"""s over which a capacitor keeps its voltage, whatever hangs on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Potentials and source currents, and which limits act."""

    values: FloatArray  # (nodes + sources,) V, then A out of each HI
    parts: Parts

    def mean(self, nodes: int) -> Mean:
        """Return what a film reports."""
        return Mean(self.values[:nodes], self.values[nodes:], np.array(self.parts, dtype=np.bool_))


class Electrics:
    """A circuit that waits for the film's conductance matrix."""

    def __init__(self, circuit: Circuit, mesh: FilmMesh, capacitance: FloatArray) -> None:
        """`capacitance` (terminals,) F from each terminal to common."""
        self.circuit, self._mesh, self._capacitance = circuit, mesh, capacitance
        self._count = len(capacitance)
        self._parts: Parts = (0,) * len(circuit.sources)
        self.is_dead = all(source.level == 0 for source in circuit.sources)
        self.has_capacitors = bool(capacitance.any())

    def now(self, film: FloatArray, held: FloatArray) -> Solution:
        """Return this moment, when capacitors hold (terminals,) V."""
        return self.after(film, held, _MOMENT)

    def after(self, film: FloatArray, held: FloatArray, step: float) -> Solution:
        """Return the end of one implicit Euler step of `step` s that began with capacitors at `held` V."""
        capacitor = self._capacitance / step
        parts, values = self._mesh.state(self.circuit.sources, film, capacitor, held, self._parts)
        self._parts = parts
        return Solution(values, parts)

    def dead(self) -> Solution:
        """Return the state in which nothing drives and nothing is charged."""
        return Solution(np.zeros(self.circuit.nodes + len(self.circuit.sources)), (0,) * len(self.circuit.sources))

    def terminals(self, solution: Solution) -> FloatArray:
        """Return the terminals' potentials against common in V, (terminals,)."""
        return solution.values[: self._count] - solution.values[self.circuit.common]
