"""Kirchhoff's laws around a film: potentials and source currents of resistors and limited sources.

Theory of operation
    Unknowns are all node potentials and one current out of each source's HI (modified nodal analysis). Each node gives
    the balance of its currents, each source either fixes a voltage or fixes its current. Of every part that hangs
    together one node is called 0 V instead of balanced: `common`, or the lowest node of a part that floats; its
    balance then follows from the others, unless a current is pushed into a part that it cannot leave: such a circuit
    cannot exist, and the source must be at its limit. Ideal voltage sources in a ring leave the current around it
    open; then the smallest currents are taken.

    The matrix depends on conductances and on who fixes a voltage, not on levels: it is inverted once per such pattern.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compliance import Evaluate, Parts, find_parts, fixed_value, fixes_voltage
from nwlab.model.film import Circuit, Mean, Source

Conductor = tuple[int, int, float]
"""Node, node, S; 0 S conducts nothing."""

Ends = tuple[int, int, tuple[int, int]]
"""HI and LO of a source, and the pair whose voltage it fixes."""

_LEAK, _SERIES = 1e-12, 1e-3  # S across a fixed current, Ohm in series with a fixed voltage, where sources need a leak


class Linear:
    """The circuit while it is known which sources fix a voltage: everything is proportional to what is fixed."""

    def __init__(self, inverse: FloatArray, nodes: int, check: FloatArray | None) -> None:
        self.inverse, self._nodes, self._check = inverse, nodes, check

    @cached_property
    def columns(self) -> FloatArray:
        """Unknowns per unit of each fixed quantity, (unknowns, sources)."""
        return np.ascontiguousarray(self.inverse[:, self._nodes :])

    def possible(self, fixed: FloatArray) -> bool:
        """Whether such a circuit can exist: no current without a way back, no two voltages at one place."""
        if self._check is None:
            return True
        return bool((np.abs(self._check @ fixed) <= 1e-9 * (np.abs(self._check) @ np.abs(fixed))).all())


class Mesh:
    """Nodes, conductors and where sources hang; without levels."""

    def __init__(
        self,
        nodes: int,
        common: int,
        conductors: Iterable[Conductor],
        ends: Sequence[Ends],
        joined: Iterable[tuple[int, int]] = (),
    ) -> None:
        """`joined` are nodes that hang together through conductors which somebody else stamps into the matrix."""
        self.nodes, self.common, self._ends = nodes, common, tuple(ends)
        self._conductors = tuple(conductor for conductor in conductors if conductor[2] > 0)
        self._joined = [*((one, two) for one, two, _ in self._conductors), *joined]
        self._solved: dict[tuple[bool, ...], Linear] = {}
        self._leaky: dict[tuple[bool, ...], Linear] = {}

    def linear(self, voltages: tuple[bool, ...], leaky: bool = False) -> Linear:
        """Return the circuit in which these sources fix a voltage and the others a current."""
        kept = self._leaky if leaky else self._solved
        if voltages not in kept:
            kept[voltages] = self._solve(voltages, leaky)
        return kept[voltages]

    def _solve(self, voltages: tuple[bool, ...], leaky: bool) -> Linear:
        matrix, references, check = self.matrix(voltages, leaky)
        matrix[references] = 0
        matrix[references, references] = 1
        inverse, is_exact = _inverted(matrix)
        inverse[:, references] = 0
        if not is_exact:
            missed = (matrix @ inverse - np.eye(len(matrix)))[self.nodes :, self.nodes :]
            check = np.vstack([check, np.where(np.abs(missed) > 1e-9, missed, 0)])
        return Linear(inverse, self.nodes, check if check.any() else None)

    def matrix(self, voltages: tuple[bool, ...], leaky: bool) -> tuple[FloatArray, list[int], FloatArray]:
        """Return the balances (unknowns, unknowns), which nodes are called 0 V instead of balanced, and a check.

        What fixed currents push into each floating part, (parts, sources) times the currents, must be nothing.
        """
        parts = self._parts(voltages, leaky)
        references = [self.common if self.common in part else min(part) for part in parts]
        floating = [part for part in parts if self.common not in part]
        return self._matrix(voltages, leaky), references, self._net_currents(voltages, floating)

    def _net_currents(self, voltages: tuple[bool, ...], floating: list[set[int]]) -> FloatArray:
        signs = [
            [
                ((hi in part) - (lo in part)) * (not fixed)
                for (hi, lo, _), fixed in zip(self._ends, voltages, strict=True)
            ]
            for part in floating
        ]
        return np.array(signs, dtype=np.float64).reshape(len(floating), len(voltages))

    def _matrix(self, voltages: tuple[bool, ...], leaky: bool) -> FloatArray:
        size = self.nodes + len(voltages)
        matrix = np.zeros((size, size))
        for one, two, conductance in self._conductors:
            matrix[one, one] += conductance
            matrix[two, two] += conductance
            matrix[one, two] -= conductance
            matrix[two, one] -= conductance
        for index, (hi, lo, (high, low)) in enumerate(self._ends):
            row = self.nodes + index
            matrix[hi, row] -= 1
            matrix[lo, row] += 1
            if voltages[index]:
                matrix[row, high] += 1
                matrix[row, low] -= 1
                matrix[row, row] += _SERIES * leaky
            else:
                matrix[row, row] = 1
                matrix[row, high] += _LEAK * leaky
                matrix[row, low] -= _LEAK * leaky
        return matrix

    def _parts(self, voltages: tuple[bool, ...], leaky: bool) -> list[set[int]]:
        """Nodes that hang together through conductors and fixed voltages."""
        joined = list(self._joined)
        joined += [ends[:2] for ends, fixed in zip(self._ends, voltages, strict=True) if fixed or leaky]
        parts = [{node} for node in range(self.nodes)]
        for one, two in joined:
            touched = [part for part in parts if one in part or two in part]
            parts = [part for part in parts if part not in touched] + [set[int]().union(*touched)]
        return parts


def mesh_of(circuit: Circuit, conductors: Iterable[Conductor]) -> Mesh:
    """Put a film's conductors into a circuit."""
    leads = [(one, two, 1 / resistance) for one, two, resistance in circuit.resistors]
    ends = [(source.hi, source.lo, source.sense or (source.hi, source.lo)) for source in circuit.sources]
    return Mesh(circuit.nodes, circuit.common, [*conductors, *leads], ends)


