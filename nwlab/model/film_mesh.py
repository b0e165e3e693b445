"""The circuit around a film of many terminals, while the film's conductances change from moment to moment.

Theory of operation
    To the circuit the film is a conductance matrix between its terminals (a Kron-reduced network). It is stamped into
    the balances of the circuit (modified nodal analysis, `nwlab.model.circuit`), whose structure stays. A capacitor
    between a terminal and common is, over one implicit Euler step of h, a conductor C/h beside a current C/h·V that
    remembers where the step began.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.model.circuit import Mesh
from nwlab.model.compliance import Parts, find_parts, fixed_value, fixes_voltage
from nwlab.model.film import Circuit, Source

Pairs = Iterable[tuple[int, int]]

_WRONG = 1e-6  # of the largest balance: what rounding may leave when there is no solution, or many


class _Pattern:
    """What stays while the same sources fix a voltage."""

    def __init__(self, mesh: Mesh, voltages: tuple[bool, ...], leaky: bool) -> None:
        self.base, self.references, check = mesh.matrix(voltages, leaky)
        self.check = check if check.any() else None
        self.base[self.references] = 0
        self.base[self.references, self.references] = 1
        self.balanced: BoolArray = np.ones(len(self.base), dtype=np.bool_)
        self.balanced[self.references] = False
        incidence = self.base[: mesh.nodes, mesh.nodes :][:, np.array(voltages, dtype=np.bool_)]
        self.is_ring = bool(incidence.size) and int(np.linalg.matrix_rank(incidence)) < incidence.shape[1]

    def possible(self, fixed: FloatArray) -> bool:
        """Whether fixed currents have a way back."""
        if self.check is None:
            return True
        return bool((np.abs(self.check @ fixed) <= 1e-9 * (np.abs(self.check) @ np.abs(fixed))).all())

    def solve(self, matrix: FloatArray, right: FloatArray) -> FloatArray | None:
        """Return the unknowns; of many solutions the one of smallest numbers, None when there is none."""
        if not self.is_ring:
            try:
                solution: FloatArray = np.linalg.solve(matrix, right).astype(np.float64)
            except np.linalg.LinAlgError:
                pass
            else:
                if np.isfinite(solution).all():
                    return solution
        solution = np.linalg.pinv(matrix, rcond=1e-13).astype(np.float64) @ right
        missed = np.abs(matrix @ solution - right).max()
        return solution if missed <= _WRONG * max(np.abs(right).max(), 1e-30) else None


class FilmMesh:
    """Everything around a film, ready for any conductance matrix of it."""

    def __init__(self, circuit: Circuit, terminals: int, joined: Pairs) -> None:
        """`joined` are the terminals, and common, that hang together through the film or a capacitor."""
        leads = [(one, two, 1 / resistance) for one, two, resistance in circuit.resistors]
        ends = [(source.hi, source.lo, source.sense or (source.hi, source.lo)) for source in circuit.sources]
        self._mesh = Mesh(circuit.nodes, circuit.common, leads, ends, joined)
        self._terminals = terminals
        self._patterns: dict[tuple[tuple[bool, ...], bool], _Pattern] = {}

    def state(
        self, sources: Sequence[Source], film: FloatArray, capacitor: FloatArray, held: FloatArray, start: Parts
    ) -> tuple[Parts, FloatArray]:
        """Return the part that each source plays, and potentials then source currents.

        `film` (terminals, terminals) S is the film's conductance matrix; `capacitor` (terminals,) S is C/h and `held`
        (terminals,) V where a step of h began. `start` are the parts to try first. Raises NwlabError when the sources
        fight each other.
        """

        def evaluate(parts: Parts, leaky: bool) -> FloatArray | None:
            return self._evaluate(sources, parts, leaky, film, capacitor, held)

        return find_parts(sources, self._mesh.nodes, evaluate, start)

    def _evaluate(
        self,
        sources: Sequence[Source],
        parts: Parts,
        leaky: bool,
        film: FloatArray,
        capacitor: FloatArray,
        held: FloatArray,
    ) -> FloatArray | None:
        pattern = self._pattern(tuple(map(fixes_voltage, sources, parts)), leaky)
        fixed = np.array(list(map(fixed_value, sources, parts)), dtype=np.float64)
        if not np.isfinite(fixed).all() or not pattern.possible(fixed):
            return None
        matrix = self._stamped(pattern, film, capacitor)
        right = np.zeros(len(matrix))
        right[self._mesh.nodes :] = fixed
        right[: self._terminals] += capacitor * held
        right[self._mesh.common] -= capacitor @ held
        right[pattern.references] = 0
        return pattern.solve(matrix, right)

    def _stamped(self, pattern: _Pattern, film: FloatArray, capacitor: FloatArray) -> FloatArray:
        matrix, count, common = pattern.base.copy(), self._terminals, self._mesh.common
        rows = pattern.balanced[:count]
        matrix[:count, :count] += film * rows[:, np.newaxis]
        index = np.arange(count)
        matrix[index, index] += capacitor * rows
        matrix[index, common] -= capacitor * rows
        if pattern.balanced[common]:
            matrix[common, :count] -= capacitor
            matrix[common, common] += capacitor.sum()
        return matrix

    def _pattern(self, voltages: tuple[bool, ...], leaky: bool) -> _Pattern:
        key = voltages, leaky
        if key not in self._patterns:
            self._patterns[key] = _Pattern(self._mesh, voltages, leaky)
        return self._patterns[key]
