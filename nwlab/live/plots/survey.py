"""What is seen of some lines in a stretch of time: from which value to which, and where samples are few."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.live.plots.kinds import CONDUCTANCE, RESIDUAL, Kind, Scale
from nwlab.live.scene.line import Line
from nwlab.live.scene.trace import KEPT, Trace

_APART = 8  # px between samples that each get a dot
_DECADES = 9.0  # below the largest value: what lies deeper is no conductance


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look at all lines has found; in the unit of the scale, or in decades."""

    low: float
    high: float
    sparse: frozenset[int]  # numbers of the lines that have few samples


def survey(kind: Kind, scale: Scale, lines: Iterable[Line], begin: float, end: float, width: int) -> Survey | None:
    """Look at a stretch of time that is `width` px wide; None when there is nothing to be seen."""
    most = min(max(width // _APART, 100), KEPT)
    ranges: list[tuple[float, float]] = []
    bands: list[tuple[float, float]] = []
    sparse: set[int] = set()
    for line in lines:
        values = _values(kind.trace(line), begin, end, most)
        if kind.dots and kind.trace(line).few(begin, end, width // _APART):
            sparse.add(line.number)
        ranges += _range(values, scale)
        if kind is CONDUCTANCE:
            bands += _range(_values(line.lower, begin, end, most), scale)
            bands += _range(_values(line.upper, begin, end, most), scale)
    if not ranges:
        return None
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    if kind is RESIDUAL:
        largest = max(abs(low), abs(high), scale.least / 2)
        low, high = -largest, largest
    return Survey(*_with_bands(low, high, bands, scale), frozenset(sparse))


def _values(trace: Trace, begin: float, end: float, most: int) -> FloatArray:
    points = trace.view(begin, end, most)
    inside = points.value[(points.time >= begin) & (points.time <= end)]
    return inside if inside.size else points.value


def _range(values: FloatArray, scale: Scale) -> list[tuple[float, float]]:
    if scale.logarithmic:
        values = values[values > 0]
    if not values.size:
        return []
    low, high = float(values.min()) / scale.value, float(values.max()) / scale.value
    return [(float(np.log10(low)), float(np.log10(high)))] if scale.logarithmic else [(low, high)]


def _with_bands(low: float, high: float, bands: list[tuple[float, float]], scale: Scale) -> tuple[float, float]:
    """Bands count as far as they leave the lines half of the height; a band may be as wide as it likes."""
    if scale.logarithmic:
        low = max(low, high - _DECADES)
    room = max(high - low, scale.least, 0.0 if scale.logarithmic else 0.1 * max(abs(low), abs(high))) / 2
    lowest, highest = min((low for low, _ in bands), default=low), max((high for _, high in bands), default=high)
    return max(min(low, lowest), low - room), min(max(high, highest), high + room)
