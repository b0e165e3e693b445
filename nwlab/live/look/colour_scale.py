"""Which part of a colour map a value has, and what stands beside the bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import FloatArray
from nwlab.live.look.words import quantity
from nwlab.plot.network_picture import colour_range

COLOURS = 255
"""Colours of a map; the index after the last is for what has no value."""

_WIDE = 10.0  # largest over smallest value from which logarithms serve the eye better


@dataclass(frozen=True, slots=True)
class ColourScale:
    """From `low` to `high`, both in `unit`; values beyond an end have its colour."""

    low: float
    high: float
    is_log: bool
    unit: str

    def part(self, values: FloatArray) -> FloatArray:
        """Return where values lie on the scale, 0 to 1, in their shape; NaN stays NaN."""
        low, high, values = self.low, self.high, np.asarray(values, dtype=np.float64)
        if self.is_log:
            low, high = math.log(self.low), math.log(self.high)
            # Not above zero is below every scale of logarithms.
            values = np.log(np.maximum(values, self.low))
        return np.clip((values - low) / (high - low), 0.0, 1.0)

    def index(self, values: FloatArray) -> NDArray[np.uint8]:
        """Return the number of each value's colour, 0 to COLOURS − 1; COLOURS for NaN."""
        part = self.part(values)
        number = np.where(np.isnan(part), COLOURS, np.nan_to_num(part) * (COLOURS - 1) + 0.5)
        return number.astype(np.uint8)

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        """Return at most about `most` round values as (0 to 1 along the scale, text)."""
        values = _decades(self.low, self.high, most) if self.is_log else _round(self.low, self.high, most)
        return [(float(self.part(np.array(value))), quantity(value, self.unit)) for value in values]


def scale_of(values: FloatArray, unit: str, is_log: bool | None = None) -> ColourScale:
    """Return the scale of some values; by default of logarithms where they are positive and reach far."""
    known = values[np.isfinite(values)]
    if is_log is None:
        is_log = bool(known.size) and bool(known.min() > 0) and bool(known.max() >= _WIDE * known.min())
    if is_log:
        return ColourScale(*colour_range(known), True, unit)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if low == high:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    return ColourScale(low, high, False, unit)


def _decades(low: float, high: float, most: int) -> list[float]:
    """Powers of ten; with few of them also twice and five times as much."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**power for power in powers for step in steps]
        inside = [value for value in found if low * 0.999 <= value <= high * 1.001]
        if len(inside) <= most:
            return inside or [low, high]
    tens = [10.0**power for power in powers if low * 0.999 <= 10.0**power <= high * 1.001]
    return tens[:: -(-len(tens) // most)]


def _round(low: float, high: float, most: int) -> list[float]:
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return [number * step for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
