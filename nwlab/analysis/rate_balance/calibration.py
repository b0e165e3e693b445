"""How far the calibration of the meter that recorded may have shifted what was found.

A meter that is off is off alike in all readings, so that no record tells it, however long. What it does to the largest
likelihood follows to first order: the score changes with the readings, and covariance times that change is the way that
the maximum goes. The names of voltages are in the law itself, and are changed there.

How far a meter may be off is the bound of a data sheet, one year after calibration (Keithley SPEC-2636B; others are
much alike); as a standard deviation it is that over √3 (JCGM 100:2008, 4.3.7).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nwlab.analysis.rate_balance.all_levels import DOWN, ETA_D, ETA_P, NAMES, UP, Whole
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import FloatArray

AMPERES, VOLTS, RANGE = 2.5e-4, 1.5e-4, 2.5e-4
"""Parts of a current, of a voltage, and of a range's end, that a reading may be off by."""
_SPANS = (1.0, 2.0)
"""First digit of the ends of ranges: of a current 1 mA, 10 mA, …; of a voltage 2 V, 20 V, …"""
_FAINT = 1e-3
"""V below which nothing is read."""
_FINE = 0.1
"""The part of a fault along which the score is differentiated."""


@dataclass(frozen=True, slots=True, eq=False)
class _Fault:
    """One way of being off, by a standard deviation."""

    reading: FloatArray  # (n,) S, by how much each reading is too large
    gain: float = 0.0  # part by which voltages are called too large
    offset: float = 0.0  # V by which they are


def calibration(steps: Steps, whole: Whole) -> dict[str, float]:
    """Return the standard deviation that a meter's calibration adds to each number, in the order of `NAMES`; and to
    the conductance that the record starts with."""
    faults = list(_faults(steps))
    shifts = np.array([whole.slopes() @ _shift(steps, whole, fault) for fault in faults])
    start = [fault.reading[0] for fault in faults]
    told = dict(zip(NAMES, np.sqrt(np.sum(shifts**2, axis=0)).tolist(), strict=False))
    return {**told, "start_conductance": float(np.sqrt(np.sum(np.square(start))))}


def _faults(steps: Steps) -> Iterator[_Fault]:
    """Gain and offset, of current and of voltage."""
    volts = np.maximum(steps.level[steps.at], _FAINT)
    current = RANGE * _range(float(np.max(np.abs(steps.reading) * volts)), _SPANS[0]) / np.sqrt(3.0)
    voltage = RANGE * _range(float(volts.max()), _SPANS[1]) / np.sqrt(3.0)
    yield _Fault(steps.reading * AMPERES / np.sqrt(3.0))
    yield _Fault(current / volts)
    yield _Fault(-steps.reading * VOLTS / np.sqrt(3.0), gain=VOLTS / np.sqrt(3.0))
    yield _Fault(-steps.reading * voltage / volts, offset=voltage)


def _range(value: float, digit: float) -> float:
    """Return the end of the smallest range that holds a value."""
    return digit * 10.0 ** float(np.ceil(np.log10(value / digit) - 1e-6))


def _shift(steps: Steps, whole: Whole, fault: _Fault) -> FloatArray:
    """Return by how much a fault moves the numbers, (parameters,)."""
    optimum = whole.optimum
    above, below = (
        optimum.problem.told(replace(steps, reading=steps.reading + part * fault.reading), optimum.parameters).score
        for part in (_FINE, -_FINE)
    )
    moved = optimum.covariance @ (above - below) / (2.0 * _FINE)
    called = fault.offset + fault.gain * whole.lines.middle
    for constant, slope, sign in ((UP, ETA_P, -1.0), (DOWN, ETA_D, 1.0)):
        moved[constant] += sign * optimum.parameters[slope] * called
        moved[slope] -= optimum.parameters[slope] * fault.gain
    return np.asarray(moved, dtype=np.float64)
