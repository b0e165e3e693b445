"""What a file says was not measured: nothing at all, infinity, or the code of a meter whose range was too small."""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import FloatArray

OVERFLOW = 9.9e37
"""What instruments that speak SCPI answer for infinity; 9.91e37 is their NaN."""


def measured(values: FloatArray) -> FloatArray:
    """Return the same numbers, NaN for those that no meter could have read."""
    return np.where(np.abs(values) < OVERFLOW, values, np.nan)


def overflows(*values: FloatArray) -> tuple[str, ...]:
    """Return a note that counts what `measured` takes away; none where that is nothing."""
    found = sum(int(np.sum(np.abs(each) >= OVERFLOW)) for each in values)
    text = f"values of {OVERFLOW:g} or more are overflows of a meter, and count as not measured: {found}"
    return (text,) if found else ()


def carried(voltage: FloatArray, current: FloatArray) -> FloatArray:
    """Return voltages (samples, terminals) in which a level that a driven terminal lacks is the one before.

    A terminal is driven if any current was measured there; before its first level nothing can be carried.
    """
    driven = np.isfinite(current).any(axis=0)
    sample = np.arange(len(voltage))[:, np.newaxis]
    last = np.maximum.accumulate(np.where(np.isfinite(voltage), sample, 0), axis=0)
    return np.where(driven, np.take_along_axis(voltage, last, axis=0), voltage)