def shape_of(circuit: Circuit) -> object:
    """Return what two circuits have in common when the same mesh serves both: all but levels and limits."""
    ends = tuple((source.hi, source.lo, source.sense) for source in circuit.sources)
    return circuit.nodes, circuit.common, ends, circuit.resistors


def solve(circuit: Circuit, mesh: Mesh) -> tuple[FloatArray, Parts]:
    """Return potentials then source currents, and the part that each source plays."""
    sources = circuit.sources
    parts, solution = find_parts(sources, circuit.nodes, evaluation(sources, mesh), (0,) * len(sources))
    return solution, parts


def evaluation(sources: Sequence[Source], mesh: Mesh) -> Evaluate:
    """Return what finds the state of a mesh under given parts."""

    def evaluate(parts: Parts, leaky: bool) -> FloatArray | None:
        linear = mesh.linear(tuple(map(fixes_voltage, sources, parts)), leaky)
        fixed = np.array(list(map(fixed_value, sources, parts)), dtype=np.float64)
        if not np.isfinite(fixed).all() or not linear.possible(fixed):
            return None
        return linear.columns @ fixed

    return evaluate


def as_mean(circuit: Circuit, solution: FloatArray, parts: Parts) -> Mean:
    """Split a solution into what a film reports."""
    return Mean(solution[: circuit.nodes], solution[circuit.nodes :], np.array(parts, dtype=np.bool_))


def _inverted(matrix: FloatArray) -> tuple[FloatArray, bool]:
    """Return the inverse, or where there is none the one of smallest numbers."""
    try:
        inverse: FloatArray = np.linalg.inv(matrix).astype(np.float64)
    except np.linalg.LinAlgError:
        return _smallest(matrix), False
    if np.isfinite(inverse).all() and np.abs(matrix @ inverse - np.eye(len(matrix))).max() < 1e-6:
        return inverse, True
    return _smallest(matrix), False


def _smallest(matrix: FloatArray) -> FloatArray:
    return np.linalg.pinv(matrix, rcond=1e-13).astype(np.float64)
