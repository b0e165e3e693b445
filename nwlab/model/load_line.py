"""What a circuit puts across one junction, depending on the junction's conductance.

Theory of operation
    As long as no source changes its part, everything around the junction is linear: V = p/(q + r·G), and potentials and
    currents are a reference solution plus a fixed pattern times the current that the junction takes beyond a reference
    conductor (one rank-one correction of a solved circuit). An ideal voltage source gives r = 0, a current source or a
    limit that acts q = 0, a series resistance both. Each limited quantity is a monotone function of G, so that each
    limit begins or ends to act at one conductance: the line consists of a few segments. They are worked out as the
    conductance reaches them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nwlab.core.drive import FloatArray, Quantity
from nwlab.model.circuit import Linear, Mesh
from nwlab.model.compliance import Parts, corrected, find_parts, fixed_value, fixes_voltage
from nwlab.model.film import Circuit, Mean, Source

TABLE_P, TABLE_Q, TABLE_R, TABLE_FROM, TABLE_TO = range(5)
"""Columns of a load line's table."""
SUM_TIME, SUM_VOLTAGE, SUM_CURRENT = range(3)
"""Columns of what is summed up per segment: s, V·s, A·s."""

_ROUNDING = 1e-12


class Port:
    """What a mesh looks like from nodes 0 and 1 while it is known which sources fix a voltage."""

    def __init__(self, linear: Linear, reference: float) -> None:
        self.linear, self.reference = linear, reference
        self.pattern = linear.inverse[:, 1] - linear.inverse[:, 0]
        slope = float(self.pattern[1] - self.pattern[0])
        self.r = slope if abs(slope * reference) > _ROUNDING else 0.0
        open_circuit = 1 - self.r * reference
        self.q = open_circuit if abs(open_circuit) > _ROUNDING else 0.0


class PortMesh:
    """A mesh with a conductor of `reference` S where the junction goes, and all ports seen so far."""

    def __init__(self, mesh: Mesh, reference: float) -> None:
        self._mesh, self._reference = mesh, reference
        self._ports: dict[tuple[tuple[bool, ...], bool], Port] = {}

    def port(self, voltages: tuple[bool, ...], leaky: bool) -> Port:
        """Return the port while these sources fix a voltage."""
        if (voltages, leaky) not in self._ports:
            self._ports[voltages, leaky] = Port(self._mesh.linear(voltages, leaky), self._reference)
        return self._ports[voltages, leaky]


class Segment:
    """The load line while each source keeps its part."""

    def __init__(self, port: Port, sources: Sequence[Source], parts: Parts) -> None:
        fixed = np.array(list(map(fixed_value, sources, parts)), dtype=np.float64)
        self.parts, self._port, self.q, self.r = parts, port, port.q, port.r
        columns = port.linear.columns
        self._base = columns @ fixed
        self._possible = math.isfinite(float(fixed.sum())) and port.linear.possible(fixed)
        opened = float(self._base[0] - self._base[1])
        self.p = opened if abs(opened) > _ROUNDING * float(np.abs(self._base).max()) else 0.0

    def solution(self, conductance: float) -> FloatArray | None:
        """Return potentials then currents, or None where such a circuit cannot exist."""
        denominator = self.q + self.r * conductance
        if not self._possible or (denominator == 0 and self.p != 0):
            return None
        voltage = self.p / denominator if self.p else 0.0
        return self.at(voltage, conductance * voltage)

    def at(self, voltage: float, current: float) -> FloatArray:
        """Return potentials then currents while the junction has this voltage and current, or means of both."""
        return self._base + self._port.pattern * (current - self._port.reference * voltage)

    def turns(self, sources: Sequence[Source], nodes: int) -> list[float]:
        """Conductances > 0 at which the part of a source becomes wrong on one side."""
        found: list[float] = []
        for index, (source, part) in enumerate(zip(sources, self.parts, strict=True)):
            hi, lo = source.sense or (source.hi, source.lo)
            over = (hi, lo) if (source.quantity is Quantity.VOLTAGE) == bool(part) else (nodes + index, None)
            base, pattern = (_across(values, *over) for values in (self._base, self._port.pattern))
            bounds = (source.level,) if part else (source.compliance, -source.compliance)
            found += [self._crossing(base, pattern, bound) for bound in bounds if math.isfinite(bound)]
        return [turn for turn in found if 0 < turn < math.inf]

    def _crossing(self, base: float, pattern: float, bound: float) -> float:
        """Solve base + pattern·(G − reference)·V(G) = bound for G."""
        gap, pull = bound - base, pattern * self.p
        denominator = pull - gap * self.r
        return (gap * self.q + pull * self._port.reference) / denominator if denominator else math.inf


