"""A film of many junctions between any number of terminals, under any circuit.

Theory of operation
    Time is cut into pieces over which the junctions' voltages are taken as constant, each piece exact in the junctions'
    own time. A piece is a midpoint step: with the voltages of its begin the law says, without chance, where the
    conductances will be in its middle; the voltages of that middle act over the whole piece. It is of second order, and
    its distance from the first-order step is its error: of the power that flows, and of the single conductances (root
    mean square). Chance acts once per piece, so that what it does to voltages counts from the next piece on. Means are
    Simpson's over begin, middle and end; pieces are kept so short that the conductance hardly bends within one, and
    that little of a chance deviation is forgotten within one, so that means over long times have their right spread.

    With capacitors at terminals a piece is one implicit Euler step and two half ones, extrapolated to second order
    (Deuflhard, SIAM Review 27 (1985) 505); a transient far shorter than the piece is then simply over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.body import Body
from nwlab.model.circuit import shape_of
from nwlab.model.electrics import Electrics, Solution
from nwlab.model.film import Circuit, Mean
from nwlab.model.film_mesh import FilmMesh
from nwlab.model.laws.law import Law
from nwlab.model.ledger import Ledger
from nwlab.model.pieces import (
    BEND,
    BEND_CHARGING,
    CHARGING,
    FADING,
    FINEST,
    NUDGE,
    PATIENCE,
    SHORTEST,
    SHORTEST_PART,
)
from nwlab.model.randomness import stream
from nwlab.model.solver.reduction import Reduced

TOLERANCE = 1e-4
"""Of power and conductances: distance of a piece from its first-order form. Its own error is far smaller."""

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """What holds at one time under one circuit."""

    electrics: Electrics
    film: FloatArray  # (terminals, terminals) S
    conductance: FloatArray  # (edges,) S
    solution: Solution
    drops: FloatArray  # (edges,) V


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """What happens over one piece of time, apart from chance."""

    mean: FloatArray  # (nodes + sources,) over the piece; without capacitors that of its middle
    drops: FloatArray  # (edges,) V that act over it
    conductance: FloatArray  # (edges,) S in its middle
    held: FloatArray  # (terminals,) V of the capacitors at its end
    solution: Solution
    error: float  # 1 = as large as allowed; grows with the square of the piece


class NetworkFilm:
    """Junctions of one law on one body; a Film."""

    def __init__(
        self,
        body: Body,
        law: Law,
        conductance: FloatArray | float,
        capacitance: FloatArray | float = 0.0,
        seed: int | None = None,
        tolerance: float = TOLERANCE,
    ) -> None:
        """`conductance` S is where junctions start, (junctions,) or one for all; `capacitance` F, (terminals,) or one.

        `seed` None = other chance each time. Raises UsageError.
        """
        start = np.broadcast_to(np.asarray(conductance, dtype=np.float64), body.junctions)
        if not (np.isfinite(start).all() and (start >= 0).all()):
            raise UsageError("a film starts at conductances of at least 0 S")
        if getattr(law, "stepwise", False) and np.any(capacitance):
            raise UsageError("a law that depends on the step goes with terminals without capacitance only")
        self.terminals, self.body, self.law = body.terminals, body, law
        self.state = law.start(start)
        self.stream = stream(np.random.default_rng(seed))
        self.ledger = Ledger(len(body.edges), body.terminals)
        self.tolerance = tolerance
        self.is_stepwise = bool(getattr(law, "stepwise", False))
        self._fluctuates = bool(getattr(law, "fluctuates", False))
        self.piece = math.inf  # s, the last one that was short enough, and what it promises for the next
        self.capacitance: FloatArray = np.array(np.broadcast_to(capacitance, body.terminals), dtype=np.float64)
        self._held, self._finest = np.zeros(body.terminals), 0.0
        self._present, self._ahead = body.reduction.memory(), body.reduction.memory()
        self._meshes: dict[object, FilmMesh] = {}
        self._circuits: dict[int, Electrics] = {}
        self._moment: _Moment | None = None

    def advance(self, circuit: Circuit, duration: float) -> Mean:
        """Let `duration` s (≥ 0) pass under a constant circuit and return the means over it."""
        electrics = self._electrics(circuit)
        if duration == 0:
            return self._begin(electrics).solution.mean(circuit.nodes)
        if electrics.is_dead and not self._held.any():
            self._live(np.zeros(len(self.body.edges)), duration)
            return electrics.dead().mean(circuit.nodes)
        if self.is_stepwise:
            return self._step(electrics, duration).mean(circuit.nodes)
        total, left, solution = np.zeros(circuit.nodes + len(circuit.sources)), duration, electrics.dead()
        pieces, self._finest = 0, duration / FINEST
        while left > 0:
            shortest = SHORTEST if pieces < PATIENCE else max(SHORTEST, SHORTEST_PART * duration)
            length, mean, solution = self._pass_piece(electrics, left, shortest)
            pieces += 1
            total += length / duration * mean
            left -= length
        return Solution(total, solution.parts).mean(circuit.nodes)

    def conductances(self) -> FloatArray:
        """Present conductance of each junction in S, (junctions,)."""
        return self.law.conductance(self.state)

    def matrix(self) -> FloatArray:
        """Present conductance matrix between the terminals in S, (terminals, terminals): I = matrix · V.

        It is the network reduced to its terminals (Kron); rows sum to zero.
        """
        return self.body.reduction.matrix(self._ahead, self.body.with_fixed(self.conductances()))

    def potentials(self, terminals: FloatArray) -> FloatArray:
        """Return the present potential of every node in V, (nodes,), while the terminals are held at (terminals,) V."""
        self.matrix()
        return self.body.reduction.potentials(self._ahead, terminals)

    def forget_moment(self) -> None:
        """Note that state or time have moved without `advance`."""
        self._moment = None

    def _pass_piece(self, electrics: Electrics, left: float, shortest: float) -> tuple[float, FloatArray, Solution]:
        """Let one piece of at most `left` s pass; return its length, its means and how it ended."""
        begin = self._begin(electrics)
        length = min(max(self.piece, shortest), left)
        piece = self._plan(begin, length)
        while piece.error > 1 and length > shortest:
            length *= max(0.2, 0.8 / math.sqrt(piece.error))
            piece = self._plan(begin, length)
        promise = length * (0.8 / math.sqrt(piece.error) if piece.error > 0.04 else 4.0)
        self.piece = math.inf if piece.error == 0 else max(promise, self.piece if length == left else 0.0)
        self._held = piece.held
        # Where even the shortest piece is too coarse, the middle says nothing: the junctions follow the begin.
        self._live(piece.drops if piece.error <= 1 else begin.drops, length)
        current = self.body.terminal_currents(piece.conductance * piece.drops)
        self.ledger.add(piece.conductance, piece.drops, current, length)
        if electrics.has_capacitors:
            return length, piece.mean, piece.solution
        end = self._begin(electrics)
        mean = (begin.solution.values + 4 * piece.mean + end.solution.values) / 6
        return length, mean, end.solution

    def _step(self, electrics: Electrics, duration: float) -> Solution:
        """Let time pass in one step at the voltages of its begin: for laws that depend on the step, and say so."""
        begin = self._begin(electrics)
        current = self.body.terminal_currents(begin.conductance * begin.drops)
        self.ledger.add(begin.conductance, begin.drops, current, duration)
        self._live(begin.drops, duration)
        return begin.solution

    def _live(self, drops: FloatArray, duration: float) -> None:
        voltage = np.ascontiguousarray(drops[: self.body.junctions])
        self.state = self.law.live(self.state, voltage, duration, self.stream)
        self._moment = None

    def _begin(self, electrics: Electrics) -> _Moment:
        """Return the present moment under a circuit."""
        if self._moment is None or self._moment.electrics is not electrics:
            if self._moment is None:
                conductance = self.body.with_fixed(self.conductances())
                film = self.body.reduction.matrix(self._present, conductance)
            else:
                conductance, film = self._moment.conductance, self._moment.film
            solution = electrics.now(film, self._held)
            drops = self._drops(self._present, electrics.terminals(solution))
            self._moment = _Moment(electrics, film, conductance, solution, drops)
        return self._moment

    def _plan(self, begin: _Moment, length: float) -> _Piece:
        """Work out a piece from its begin."""
        electrics, law, state = begin.electrics, self.law, self.state
        first = begin.drops
        if electrics.has_capacitors:
            ahead = electrics.after(begin.film, self._held, length / 2)
            first = self._drops(self._present, electrics.terminals(ahead))
        count = self.body.junctions
        conductance = self.body.with_fixed(law.conductance(law.step(state, first[:count], length / 2)))
        film = self.body.reduction.matrix(self._ahead, conductance)
        solution = electrics.after(film, self._held, length if electrics.has_capacitors else 1.0)
        mean, held, charging = solution.values, self._held, 0.0
        if electrics.has_capacitors:
            solution, mean, held, charging = self._charge(electrics, film, solution, length)
        drops = self._drops(self._ahead, electrics.terminals(Solution(mean, solution.parts)))
        planned = _Piece(mean, drops, conductance, held, solution, 0.0)
        error = max(self._error(begin, first, planned, length), charging)
        return _Piece(mean, drops, conductance, held, solution, error)

    def _charge(
        self, electrics: Electrics, film: FloatArray, whole: Solution, length: float
    ) -> tuple[Solution, FloatArray, FloatArray, float]:
        """Take two half steps and extrapolate: the end, the mean, what the capacitors hold, the error."""
        half = electrics.after(film, self._held, length / 2)
        end = electrics.after(film, electrics.terminals(half), length / 2)
        mean = half.values + end.values - whole.values
        one, two = electrics.terminals(whole), electrics.terminals(end)
        is_charged = self.capacitance > 0
        scale = max(float(np.abs(two).max()), float(np.abs(self._held).max()), 1e-9)
        error = float(np.abs(two - one)[is_charged].max()) / (CHARGING * scale)
        return end, mean, np.where(is_charged, 2 * two - one, 0.0), error

    def _error(self, begin: _Moment, first: FloatArray, piece: _Piece, length: float) -> float:
        count, law = self.body.junctions, self.law
        middle, drops = piece.conductance[:count], piece.drops[:count]
        end = law.conductance(law.step(self.state, drops, length))
        other = law.conductance(law.step(self.state, first[:count], length))
        weight = drops * drops
        power, missed = float(middle @ weight), np.abs(end - other)
        if power == 0:
            return 0.0
        relative = np.divide(missed, middle, out=np.zeros(count), where=middle > 0)
        turn = max(float(missed @ weight) / power, math.sqrt(float(relative @ relative) / count)) / self.tolerance
        bend = float(np.abs(begin.conductance[:count] - 2 * middle + end) @ weight) / power
        error = max(turn, bend / (BEND_CHARGING if begin.electrics.has_capacitors else BEND))
        if self._fluctuates and length > self._finest:
            error = max(error, (self._fading(begin.conductance[:count], end, drops, length) / FADING) ** 2)
        return error

    def _fading(self, begin: FloatArray, end: FloatArray, drops: FloatArray, length: float) -> float:
        """Return which part of a chance deviation is forgotten over a piece, where the power flows."""
        count, law = self.body.junctions, self.law
        nudged = self.state.copy()
        nudged[0] += NUDGE
        first = np.abs(law.conductance(nudged) - begin)
        last = np.abs(law.conductance(law.step(nudged, drops[:count], length)) - end)
        weight = drops[:count] ** 2
        power = float(first @ weight)
        return float(np.maximum(first - last, 0.0) @ weight) / power if power > 0 else 0.0

    def _drops(self, memory: Reduced, terminals: FloatArray) -> FloatArray:
        return self.body.drops(self.body.reduction.potentials(memory, terminals))

    def _electrics(self, circuit: Circuit) -> Electrics:
        known = self._circuits.get(id(circuit))
        if known is None or known.circuit is not circuit:
            if len(self._circuits) >= _REMEMBERED:
                self._circuits.clear()
            known = Electrics(circuit, self._mesh(circuit), self.capacitance)
            self._circuits[id(circuit)] = known
        return known

    def _mesh(self, circuit: Circuit) -> FilmMesh:
        key = shape_of(circuit)
        if key not in self._meshes:
            if len(self._meshes) >= _REMEMBERED:
                self._meshes.clear()
            self._meshes[key] = FilmMesh(circuit, self.terminals, self._joined(circuit.common))
        return self._meshes[key]

    def _joined(self, common: int) -> list[tuple[int, int]]:
        part = self.body.part
        first = {int(label): int(np.argmax(part == label)) for label in np.unique(part)}
        inside = [(first[int(label)], index) for index, label in enumerate(part) if first[int(label)] != index]
        return inside + [(int(index), common) for index in np.flatnonzero(self.capacitance > 0)]
