"""A curve in one line of a terminal."""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.core.units import show
from nwlab.plot.braille import BRAILLE


def sparkline(values: FloatArray, width: int = 60, unit: str = "1") -> str:
    """Draw values as braille, `width` characters wide, between their smallest and largest.

    Each column shows the whole range of its samples, so a spike of one sample stays visible; columns without a number
    are left blank.
    """
    values = np.asarray(values, dtype=np.float64)
    known = values[np.isfinite(values)]
    if known.size == 0:
        return "no numbers to draw"
    low, high = float(known.min()), float(known.max())
    masks = BRAILLE.masks(_dots(values, 2 * width, low, high))
    return f"{show(low, unit)} {BRAILLE.text(masks[0])} {show(high, unit)}"


def _dots(values: FloatArray, columns: int, low: float, high: float) -> BoolArray:
    """Which dots are set, (4 from above, columns): an even number of columns, at least as many as are used."""
    scale = 3.999 / (high - low) if high > low else 0.0
    parts = np.array_split(values, min(columns, values.size))
    found = np.zeros((4, len(parts) + len(parts) % 2), np.bool_)
    for column, part in enumerate(parts):
        known = part[np.isfinite(part)]
        if known.size:
            bottom, top = int((known.min() - low) * scale), int((known.max() - low) * scale)
            found[3 - top : 4 - bottom, column] = True
    return found
