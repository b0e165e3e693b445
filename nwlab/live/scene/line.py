"""What was measured between one pair of terminals, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nwlab.core.conductance import is_forced
from nwlab.core.drive import FloatArray
from nwlab.live.scene.column import Column, Foreseen
from nwlab.live.scene.spells import Spells
from nwlab.live.scene.trace import Trace

BAND = 2.0
"""Standard deviations that the band of a prediction reaches to either side."""


@dataclass(slots=True, eq=False)
class Line:
    """Traces of one pair of terminals; times in s since the first drive's start."""

    name: str
    number: int  # decides about its colour
    conductance: Trace = field(default_factory=Trace)  # S
    voltage: Trace = field(default_factory=Trace)  # V, two points per step: where its level began and ended
    current: Trace = field(default_factory=Trace)  # A
    lower: Trace = field(default_factory=Trace)  # S, band of the prediction
    upper: Trace = field(default_factory=Trace)  # S
    residual: Trace = field(default_factory=Trace)  # reading minus prediction, in standard deviations
    limited: Spells = field(default_factory=Spells)
    last: dict[str, float] = field(default_factory=dict[str, float])  # "S", "V", "A" → newest value that is a number
    is_limited: bool = False  # whether the newest sample is in compliance
    overflows: int = 0
    _ended: float = -np.inf  # s: end of the newest level
    _expected: float = -np.inf  # s: end of the newest level of which something was expected

    @property
    def ended(self) -> float:
        """When the newest level ended, in s since the first drive's start."""
        return self._ended

    def add(self, column: Column) -> None:
        """Add one block."""
        after_rest = column.begins_after(self._ended)
        self._ended = float(column.end[-1])
        corners = np.stack([column.begin, column.end], axis=1).ravel()
        self._append("V", self.voltage, corners, np.repeat(column.voltage, 2), after_rest=after_rest)
        self._append("A", self.current, column.time, column.current, after_rest=after_rest)
        self._append("S", self.conductance, column.time, column.conductance, after_rest=after_rest)
        self._note_compliance(column)
        known = np.isfinite(column.voltage) & np.isfinite(column.current)
        self.overflows += known.size - int(np.count_nonzero(known))

    def expect(self, column: Column, expected: Foreseen) -> None:
        """Add what was expected of a block that has been added."""
        after_rest = column.begins_after(self._expected)
        self._expected = float(column.end[-1])
        low, high = (self._as_conductance(column, expected.mean + sign * BAND * expected.sd) for sign in (-1.0, 1.0))
        known = np.isfinite(low) & np.isfinite(high)
        self.lower.append(column.time[known], np.minimum(low, high)[known], after_rest=after_rest)
        self.upper.append(column.time[known], np.maximum(low, high)[known], after_rest=after_rest)
        residual = _residual(column, expected)
        known = np.isfinite(residual)
        self.residual.append(column.time[known], residual[known], after_rest=after_rest)

    def _append(self, unit: str, trace: Trace, time: FloatArray, value: FloatArray, *, after_rest: bool) -> None:
        known = np.isfinite(value)
        if not known.all():
            time, value = time[known], value[known]
        if value.size:
            trace.append(time, value, after_rest=after_rest)
            self.last[unit] = float(value[-1])

    def _note_compliance(self, column: Column) -> None:
        self.is_limited = bool(column.in_compliance[-1])
        if not column.in_compliance.any():
            return
        turns = np.flatnonzero(np.diff(column.in_compliance.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
        for first, last in turns:
            self.limited.add(float(column.begin[first]), float(column.end[last - 1]))

    @staticmethod
    def _as_conductance(column: Column, value: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = column.level / value if column.forces_current else value / column.level
        return np.where(is_forced(column.level, column.forces_current), ratio, np.nan)


def _residual(column: Column, expected: Foreseen) -> FloatArray:
    if expected.z is not None:
        return expected.z
    found = column.voltage if column.forces_current else column.current
    with np.errstate(divide="ignore", invalid="ignore"):
        return (found - expected.mean) / expected.sd
