"""Fitted curves: the conductance at every sample, and its derivatives by the unknowns of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.analysis.network.coordinates import Coordinates
from nwlab.analysis.network.record import Record
from nwlab.core.drive import FloatArray
from nwlab.model.networks.network import IntArray
from nwlab.model.solver.vectors import Ints
from nwlab.model.tangent import population
from nwlab.model.tangent.network import NetworkTangent


class PopulationCurve:
    """Junctions side by side; every sample is exact."""

    def __init__(
        self, records: Sequence[Record], coordinates: Coordinates, normals: FloatArray, *, is_legacy: bool = False
    ) -> None:
        """`normals` (3, junctions) say how junctions differ."""
        self._coordinates, self._normals, self._is_legacy = coordinates, normals, is_legacy
        self._cut = [_cut(record) for record in records]

    def __call__(self, unknowns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the conductance of all samples in S, and its derivatives, (samples, unknowns)."""
        values: list[FloatArray] = []
        slopes: list[FloatArray] = []
        for number, (level, length, index) in enumerate(self._cut):
            rates = self._coordinates.rates(unknowns, number)
            value, slope = population.play(rates, self._normals, level, length, is_legacy=self._is_legacy)
            values.append(value[index])
            slopes.append(self._coordinates.pulled(unknowns, number, slope[index]))
        return np.concatenate(values), np.concatenate(slopes)


class NetworkCurve:
    """A network between two terminals: pieces of time that the law needs, and cubics through their ends.

    The pieces stay until `refine` is called, so that derivatives are exact between.
    """

    def __init__(
        self, records: Sequence[Record], coordinates: Coordinates, film: NetworkTangent, *, is_legacy: bool = False
    ) -> None:
        self._records, self._coordinates, self._film, self._is_legacy = records, coordinates, film, is_legacy
        self._plans = [_stepwise(record) for record in records] if is_legacy else []

    @property
    def pieces(self) -> int:
        """How many pieces one evaluation plays."""
        return sum(plan.length.size for plan in self._plans)

    def refine(self, unknowns: FloatArray, tolerance: float, bend: float) -> None:
        """Cut time anew where the law at these unknowns needs it; the legacy map has its own steps."""
        if self._is_legacy:
            return
        self._plans = []
        for number, record in enumerate(self._records):
            rates = self._coordinates.rates(unknowns, number)
            pieces = self._film.pieces(rates, record.level, record.duration, tolerance=tolerance, bend=bend)
            place, weight = _cubics(record, pieces.length, pieces.first)
            self._plans.append(_Plan(pieces.level, pieces.length, place, weight))

    def __call__(self, unknowns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the conductance of all samples in S, and its derivatives, (samples, unknowns)."""
        values: list[FloatArray] = []
        slopes: list[FloatArray] = []
        for number, plan in enumerate(self._plans):
            rates = self._coordinates.rates(unknowns, number)
            value, slope = self._film.play(rates, plan.level, plan.length, is_legacy=self._is_legacy)
            slope = self._coordinates.pulled(unknowns, number, slope)
            values.append(_between(value[:, np.newaxis], plan)[:, 0])
            slopes.append(_between(slope, plan))
        return np.concatenate(values), np.concatenate(slopes)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Pieces of one recording, and how samples lie between their ends."""

    level: FloatArray  # (pieces,) V
    length: FloatArray  # (pieces,) s
    place: IntArray  # (samples, 4) ends of pieces
    weight: FloatArray  # (samples, 4)


def _between(values: FloatArray, plan: _Plan) -> FloatArray:
    found = plan.weight[:, :1] * values[plan.place[:, 0]]
    for k in range(1, 4):
        found += plan.weight[:, k : k + 1] * values[plan.place[:, k]]
    return found


def _cut(record: Record) -> tuple[FloatArray, FloatArray, IntArray]:
    """Cut time at levels and samples; return levels, lengths, and the cut of each sample."""
    cuts = np.unique(np.concatenate([record.edge, record.time]))
    cuts = cuts[cuts >= record.edge[0]]
    stage = np.clip(np.searchsorted(record.edge, cuts[:-1], side="right") - 1, 0, record.level.size - 1)
    return record.level[stage], np.diff(cuts), np.searchsorted(cuts, record.time).astype(np.int32)


def _stepwise(record: Record) -> _Plan:
    place = np.repeat(record.stage[:, np.newaxis], 4, axis=1)
    weight = np.zeros(place.shape)
    weight[:, 0] = 1.0
    return _Plan(record.level, record.duration, place, weight)


def _cubics(record: Record, length: FloatArray, first: Ints) -> tuple[IntArray, FloatArray]:
    """Return for each sample four ends of pieces of its stage, and Lagrange's weights; fewer where there are fewer."""
    place = np.zeros((record.time.size, 4), dtype=np.int32)
    weight = np.zeros((record.time.size, 4))
    for stage in np.unique(record.stage):
        low, high = int(first[stage]), int(first[stage + 1])
        ends = record.edge[stage] + np.concatenate([[0.0], np.cumsum(length[low:high])])
        mine = np.flatnonzero(record.stage == stage)
        order = min(4, ends.size)
        near = np.clip(np.searchsorted(ends, record.time[mine]) - order // 2, 0, ends.size - order)
        for k in range(order):
            at, factor = near + k, np.ones(mine.size)
            for other in (near + j for j in range(order) if j != k):
                factor *= (record.time[mine] - ends[other]) / (ends[at] - ends[other])
            place[mine, k], weight[mine, k] = low + at, factor
    return place, weight
