"""Painting a stretch of one plot: grid, compliance, predictions, curves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nwlab.live.look.theme import Theme
from nwlab.live.plots.band import band_of, draw_band
from nwlab.live.plots.chart import Chart
from nwlab.live.plots.curves import Stroke, alone, draw, draw_dots, ink_of, stroke_of
from nwlab.live.plots.kinds import CONDUCTANCE, RESIDUAL, Kind
from nwlab.live.plots.shade import draw_shades, shades_of
from nwlab.live.scene.line import Line
from nwlab.live.scene.trace import KEPT

_MARGIN = 3.0  # px on either side, from where lines and dots still reach into the picture
_STRENGTH = 70  # of a band, of 255: the line on top and other bands below stay visible
_SEVERAL = 5  # lines, of which bands may still lie over one another
_NARROW = 200  # px, from where on it is quicker to get few points
_GUIDES = {2.0: 110, 3.0: 255}
"""Residuals, in standard deviations, that one in 22 and one in 370 samples lies beyond; how strong each line is."""


@dataclass(frozen=True, slots=True)
class Look:
    """How everything is painted."""

    theme: Theme
    width: int = 1  # px of a line
    ratio: float = 1.0  # px of the image for one px of the window's measures
    fine: bool = False  # for paper: smooth, however long it takes


@dataclass(frozen=True, slots=True)
class Lattice:
    """Where grid lines are."""

    step: float  # s between vertical ones
    heights: tuple[float, ...]  # values of horizontal ones


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is needed to paint any stretch of a plot."""

    kind: Kind
    lines: tuple[Line, ...]
    sparse: frozenset[int]  # numbers of lines whose samples get a dot
    lattice: Lattice
    look: Look

    def paint(self, painter: QPainter, chart: Chart, width: int, height: int) -> bool:
        """Paint columns 0 to `width` of a chart; return whether a curve leaves the picture above or below."""
        self._ground(painter, chart, width, height)
        if self.kind is CONDUCTANCE:
            self._bands(painter, chart, width)
        left = False
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for line in self.lines:
            stroke = self._stroke(line, chart, width)
            if stroke.y.size:
                left = left or bool(stroke.y.min() < -0.5 or stroke.y.max() > height + 0.5)
                self._curve(painter, line, stroke, chart, width)
        return left

    def _ground(self, painter: QPainter, chart: Chart, width: int, height: int) -> None:
        theme, lattice = self.look.theme, self.lattice
        painter.fillRect(0, 0, width, height, QColor(theme.panel))
        painter.setPen(QPen(QColor(theme.grid), max(1, round(self.look.ratio))))
        first, last = np.ceil(chart.time(0.0) / lattice.step), np.floor(chart.time(float(width)) / lattice.step)
        for x in chart.x(np.arange(first, last + 1) * lattice.step).tolist():
            painter.drawLine(QPointF(x, 0.0), QPointF(x, float(height)))
        _across(painter, chart, lattice.heights, width)
        if self.kind is RESIDUAL:
            for distance, strength in _GUIDES.items():
                colour = QColor(theme.quiet)
                colour.setAlpha(strength)
                painter.setPen(QPen(colour, max(1, round(self.look.ratio))))
                _across(painter, chart, (-distance, distance), width)
        else:
            shades = shades_of((line.limited for line in self.lines), chart, width)
            draw_shades(painter, shades, width, height, theme.limited)

    def _bands(self, painter: QPainter, chart: Chart, width: int) -> None:
        begin, end, most = _reach(chart, width)
        for line in self.lines:
            if line.lower.samples:
                lower, upper = line.lower.view(begin, end, most), line.upper.view(begin, end, most)
                ink = ink_of(line.number, self.look.theme)
                strength = _STRENGTH if len(self.lines) <= _SEVERAL else _STRENGTH // 2
                draw_band(painter, band_of(lower, upper, chart, width), ink.colour, strength, fine=self.look.fine)

    def _stroke(self, line: Line, chart: Chart, width: int) -> Stroke:
        return stroke_of(self.kind.trace(line).view(*_reach(chart, width)), chart, width)

    def _curve(self, painter: QPainter, line: Line, stroke: Stroke, chart: Chart, width: int) -> None:
        look = self.look
        ink = ink_of(line.number, look.theme, look.width, look.ratio, fine=look.fine)
        draw(painter, stroke, chart, width, ink)
        draw_dots(painter, stroke if line.number in self.sparse else alone(stroke), ink)


def _reach(chart: Chart, width: int) -> tuple[float, float, int]:
    """From when to when in s points matter, and how many are enough."""
    return chart.time(-_MARGIN), chart.time(width + _MARGIN), KEPT if width < _NARROW else min(2 * width, KEPT)


def _across(painter: QPainter, chart: Chart, heights: Iterable[float], width: int) -> None:
    for height in heights:
        y = (chart.top - height) * chart.scale
        painter.drawLine(QPointF(0.0, y), QPointF(float(width), y))
