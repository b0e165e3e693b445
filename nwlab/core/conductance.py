"""When current over voltage says something about the chip: one rule for tables, pictures and windows."""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray

_SMALLEST_VOLTAGE, _SMALLEST_CURRENT = 1e-9, 1e-15  # V, A: no source can set less; below, a level is a rounded zero


def is_forced(level: FloatArray, forces_current: BoolArray | bool) -> BoolArray:
    """Return where a level in V, or in A where a current is forced, is more than a zero; in the shape of `level`."""
    return np.abs(level) > np.where(forces_current, _SMALLEST_CURRENT, _SMALLEST_VOLTAGE)


def conductance(
    voltage: FloatArray, current: FloatArray, level: FloatArray, forces_current: BoolArray | bool
) -> FloatArray:
    """Return current/voltage in S; NaN where the level is 0, because offsets divided by offsets say nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = current / voltage
    return np.where(np.isfinite(ratio) & is_forced(level, forces_current), ratio, np.nan)
