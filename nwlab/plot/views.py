"""Samples as curves: what a picture draws, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.core.rows import IntArray, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One forced terminal over the whole run; (samples,) each."""

    name: str  # of the terminal at HI, and at LO where that is not common
    pair: tuple[int, int]  # terminals at HI and LO; -1 = common
    drive: IntArray  # index of the drive
    start: FloatArray  # s since the first drive's start: when the level began
    time: FloatArray  # s since the first drive's start: middle of the integration
    aperture: FloatArray  # s
    conductance: FloatArray  # S; NaN where the level asked is zero
    voltage: FloatArray  # V
    current: FloatArray  # A
    in_compliance: BoolArray
    overflow: BoolArray
    level: FloatArray  # V or A, as asked
    quantity: IntArray  # what was forced: 0 = voltage, 1 = current


def curves(rows: Rows, terminals: tuple[str, ...]) -> list[Curve]:
    """Split a table into one curve for each pair of terminals, in the order of the terminals."""
    wide = len(terminals) + 1
    pair = rows.terminal.astype(np.int64) * wide + rows.low + 1
    found = np.flatnonzero(np.bincount(pair))  # counting, because sorting a million rows takes seconds
    return [_curve(rows.where(pair == each), *divmod(int(each), wide), terminals) for each in found]


def resistive(curve: Curve) -> bool:
    """Whether a curve has a conductance at all; an ammeter's (0 V all the time) has none."""
    return bool(np.isfinite(curve.conductance).any())


def _curve(mine: Rows, high: int, after_low: int, terminals: tuple[str, ...]) -> Curve:
    name = f"{terminals[high]} → {terminals[after_low - 1]}" if after_low else terminals[high]
    return Curve(
        name,
        (high, after_low - 1),
        mine.drive,
        mine.start,
        mine.time,
        mine.aperture,
        mine.conductance,
        mine.voltage,
        mine.current,
        mine.in_compliance,
        mine.overflow,
        mine.level,
        mine.quantity,
    )


def staircase(curve: Curve) -> tuple[FloatArray, FloatArray]:
    """Return corners of the voltage for steps that hold until the next; a gap (NaN) begins with each rest."""
    after = rests(curve)
    when = ends(curve)[after - 1]
    return np.insert(curve.start, after, when), np.insert(curve.voltage, after, np.nan)


def broken(curve: Curve, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return times and values with a gap (NaN) in each rest; (samples + rests,)."""
    after = rests(curve)
    when = ends(curve)[after - 1]
    return np.insert(curve.time, after, when), np.insert(values, after, np.nan)


def ends(curve: Curve) -> FloatArray:
    """Return when each level ended in s: with the next one, in a drive's last step with its integration; (samples,)."""
    last = np.flatnonzero(np.diff(curve.drive, append=-1))
    end = np.append(curve.start[1:], np.nan)
    end[last] = curve.time[last] + curve.aperture[last] / 2
    return end


def rests(curve: Curve) -> NDArray[np.int64]:
    """Return before which samples, and that the last is followed by one, nothing was held for half a step or more."""
    end = ends(curve)
    gap = np.append(curve.start[1:], np.inf) - end
    return np.flatnonzero(gap > 0.5 * (end - curve.start)) + 1


def bands(drawn: Sequence[Curve], most: int = 500) -> list[tuple[float, float]]:
    """Return from when to when (s) any curve was in compliance; bands closer than 1/`most` of the run are joined."""
    if not drawn:
        return []
    span = max((float(curve.time[-1]) for curve in drawn), default=0.0)
    joined: list[tuple[float, float]] = []
    for begin, end in sorted(pair for curve in drawn for pair in _spells(curve)):
        if joined and begin - joined[-1][1] <= span / most:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def _spells(curve: Curve) -> list[tuple[float, float]]:
    after = rests(curve)
    limited = np.insert(curve.in_compliance, after, False)
    starts, stops = np.insert(curve.start, after, np.nan), np.insert(ends(curve), after, np.nan)
    turns = np.flatnonzero(np.diff(limited.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    return [(float(starts[begin]), float(stops[end - 1])) for begin, end in turns]
