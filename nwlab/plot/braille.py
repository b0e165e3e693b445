"""Dots in letters: braille where a terminal can show it, points and colons elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import BoolArray, FloatArray

MaskArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Letters:
    """An alphabet whose letters show dots: a letter for each sum of the bits of those that are set."""

    bits: tuple[tuple[int, ...], ...]  # (rows from above, columns) of one letter
    alphabet: str
    rule: str  # "─│└┤┬" or what stands for them

    @property
    def rows(self) -> int:
        """Dots of a letter, one above the other."""
        return len(self.bits)

    @property
    def columns(self) -> int:
        """Dots of a letter side by side."""
        return len(self.bits[0])

    def masks(self, dots: BoolArray) -> MaskArray:
        """Return the bits of each letter, (rows, columns), for dots (rows x letter's rows, columns x letter's)."""
        height, width = dots.shape[0] // self.rows, dots.shape[1] // self.columns
        cells = dots.reshape(height, self.rows, width, self.columns)
        return np.einsum("irjc,rc->ij", cells.astype(np.int64), np.array(self.bits))

    def text(self, masks: MaskArray) -> str:
        """Return one row of letters."""
        return "".join(self.alphabet[mask] for mask in masks.tolist())


BRAILLE = Letters(
    ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80)), "".join(map(chr, range(0x2800, 0x2900))), "─│└┤┬"
)
"""Bits as in Unicode 15, block Braille Patterns."""
ASCII = Letters(((2,), (1,)), " .':", "-|+++")


def dots(low: FloatArray, high: FloatArray, rows: int) -> BoolArray:
    """Return which dots a curve sets, (rows from above, columns).

    `low` and `high` are the ends of each column, 0 = bottom and 1 = top, NaN = none. Where two columns beside each
    other do not meet, the second is drawn longer, so that a steep curve holds together.
    """
    bottom, top = np.rint(low * (rows - 1)), np.rint(high * (rows - 1))
    before_top, before_bottom = np.append(np.nan, top[:-1]), np.append(np.nan, bottom[:-1])
    joined_bottom = np.fmin(bottom, before_top + 1)
    joined_top = np.fmax(top, before_bottom - 1)
    row = np.arange(rows)[::-1, np.newaxis]
    drawn = (row >= joined_bottom) & (row <= joined_top)
    return drawn & np.isfinite(bottom)
