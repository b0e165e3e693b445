"""Where an axis has its marks, and what stands at them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.units import PREFIXES, show

_STEPS = (1.0, 2.0, 5.0, 10.0, 20.0)
_SPREAD = 100.0
"""Values that span more than this are drawn on a logarithmic axis."""
_FLAT = 1e-9  # of the value: less than this is no range to be divided


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis of values from `low` to `high`."""

    low: float
    high: float
    is_log: bool = False

    def place(self, values: FloatArray) -> FloatArray:
        """Return where values lie: 0 at `low`, 1 at `high`; NaN stays NaN."""
        low, high = self.low, self.high
        if self.is_log:
            with np.errstate(invalid="ignore", divide="ignore"):
                values, low, high = np.log(values), math.log(low), math.log(high)
        return (values - low) / (high - low)

    def ticks(self, most: int) -> list[float]:
        """Return up to `most` round values on the axis; at least one."""
        return _decades(self.low, self.high, most) if self.is_log else linear(self.low, self.high, most)


def scale(ranges: Iterable[tuple[float, float]]) -> Scale:
    """Return the axis for values of these ranges; logarithmic when they are positive and span decades.

    Raises ValueError for no range at all.
    """
    pairs = list(ranges)
    low, high = min(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    if low > 0 and high > _SPREAD * low:
        return Scale(low, high, is_log=True)
    if high - low <= _FLAT * max(abs(low), abs(high)):
        room = 0.1 * abs(high) or 1.0
        return Scale(low - room, high + room)
    return Scale(low, high)


def linear(low: float, high: float, most: int) -> list[float]:
    """Return up to `most` round values between two, `low` < `high`; at least one."""
    unit = 10.0 ** math.floor(math.log10((high - low) / max(most, 1)))
    for step in (unit * each for each in _STEPS):
        first, last = math.ceil(low / step - _FLAT), math.floor(high / step + _FLAT)
        if last - first < max(most, 1):
            return [number * step for number in range(first, last + 1)] or [(low + high) / 2]
    raise AssertionError("the largest step is more than the range divided by the most")


def labels(ticks: list[float], unit: str) -> list[str]:
    """Write values with prefix and unit, with as many digits as tell neighbours apart."""
    step = min((abs(b - a) for a, b in pairwise(ticks)), default=0.0)
    return [show(tick, unit, _digits(tick, step)) for tick in ticks]


def moments(span: float, most: int) -> tuple[list[float], list[str]]:
    """Return round times from 0 to `span` s, at most `most`, and what stands at them."""
    factor, unit = _time_unit(span)
    ticks = linear(0.0, span / factor, most)
    return [tick * factor for tick in ticks], [f"{tick:g} {unit}" for tick in ticks]


def _decades(low: float, high: float, most: int) -> list[float]:
    first, last = math.ceil(math.log10(low) - _FLAT), math.floor(math.log10(high) + _FLAT)
    each = -(-(last - first + 1) // max(most, 1))
    return [10.0**power for power in range(first, last + 1) if (power - last) % each == 0]


def _digits(tick: float, step: float) -> int:
    if not step or not tick:
        return 4
    return max(3, math.floor(math.log10(abs(tick)) + _FLAT) - math.floor(math.log10(step) + _FLAT) + 1)


def _time_unit(span: float) -> tuple[float, str]:
    if span > 7200:
        return 3600.0, "h"
    if span > 600:
        return 60.0, "min"
    factor, prefix = max(((factor, prefix) for prefix, factor in PREFIXES.items() if span >= factor), default=(1.0, ""))
    return factor, f"{prefix}s"
