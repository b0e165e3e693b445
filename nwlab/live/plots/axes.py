"""Painting frames, numbers and names of the plots."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from nwlab.live.look.theme import Theme
from nwlab.live.plots.chart import Chart
from nwlab.live.plots.frame import Frame
from nwlab.live.plots.panel import Panel
from nwlab.live.plots.ticks import Ticks

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTRE = Qt.AlignmentFlag.AlignCenter


def paint_values(painter: QPainter, panel: Panel, plot: QRect, theme: Theme) -> None:
    """Paint the numbers left of a plot, and what it shows."""
    ticks, text = panel.ticks(), painter.fontMetrics().height()
    painter.setPen(QColor(theme.text))
    scale = plot.height() / panel.heights.height
    for tick in ticks.ticks:
        y = plot.top() + (panel.heights.high - tick.place) * scale
        top = min(max(y - text / 2, plot.top() - text / 4), plot.bottom() - 0.75 * text)
        painter.drawText(QRectF(0, top, plot.left() - 0.4 * text, text), _RIGHT, tick.text)
    _name(painter, panel, ticks.unit, plot)


def _name(painter: QPainter, panel: Panel, unit: str, plot: QRect) -> None:
    """Write name and unit upwards, or the symbol where the plot is not as high as its name is long."""
    metrics, kind = painter.fontMetrics(), panel.kind
    said = f" ({unit})" if unit else ""
    fits = metrics.horizontalAdvance(kind.name + said) <= plot.height()
    painter.save()
    painter.translate(0.2 * metrics.height(), plot.center().y())
    painter.rotate(-90)
    length = plot.height() + 2 * metrics.height()
    name = kind.name if fits else kind.symbol
    painter.drawText(QRectF(-length / 2, 0, length, 1.2 * metrics.height()), _CENTRE, name + said)
    painter.restore()


def paint_frame(painter: QPainter, plot: QRect, theme: Theme) -> None:
    """Paint a frame around a plot."""
    painter.setPen(QPen(QColor(theme.quiet), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(plot.adjusted(-1, -1, 0, 0))


def paint_time(painter: QPainter, ticks: Ticks, chart: Chart, frame: Frame, theme: Theme) -> None:
    """Paint the numbers below the lowest plot, as far as they have room, and the unit to their left."""
    lowest, text, metrics = frame.plots[-1], frame.text, painter.fontMetrics()
    top, free = lowest.bottom() + 0.2 * text, lowest.left() - 0.8 * text
    painter.setPen(QColor(theme.text))
    painter.drawText(QRectF(0, top, free, 1.1 * text), _RIGHT, f"Time ({ticks.unit})")
    for tick in ticks.ticks:
        width = metrics.horizontalAdvance(tick.text) + 2
        left = lowest.left() + tick.place / chart.column - chart.left - width / 2
        if left > free and left + width <= frame.size.width():
            painter.drawText(QRectF(left, top, width, 1.1 * text), _CENTRE, tick.text)
            free = left + width + 0.5 * text


def font_of(base: QFont, points: float) -> QFont:
    """Return the font of the window in another size."""
    font = QFont(base)
    font.setPointSizeF(points)
    return font


def elided(text: str, metrics: QFontMetrics, width: int) -> str:
    """Return a text that is at most `width` px wide."""
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
