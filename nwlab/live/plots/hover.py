"""Painting what the plots say at the mouse: cross-hairs, the sample, and a box of values."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nwlab.live.look.theme import Theme
from nwlab.live.plots.curves import Ink, ink_of
from nwlab.live.plots.frame import Frame
from nwlab.live.plots.readout import Readout

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Hover:
    """What is said, and where."""

    readout: Readout
    plot: int  # that the mouse is in
    sample: QPointF  # px: where the nearest sample lies in the window
    mouse: QPointF  # px


def paint_hover(painter: QPainter, hover: Hover, frame: Frame, theme: Theme) -> None:
    """Paint cross-hairs through the nearest sample, and a box beside the mouse."""
    inside, plot, sample = frame.inside, frame.plots[hover.plot], hover.sample
    painter.setPen(QPen(QColor(theme.quiet), 1, Qt.PenStyle.DashLine))
    if inside.left() <= sample.x() <= inside.right():
        painter.drawLine(QPointF(sample.x(), inside.top()), QPointF(sample.x(), inside.bottom()))
    if plot.top() <= sample.y() <= plot.bottom():
        painter.drawLine(QPointF(plot.left(), sample.y()), QPointF(plot.right(), sample.y()))
        ink = ink_of(hover.readout.rows[0].number, theme)
        painter.setPen(QPen(QColor(theme.panel), 1))
        painter.setBrush(ink.colour)
        painter.drawEllipse(sample, 4, 4)
    _paint_box(painter, hover, frame, theme)


def _paint_box(painter: QPainter, hover: Hover, frame: Frame, theme: Theme) -> None:
    metrics, text, room = painter.fontMetrics(), frame.text, frame.inside
    most = max(1, round(0.8 * room.height()) // text - 2)
    rows, more = hover.readout.rows[:most], len(hover.readout.rows) - most
    said = [f"{row.name}: {row.text}" for row in rows]
    said += [f"and {more} more"] if more > 0 else []
    width = max(metrics.horizontalAdvance(line) for line in (*said, hover.readout.heading)) + 2.6 * text
    box = _beside(hover.mouse, width, (len(said) + 1.4) * text, frame)
    painter.setPen(QPen(QColor(theme.quiet), 1))
    painter.setBrush(QColor(theme.panel))
    painter.drawRect(box)
    place = QRectF(box.left() + 0.5 * text, box.top() + 0.2 * text, box.width() - text, text)
    painter.setPen(QColor(theme.quiet))
    painter.drawText(place, _LEFT, hover.readout.heading)
    for number, line in enumerate(said):
        place.translate(0, text)
        if number < len(rows):
            swatch(painter, QRectF(place.left(), place.top(), 1.2 * text, text), ink_of(rows[number].number, theme, 2))
        painter.setPen(QColor(theme.text))
        painter.drawText(place.adjusted(1.6 * text, 0, 0, 0), _LEFT, line)


def swatch(painter: QPainter, box: QRectF, ink: Ink) -> None:
    """Paint a short piece of a line in the middle of a box."""
    on, period = ink.dash
    count = 1 if on == period else round(2 * period / on) - 1  # two dashes, four dots
    apart = box.width() / (count - 1 + on / period)
    for number in range(count):
        dash = QRectF(box.left() + number * apart, box.center().y() - 1, apart * on / period, 3)
        painter.fillRect(dash, ink.colour)


def _beside(mouse: QPointF, width: float, height: float, frame: Frame) -> QRectF:
    """Return a box beside the mouse that stays inside the plots as far as it fits."""
    away, inside = 1.2 * frame.text, frame.inside
    left = mouse.x() + away
    if left + width > inside.right():
        left = max(mouse.x() - away - width, inside.left() + 2.0)
    top = min(mouse.y() + away, inside.bottom() - height - 2)
    return QRectF(left, max(top, inside.top() + 2.0), width, height)
