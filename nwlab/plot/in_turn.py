"""A time axis on which recordings stand one after another, each from its own begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import FloatArray

_GAP = 0.03
"""Of all recordings: what is left free between two."""


@dataclass(frozen=True, slots=True, eq=False)
class InTurn:
    """Where samples stand; a new recording begins where time goes back."""

    starts: NDArray[np.intp]  # (recordings - 1,) the first sample of each but the first
    time: FloatArray  # (samples + recordings - 1,) s

    def broken(self, values: FloatArray) -> FloatArray:
        """Return values (samples,) with NaN in each gap, so that no line leads across."""
        return np.insert(values.astype(np.float64), self.starts, np.nan)

    @property
    def label(self) -> str:
        """What to say of the axis."""
        return "time, one recording after another" if self.starts.size else "time"


def in_turn(time: FloatArray) -> InTurn:
    """Lay out the times of samples, (samples,) s; those of a single recording stay as they are."""
    starts = np.flatnonzero(np.diff(time) < 0) + 1
    if not starts.size:
        return InTurn(starts, time)
    parts = [part - part[0] for part in np.split(time, starts)]
    lengths = np.array([part[-1] for part in parts])
    gap = _GAP * float(lengths.sum())
    begins = np.concatenate([[0.0], np.cumsum(lengths + gap)[:-1]])
    moved = np.concatenate([part + begin for part, begin in zip(parts, begins, strict=True)])
    return InTurn(starts, np.insert(moved, starts, begins[1:]))
