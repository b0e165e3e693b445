"""Painting a trace: fast, no spike hidden, and the same whether all of it is painted or column by column."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.live.look.graph import path, polygon
from nwlab.live.look.theme import Theme
from nwlab.live.plots.chart import Chart
from nwlab.live.scene.trace import Points

_MANY = 4  # points in a column, from where on only the extremes are painted
_FEW = 64  # points that are quickly handed over one by one
_REST = 2.0  # px: a rest that is narrower is no gap
_STEEP = 3.0  # px: a line that rises by more has no dashes, which might hide it
_DASHES = ((1, 1), (10, 15), (3, 7))
"""Columns that are painted, of how many; solid, dashed, dotted."""


@dataclass(frozen=True, slots=True)
class Ink:
    """How one line is painted."""

    colour: QColor
    width: int  # px
    dash: tuple[int, int]
    pen: QPen
    offsets: tuple[tuple[int, int], ...]  # px: where the pen goes along the line


def ink_of(number: int, theme: Theme, width: int = 1, ratio: float = 1.0, *, fine: bool = False) -> Ink:
    """Return the ink of the line `number`: the colours in turn, solid, then dashed, then dotted.

    Dashes are `ratio` times as long. A wide line is painted by a pen of one px that goes several times, which is far
    quicker than a wide pen; where `fine`, by a wide one.
    """
    count = len(theme.curves)
    return _ink(theme.curves[number % count], number // count % len(_DASHES), width, ratio, fine)


@lru_cache(256)
def _ink(name: str, dash: int, width: int, ratio: float, fine: bool) -> Ink:
    on, period = (round(ratio * px) for px in _DASHES[dash])
    colour, first = QColor(name), -((width - 1) // 2)
    steps = (0,) if fine else range(first, first + width)
    offsets = tuple((right, down) for right in steps for down in steps)
    return Ink(colour, width, (on, period), QPen(colour, width if fine else 1), offsets)


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """Points of a trace in px; (points,) each."""

    x: FloatArray
    y: FloatArray
    joined: BoolArray | None = None  # whether a line leads on from each; None = to the last point from all others


def stroke_of(points: Points, chart: Chart, width: int) -> Stroke:
    """Return points in px for columns 0 to `width`.

    Nothing leads across a rest, nor past a value that has no logarithm.
    """
    x, joined = chart.x(points.time), None
    if bool(points.after_rest.any()):
        joined = np.append(~(points.after_rest[1:] & (x[1:] - x[:-1] > _REST)), False)
    elif x.size > _MANY * width:
        x, value = _extremes(x, points.value)
        return _known(Stroke(x, chart.y(value)), chart)
    return _known(Stroke(x, chart.y(points.value), joined), chart)


def _extremes(x: FloatArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the smallest and the largest value of each column; a line through these covers the same px."""
    column, first = columns_of(x)
    where, values = np.empty(2 * first.size), np.empty(2 * first.size)
    where[::2] = where[1::2] = column[first] + 0.5
    values[::2], values[1::2] = np.minimum.reduceat(value, first), np.maximum.reduceat(value, first)
    return where, values


def columns_of(x: FloatArray) -> tuple[FloatArray, NDArray[np.intp]]:
    """Return the column of px of each place, and which of the places, in order, are the first in theirs."""
    column = np.floor(x)
    new = np.empty(x.size, np.bool_)
    new[:1] = True
    np.greater(column[1:], column[:-1], out=new[1:])
    return column, new.nonzero()[0]


def _known(stroke: Stroke, chart: Chart) -> Stroke:
    """Leave out what has no logarithm."""
    if not chart.logarithmic:
        return stroke
    known = np.isfinite(stroke.y)
    joined = np.append(known[1:], False)
    if stroke.joined is not None:
        joined &= stroke.joined
    return Stroke(stroke.x[known], stroke.y[known], joined[known])


def draw(painter: QPainter, stroke: Stroke, chart: Chart, width: int, ink: Ink) -> None:
    """Paint a line between columns 0 and `width`, with a painter that has no brush."""
    if not stroke.x.size:
        return
    if ink.dash[0] < ink.dash[1]:
        stroke = _dashed(stroke, chart.left, width, *ink.dash)
    painter.setPen(ink.pen)
    draw_it = _drawing(painter, stroke)
    for right, down in ink.offsets:
        painter.translate(right, down)
        draw_it()
        painter.translate(-right, -down)


def _drawing(painter: QPainter, stroke: Stroke) -> Callable[[], None]:
    """Return what paints a line in the way that is the quickest for its kind."""
    x, y, joined = stroke.x, stroke.y, stroke.joined
    if joined is None:
        return partial(painter.drawPolyline, polygon(x, y))
    if x.size > _FEW:
        return partial(painter.drawPath, path(x, y, joined))
    places = [QPointF(*place) for place in zip(x.tolist(), y.tolist(), strict=True)]
    return partial(painter.drawLines, [QLineF(places[at], places[at + 1]) for at in joined.nonzero()[0].tolist()])


def draw_dots(painter: QPainter, stroke: Stroke, ink: Ink) -> None:
    """Paint a dot at each point."""
    if stroke.x.size:
        painter.setPen(QPen(ink.colour, 3 + ink.width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
        painter.drawPoints(polygon(stroke.x, stroke.y))


def alone(stroke: Stroke) -> Stroke:
    """Return one point of each piece of line that is too narrow to be seen."""
    x, y = stroke.x, stroke.y
    if stroke.joined is None:
        few = slice(0, 1 if x.size and x[-1] - x[0] < 1.0 else 0)
        return Stroke(x[few], y[few])
    ends = np.flatnonzero(~stroke.joined)
    begins = np.append(0, ends[:-1] + 1)
    begins = begins[x[ends] - x[begins] < 1.0]
    return Stroke(x[begins], y[begins])


def _dashed(stroke: Stroke, left: float, width: int, on: int, period: int) -> Stroke:
    """Interrupt a line where its column says so, so that it has the same dashes however it is painted."""
    x, y, joined = stroke.x, stroke.y, stroke.joined
    across = x[1:] - x[:-1]
    if across.size and float(across.max()) > 1.0:
        x, y, joined = _cut(stroke, left, width, on, period)
        across = x[1:] - x[:-1]
    lit = np.zeros(x.size, np.bool_)
    lit[:-1] = np.mod(x[:-1] + (0.5 * across + left), period) < on
    lit[:-1] |= np.abs(y[1:] - y[:-1]) > _STEEP
    return Stroke(x, y, lit if joined is None else lit & joined)


def _cut(
    stroke: Stroke, left: float, width: int, on: int, period: int
) -> tuple[FloatArray, FloatArray, BoolArray | None]:
    """Return the points of a line, and more where its dashes begin and end."""
    x, y, joined = stroke.x, stroke.y, stroke.joined
    first, last = math.floor(left / period), math.ceil((left + width) / period)
    dashes = np.arange(first, last + 1) * period - left
    edges = np.sort(np.concatenate([dashes, dashes + on]))
    edges = edges[(edges > x[0]) & (edges < x[-1])]
    before = np.searchsorted(x, edges, side="right")
    joined = None if joined is None else np.insert(joined, before, joined[before - 1])
    return np.insert(x, before, edges), np.insert(y, before, np.interp(edges, x, y)), joined
