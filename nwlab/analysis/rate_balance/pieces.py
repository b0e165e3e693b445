"""What lies between two readings: levels that were held, each for a while; and then the reading itself.

Steps that are alike are of one kind, so that what a law says about a step is worked out once per kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nwlab.analysis.recording import Trace
from nwlab.core.drive import BoolArray, FloatArray
from nwlab.model.networks.network import IntArray

_SAME = 5e-4
"""Levels within this part of one another are one level that a meter read more than once."""
_FAINT = 1e-4
"""V; so are those within this."""
_TICK = 1e-9
"""s; times are told apart to this."""


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """The range of the meter that took some readings."""

    meter: str  # what tells it from others
    span: float  # A or V, its end
    share: FloatArray  # (n,) S per A or V, what an offset feigns; 0 where it feigns nothing


@dataclass(frozen=True, slots=True, eq=False)
class Pull:
    """Where currents were forced or limited, so that levels are what the chip made of them."""

    current: FloatArray  # (levels,) A, the most that was driven; 0 where the level was held
    voltage: FloatArray  # (levels,) V, the most that was allowed
    below: FloatArray  # (levels,) S, conductances where the law is met by a straight line
    above: FloatArray
    beside: FloatArray  # (n, 3) S, how far beside it a step ends, and is read; and what is not known of that


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Readings in order, and what happened to the chip since the one before."""

    time: FloatArray  # (n,) s, middle of each reading
    reading: FloatArray  # (n,) S
    opens: BoolArray  # (n,) whether nothing is known of the time before: the first of a stretch
    kind: IntArray  # (n,)
    level: FloatArray  # (levels,) V, magnitudes
    at: IntArray  # (n,) index of the level that was read at
    piece_level: IntArray  # (kinds, pieces) index of the level of each piece
    piece: FloatArray  # (kinds, pieces) s; 0 = no such piece
    read_level: IntArray  # (kinds,)
    aperture: FloatArray  # (kinds,) s
    range: Range | None = None  # None = not known
    noise: FloatArray | None = None  # (n,) S, standard deviation that this range adds to each; None = none
    pull: Pull | None = None  # None = all levels were forced

    @property
    def duration(self) -> FloatArray:
        """Time from the end of the reading before to the end of this one in s, (n,); 0 where nothing is known."""
        whole = self.piece.sum(axis=1) + self.aperture
        return np.where(self.opens, 0.0, whole[self.kind])

    def only(self, level: int) -> Steps:
        """Return the readings at one level, each stretch of them by itself."""
        pure = ((self.piece_level == level) | (self.piece == 0.0)).all(axis=1) & (self.read_level == level)
        kept = pure[self.kind] | (self.at == level)
        # A reading whose step passed other levels opens a stretch.
        opens = self.opens | ~pure[self.kind] | np.append(True, ~kept[:-1])
        return Steps(
            self.time[kept],
            self.reading[kept],
            opens[kept],
            self.kind[kept],
            self.level,
            self.at[kept],
            self.piece_level,
            self.piece,
            self.read_level,
            self.aperture,
        )


def steps_of(traces: Iterable[Trace]) -> Steps:
    """Return all readings of some traces, one stretch per trace. A terminal that nothing held counts as 0 V."""
    parts = [_walk(trace) for trace in traces]
    volts = np.concatenate([part.voltage for part in parts])
    level, place = _levels(np.abs(volts))
    bounds = np.cumsum([0, *(part.voltage.size for part in parts)])
    rows: list[tuple[float, ...]] = []
    for part, first in zip(parts, bounds[:-1], strict=True):
        rows += part.rows(place[first:])
    width = max(len(row) for row in rows)
    table = np.array([row + (-1.0, 0.0) * ((width - len(row)) // 2) for row in rows])
    kinds, kind = np.unique(
        np.round(table / [1.0, _TICK, *([1.0, _TICK] * ((width - 2) // 2))]), axis=0, return_inverse=True
    )
    opens = np.concatenate([np.arange(len(part.time)) == 0 for part in parts])
    read = kinds[:, 0].astype(np.int32)
    return Steps(
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.reading for part in parts]),
        opens,
        kind.ravel().astype(np.int32),
        level,
        read[kind.ravel()],
        np.maximum(kinds[:, 2::2], 0).astype(np.int32),
        kinds[:, 3::2] * _TICK,
        read,
        kinds[:, 1] * _TICK,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """A trace from its first to its last reading."""

    time: FloatArray
    reading: FloatArray
    sample: IntArray  # of each reading
    onset: FloatArray
    begin: FloatArray  # of each sample's integration
    end: FloatArray
    voltage: FloatArray

    def rows(self, place: IntArray) -> list[tuple[float, ...]]:
        """Return level and aperture of each reading, then level and duration of what was held since the one before."""
        return [self._row(k, place) for k in range(self.time.size)]

    def _row(self, k: int, place: IntArray) -> tuple[float, ...]:
        now = int(self.sample[k])
        head = (float(place[now]), float(self.end[now] - self.begin[now]))
        if k == 0:
            return head
        before = int(self.sample[k - 1])
        row, at = list(head), float(self.end[before])
        for held in range(before, now + 1):
            until = float(self.begin[now] if held == now else self.onset[held + 1])
            if until > at:
                row += [float(place[held]), until - at]
                at = until
        return tuple(row)


def _walk(trace: Trace) -> _Walk:
    sample = np.flatnonzero(trace.is_read).astype(np.int32)
    half = 0.5 * trace.aperture
    onset = np.minimum(trace.onset, trace.time - half)
    return _Walk(
        trace.time[sample],
        trace.conductance[sample],
        sample,
        onset,
        trace.time - half,
        trace.time + half,
        np.nan_to_num(trace.voltage, nan=0.0),
    )


def _levels(volts: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the levels that differ, and which of them each voltage is."""
    order = np.argsort(volts)
    place = np.empty(volts.size, dtype=np.int32)
    first, count = 0.0, -1
    for index in order:
        if count < 0 or volts[index] - first > _SAME * first + _FAINT:
            first, count = volts[index], count + 1
        place[index] = count
    return np.round(np.bincount(place, volts) / np.bincount(place), 9), place
