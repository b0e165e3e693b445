"""Painting what was expected: a translucent band between two traces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.live.look.graph import pairs, polygon
from nwlab.live.plots.chart import Chart
from nwlab.live.plots.curves import columns_of
from nwlab.live.scene.trace import Points

_REST = 2.0  # px: a rest that is narrower is no gap
_FEW = 32  # columns that are quickly painted one by one
_FAR = 16_000.0  # px: beyond every screen, and not too far to be filled


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A band in px, one place for each column of px that it covers; (columns,) each."""

    x: FloatArray
    upper: FloatArray
    lower: FloatArray


def band_of(lower: Points, upper: Points, chart: Chart, width: int) -> Band:
    """Return the band between two traces, none of them empty, from column 0 to `width`.

    Where several points share a column of px, the band reaches from the smallest of them to the largest. Rests are
    left out.
    """
    x, bottom = _outline(chart, lower, np.minimum)
    above, top = _outline(chart, upper, np.maximum)
    first, last = max(np.floor(x[0]), 0.0), min(np.floor(x[-1]) + 1, float(width))
    columns = np.arange(first, last) + 0.5
    if lower.after_rest[1:].any():
        columns = columns[~_at_rest(columns, chart.x(lower.time), lower.after_rest)]
    return Band(columns, np.interp(columns, above, top), np.interp(columns, x, bottom))


def draw_band(painter: QPainter, band: Band, colour: QColor, strength: int, *, fine: bool) -> None:
    """Paint a band, `strength` of 255: column by column, or, where `fine`, as areas."""
    wash = QColor(colour.red(), colour.green(), colour.blue(), strength)
    if fine:
        _draw_areas(painter, band, wash)
    elif band.x.size < _FEW:
        for x, upper, lower in zip(band.x.tolist(), band.upper.tolist(), band.lower.tolist(), strict=True):
            painter.fillRect(QRectF(x - 0.5, upper, 1.0, lower - upper), wash)
    else:
        painter.setPen(QPen(wash, 1))
        painter.drawPath(pairs(np.repeat(band.x, 2), np.stack([band.upper, band.lower], axis=1).ravel()))


def _draw_areas(painter: QPainter, band: Band, wash: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(wash)
    for piece in np.split(np.arange(band.x.size), np.flatnonzero(np.diff(band.x) > 1.5) + 1):
        around = np.concatenate([piece, piece[::-1]])
        edge = np.concatenate([band.upper[piece], band.lower[piece[::-1]]])
        painter.drawPolygon(polygon(band.x[around], edge), Qt.FillRule.WindingFill)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _outline(chart: Chart, points: Points, extreme: np.ufunc) -> tuple[FloatArray, FloatArray]:
    """Return one point for each column of px that has any; what has no logarithm lies far below."""
    x = chart.x(points.time)
    _, first = columns_of(x)
    y = chart.y(extreme.reduceat(points.value, first))
    if chart.logarithmic:
        y[np.isnan(y)] = _FAR
    return x[first], np.clip(y, -_FAR, _FAR)


def _at_rest(columns: FloatArray, x: FloatArray, after_rest: BoolArray) -> BoolArray:
    """Whether nothing was measured in a column; points at `x` px."""
    next_one = np.clip(np.searchsorted(x, columns), 1, x.size - 1)
    begin, end = np.ceil(x[next_one - 1]), np.floor(x[next_one])
    return after_rest[next_one] & (end - begin > _REST) & (columns > begin) & (columns < end)
