"""A network seen from two terminals: one rate-balance junction with its own noise and jumps."""

from __future__ import annotations

import math

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model import junction
from nwlab.model.circuit import mesh_of, shape_of
from nwlab.model.compiled import given
from nwlab.model.film import Circuit, Mean
from nwlab.model.junction_play import play
from nwlab.model.kernels import wait_for_jump
from nwlab.model.load_line import LoadLine, PortMesh
from nwlab.model.randomness import stream
from nwlab.model.rate_balance import RateBalance


class TwoTerminalFilm:
    """One junction between terminals 0 and 1; a Film."""

    terminals = 2

    def __init__(self, law: RateBalance, conductance: float, seed: int | None = None) -> None:
        """`conductance` in S is where it starts; `seed` None = other numbers each time. Raises UsageError."""
        if not 0 <= conductance < math.inf:
            raise UsageError(f"a film starts at a conductance of at least 0 S, not {conductance!r}")
        self.law = law
        self._constants = law.constants()
        self._stream = stream(np.random.default_rng(seed))
        wait = wait_for_jump(self._constants, self._stream)
        self._memory = np.array([float(law.state(conductance)), wait, 0.0, 0.0, math.inf])
        self._meshes: dict[object, PortMesh] = {}
        self._circuit: Circuit | None = None
        self._line: LoadLine | None = None

    def advance(self, circuit: Circuit, duration: float) -> Mean:
        """Let `duration` s (≥ 0) pass under a constant circuit and return the means over it."""
        line = self._line_of(circuit)
        if duration == 0:
            line.cover(self._conductance)
            return line.present(self._conductance)
        self._memory[junction.LEFT] = duration
        sums = np.zeros((len(line.table), 3))
        while True:
            junction.live(self._constants, self._memory, line.table, sums, self._stream)
            if self._memory[junction.LEFT] <= 0:
                return line.mean(sums, self._conductance)
            sums = self._extended(line, sums)

    def play(self, voltage: FloatArray, dwell: FloatArray, delay: FloatArray, limit: float) -> FloatArray:
        """Hold voltages at the junction itself, one after the other, and return mean currents in A.

        Each is the mean from `delay` to the end of `dwell` s; all (steps,). Comes back before the first step in which
        the current may exceed `limit` A, so that the answer can be shorter than the question; it is exact.
        """
        current = np.empty(voltage.size)
        inputs = given(voltage), given(dwell), given(delay)
        done = play(self._constants, self._memory, *inputs, limit, self._stream, current)
        return current[:done]

    def conductances(self) -> FloatArray:
        """Present conductance in S, (1,)."""
        return np.array([self._conductance])

    @property
    def _conductance(self) -> float:
        state = float(self._memory[junction.STATE])
        return max(self._constants.g_min + self._constants.g_span * state, 0.0)

    def _extended(self, line: LoadLine, sums: FloatArray) -> FloatArray:
        """Let the line reach what the junction wants, and give new segments their place in the sums."""
        below = line.cover(float(self._memory[junction.WANTED]))
        above = len(line.table) - len(sums) - below
        return np.pad(sums, ((below, above), (0, 0)))

    def _line_of(self, circuit: Circuit) -> LoadLine:
        if self._line is None or circuit is not self._circuit:
            self._line = LoadLine(circuit, self._ports(circuit), self._conductance)
            self._circuit = circuit
        return self._line

    def _ports(self, circuit: Circuit) -> PortMesh:
        key = shape_of(circuit)
        if key not in self._meshes:
            if len(self._meshes) >= 64:
                self._meshes.clear()
            reference = math.sqrt(max(self.law.g_min, 1e-3 * self.law.g_max) * self.law.g_max)
            self._meshes[key] = PortMesh(mesh_of(circuit, [(0, 1, reference)]), reference)
        return self._meshes[key]
