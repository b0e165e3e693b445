"""A trace of one pair of terminals as a fit plays it: stages of constant voltage, and samples of conductance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.analysis.recording import Trace
from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.networks.network import IntArray

SAME_LEVEL = 1e-3
"""Of the highest voltage: levels that differ by less are one stage."""

FEWEST = 10
"""Readings of a conductance below which a recording says nothing of a law."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What was held for how long, and what was read."""

    level: FloatArray  # (stages,) V
    edge: FloatArray  # (stages + 1,) s, begin of each stage, end of the last
    time: FloatArray  # (samples,) s, ascending
    stage: IntArray  # (samples,) the stage that each sample was read in
    measured: FloatArray  # (samples,) S

    @property
    def duration(self) -> FloatArray:
        """How long each stage lasts in s, (stages,)."""
        return np.diff(self.edge)

    @property
    def highest(self) -> float:
        """The highest voltage in V."""
        return float(np.abs(self.level).max())


def staged(trace: Trace) -> Record:
    """Join equal levels of a trace into stages; raises UsageError when it says nothing of a conductance.

    A level that was not measured counts as 0 V. Readings below a thousandth of the highest voltage are left out.
    """
    level = np.nan_to_num(trace.voltage)
    highest = float(np.abs(level).max(initial=0.0))
    if not highest > 0:
        raise UsageError("nothing was applied in this recording, so that it says nothing of a law")
    is_read = trace.is_read & (np.abs(level) > SAME_LEVEL * highest)
    if int(is_read.sum()) < FEWEST:
        raise UsageError(f"a fit needs at least {FEWEST} readings of a conductance, not {int(is_read.sum())}")
    if not np.any(trace.conductance[is_read]):
        raise UsageError("no current flowed in this recording, so that it says nothing of a law")
    first = _firsts(level, SAME_LEVEL * highest)
    number = np.zeros(level.size, dtype=np.int32)
    number[first[1:]] = 1
    number = np.cumsum(number, dtype=np.int32)
    mean = np.bincount(number, level) / np.bincount(number)
    end = float(trace.time[-1] + 0.5 * trace.aperture[-1])
    edge = np.maximum.accumulate(np.append(trace.onset[first], max(end, float(trace.onset[-1]))))
    return Record(mean, edge, trace.time[is_read], number[is_read], trace.conductance[is_read])


def stepwise(trace: Trace) -> Record:
    """Make every level a stage of its own, that is read at its begin: what the legacy map wants. Raises UsageError."""
    whole = staged(trace)
    level = np.nan_to_num(trace.voltage)
    last = float(np.median(np.diff(trace.onset)))
    edge = np.append(trace.onset, trace.onset[-1] + last)
    keep = np.flatnonzero(np.isin(trace.time, whole.time) & trace.is_read).astype(np.int32)
    return Record(level, edge, trace.onset[keep], keep, trace.conductance[keep])


def _firsts(level: FloatArray, apart: float) -> IntArray:
    """Return the first sample of each stage: one that is farther than `apart` from the first of the stage before."""
    first, here = [0], level[0]
    for index, value in enumerate(level):
        if abs(value - here) > apart:
            first.append(index)
            here = value
    return np.array(first, dtype=np.int32)
