"""A curve in one line of a terminal."""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.units import show

_BLANK = 0x2800
_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""Bits of a braille character's left and right column, from below (Unicode 15, block Braille Patterns)."""


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
    rows = _rows(values, 2 * width, low, high)
    columns = [_mask(dots, *pair) for dots, pair in zip(_DOTS * width, rows, strict=False)]
    columns.append(0)
    text = "".join(chr(_BLANK | left | right) for left, right in zip(columns[::2], columns[1::2], strict=False))
    return f"{show(low, unit)} {text} {show(high, unit)}"


def _rows(values: FloatArray, columns: int, low: float, high: float) -> list[tuple[int, int] | tuple[()]]:
    """Lowest and highest dot of each column; empty where there is no number."""
    scale = 3.999 / (high - low) if high > low else 0.0
    found: list[tuple[int, int] | tuple[()]] = []
    for part in np.array_split(values, min(columns, values.size)):
        known = part[np.isfinite(part)]
        found.append((int((known.min() - low) * scale), int((known.max() - low) * scale)) if known.size else ())
    return found


def _mask(dots: tuple[int, ...], *ends: int) -> int:
    return sum(dots[ends[0] : ends[1] + 1]) if ends else 0
