"""Plain resistors between terminals: no memory, so that anyone can check a bench with a pocket calculator."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.circuit import Mesh, as_mean, mesh_of, shape_of, solve
from nwlab.model.film import Circuit, Mean

_REMEMBERED = 4096
"""Circuits whose means are kept."""


class ResistorFilm:
    """Any number of resistors between any terminals; a Film that does not notice time."""

    def __init__(self, terminals: int, resistors: Iterable[tuple[int, int, float]]) -> None:
        """`resistors` are (terminal, terminal, Ohm > 0). Raises UsageError."""
        self.terminals = terminals
        self._resistors = tuple(resistors)
        for one, two, resistance in self._resistors:
            if one == two or not (0 <= one < terminals and 0 <= two < terminals):
                raise UsageError(
                    f"a resistor needs two different terminals of 0 to {terminals - 1}, not {one} and {two}"
                )
            if not 0 < resistance < math.inf:
                raise UsageError(f"a resistor needs a positive resistance, not {resistance!r} Ohm")
        self._meshes: dict[object, Mesh] = {}
        self._known: dict[int, tuple[Circuit, Mean]] = {}

    def advance(self, circuit: Circuit, duration: float) -> Mean:
        """Return what the circuit shows; the duration changes nothing."""
        known = self._known.get(id(circuit))
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            # The circuit is kept beside its mean, so that nothing else can get its identity.
            known = self._known[id(circuit)] = circuit, self._solve(circuit)
        return known[1]

    def conductances(self) -> FloatArray:
        """Conductance of each resistor in S, (resistors,)."""
        return np.array([1 / resistance for _, _, resistance in self._resistors])

    def _solve(self, circuit: Circuit) -> Mean:
        solution, parts = solve(circuit, self._mesh(circuit))
        solution.setflags(write=False)
        return as_mean(circuit, solution, parts)

    def _mesh(self, circuit: Circuit) -> Mesh:
        key = shape_of(circuit)
        if key not in self._meshes:
            if len(self._meshes) >= 64:
                self._meshes.clear()
            self._meshes[key] = mesh_of(circuit, [(one, two, 1 / ohm) for one, two, ohm in self._resistors])
        return self._meshes[key]