class LoadLine:
    """The segments found so far for one circuit, contiguous and in order of conductance."""

    def __init__(self, circuit: Circuit, ports: PortMesh, conductance: float) -> None:
        """`conductance` in S is where the junction stands now."""
        self._circuit, self._ports = circuit, ports
        self._made: dict[tuple[Parts, bool], Segment] = {}
        self._segments: list[Segment] = []
        self._rows: list[tuple[float, float, float, float, float]] = []
        self._add(self._find(conductance, (0,) * len(circuit.sources)), conductance)

    def cover(self, conductance: float) -> int:
        """Work out further segments until the line reaches this conductance; return how many came below."""
        before = len(self._rows)
        while conductance > (edge := self._rows[-1][TABLE_TO]):
            probe, segment = self._beyond(edge, +1, self._segments[-1].parts)
            self._add(segment, probe, start=edge)
            before += 1
        while conductance < (edge := self._rows[0][TABLE_FROM]):
            probe, segment = self._beyond(edge, -1, self._segments[0].parts)
            self._add(segment, probe, end=edge)
        return len(self._rows) - before

    def mean(self, sums: FloatArray, conductance: float) -> Mean:
        """Turn sums per segment, (segments, 3), into means; `conductance` is where the junction ended."""
        duration = float(sums[:, SUM_TIME].sum())
        solution = np.zeros(self._circuit.nodes + len(self._circuit.sources))
        for segment, (time, voltage, current) in zip(self._segments, sums.tolist(), strict=True):
            if time == duration:
                solution = segment.at(voltage / time, current / time)
            elif time > 0:
                solution += time / duration * segment.at(voltage / time, current / time)
        return self._as_mean(solution, conductance)

    def present(self, conductance: float) -> Mean:
        """Return the instantaneous values."""
        solution = self._at(conductance).solution(conductance)
        return self._as_mean(np.zeros(0) if solution is None else solution, conductance)

    def _as_mean(self, solution: FloatArray, conductance: float) -> Mean:
        nodes, acting = self._circuit.nodes, np.array(self._at(conductance).parts, dtype=np.bool_)
        return Mean(solution[:nodes], solution[nodes:], acting)

    def _at(self, conductance: float) -> Segment:
        if len(self._segments) == 1:
            return self._segments[0]
        return self._segments[int(np.searchsorted(self.table[:-1, TABLE_TO], conductance))]

    def _find(self, conductance: float, start: Parts) -> Segment:
        def evaluate(parts: Parts, leaky: bool) -> FloatArray | None:
            return self._segment(parts, leaky).solution(conductance)

        parts, _ = find_parts(self._circuit.sources, self._circuit.nodes, evaluate, start)
        return self._segment(parts, leaky=False)

    def _segment(self, parts: Parts, leaky: bool) -> Segment:
        if (parts, leaky) not in self._made:
            sources = self._circuit.sources
            port = self._ports.port(tuple(map(fixes_voltage, sources, parts)), leaky)
            self._made[parts, leaky] = Segment(port, sources, parts)
        return self._made[parts, leaky]

    def _beyond(self, edge: float, side: int, known: Parts) -> tuple[float, Segment]:
        """Find the neighbour across an edge: as near as rounding lets the parts differ."""
        probe, segment = edge, self._segments[0]
        for distance in (1e-7, 1e-5, 1e-3):
            probe = edge * (1 + side * distance)
            segment = self._find(probe, known)
            if segment.parts != known:
                break
        return probe, segment

    def _add(self, segment: Segment, inside: float, start: float | None = None, end: float | None = None) -> None:
        turns = segment.turns(self._circuit.sources, self._circuit.nodes)
        if any(abs(turn - inside) < 1e-6 * inside for turn in turns):
            inside = self._off_the_edge(segment, inside)
        at = len(self._rows) if start is not None else 0
        start = max((turn for turn in turns if turn < inside), default=0.0) if start is None else start
        end = min((turn for turn in turns if turn >= inside), default=math.inf) if end is None else end
        self._segments.insert(at, segment)
        self._rows.insert(at, (segment.p, segment.q, segment.r, start, end))
        self.table = np.array(self._rows)

    def _off_the_edge(self, segment: Segment, conductance: float) -> float:
        """Step to that side of a turn on which the parts hold; on the edge itself rounding decides."""
        for side in (+1, -1):
            probe = conductance * (1 + side * 1e-5)
            solution = segment.solution(probe)
            parts = segment.parts
            if solution is not None and parts == corrected(self._circuit.sources, self._circuit.nodes, parts, solution):
                return probe
        return conductance


def _across(values: FloatArray, hi: int, lo: int | None) -> float:
    return float(values[hi]) if lo is None else float(values[hi] - values[lo])
