"""Marks of terminals: each role has a shape and a colour of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from nwlab.live.look.palette import ink
from nwlab.live.look.theme import Theme
from nwlab.live.scene.roles import Role


def fill_of(role: Role, theme: Theme) -> QColor:
    """Return the colour of a role."""
    colours = {
        Role.OPEN: theme.panel,
        Role.DRIVEN: theme.driven,
        Role.READ: theme.read,
        Role.LOW: theme.low,
        Role.GROUNDED: theme.grounded,
        Role.SENSED: theme.sensed,
    }
    return QColor(colours[role])


def reach_of(role: Role, reach: float, *, is_limited: bool) -> float:
    """Return how far all that belongs to a mark reaches from its middle, in pixels."""
    return reach * (1.9 if is_limited or role is Role.GROUNDED else 1.3)


def paint_mark(painter: QPainter, theme: Theme, role: Role, at: QPointF, reach: float, *, is_limited: bool) -> None:
    """Paint the mark of a terminal, `reach` pixels from its middle to its rim."""
    is_open = role is Role.OPEN
    painter.setPen(QPen(QColor(theme.quiet if is_open else theme.text), min(max(1.0, reach / 9), 2.0)))
    painter.setBrush(fill_of(role, theme))
    painter.drawPath(_shape(role, at, reach))
    if role is Role.GROUNDED:
        _paint_ground(painter, theme, at, reach)
    if is_limited:
        _paint_limit(painter, theme, at, reach)


def name_font(name: str, reach: float, font: QFont) -> QFont | None:
    """Return the font in which a name fits into a mark; None when it does not."""
    bold = QFont(font)
    bold.setBold(True)
    for size in (1.0, 0.85):
        bold.setPointSizeF(QFontInfo(font).pointSizeF() * size)
        metrics = QFontMetricsF(bold)
        if math.hypot(metrics.horizontalAdvance(name), metrics.capHeight()) / 2 <= reach * 0.95:
            return bold
    return None


def paint_name(painter: QPainter, theme: Theme, role: Role, at: QPointF, reach: float, name: str, font: QFont) -> None:
    """Write a name into a mark, where it fits."""
    bold = name_font(name, reach, font)
    if bold is not None:
        metrics = QFontMetricsF(bold)
        painter.setFont(bold)
        painter.setPen(QColor(theme.text) if role is Role.OPEN else ink(fill_of(role, theme)))
        painter.drawText(at + QPointF(-metrics.horizontalAdvance(name), metrics.capHeight()) / 2, name)


def _shape(role: Role, at: QPointF, reach: float) -> QPainterPath:
    path = QPainterPath()
    match role:
        case Role.READ:
            path.addPolygon(_polygon(at, 1.3 * reach, 4, 0.0))
        case Role.LOW | Role.GROUNDED:
            path.addPolygon(_polygon(at, 1.3 * reach, 4, math.pi / 4))
        case Role.SENSED:
            path.addPolygon(_polygon(at, 1.12 * reach, 6, 0.0))
        case _:
            path.addEllipse(at, reach, reach)
    path.closeSubpath()
    return path


def _polygon(at: QPointF, reach: float, corners: int, turn: float) -> QPolygonF:
    angles = (turn + 2 * math.pi * corner / corners for corner in range(corners))
    return QPolygonF([at + QPointF(math.cos(angle), math.sin(angle)) * reach for angle in angles])


def _paint_ground(painter: QPainter, theme: Theme, at: QPointF, reach: float) -> None:
    """The symbol of circuit diagrams, below the mark."""
    painter.setPen(QPen(QColor(theme.text), max(1.5, reach / 7)))
    for row, half in enumerate((0.85, 0.5, 0.15)):
        y = at.y() + reach * (1.25 + 0.3 * row)
        painter.drawLine(QPointF(at.x() - half * reach, y), QPointF(at.x() + half * reach, y))


def _paint_limit(painter: QPainter, theme: Theme, at: QPointF, reach: float) -> None:
    """A ring, and a triangle with an exclamation mark at its upper right."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.limited), max(2.0, reach / 4)))
    painter.drawEllipse(at, 1.42 * reach, 1.42 * reach)
    badge, size = at + QPointF(reach, -reach), 0.75 * reach
    painter.setPen(QPen(QColor(theme.panel), max(1.0, reach / 10)))
    painter.setBrush(QColor(theme.limited))
    painter.drawPolygon(_polygon(badge, 1.25 * size, 3, -math.pi / 2))
    painter.setPen(QPen(QColor("#000000"), max(1.2, size / 4)))
    painter.drawLine(badge - QPointF(0, 0.55 * size), badge + QPointF(0, 0.08 * size))
    painter.drawPoint(badge + QPointF(0, 0.42 * size))


def paint_ways(painter: QPainter, theme: Theme, ways: Sequence[tuple[QPointF, QPointF]], width: float) -> None:
    """Paint arrows from point to point; a rim keeps them apart from what lies below, but not from one another."""
    for colour, rim in ((theme.panel, width), (theme.driven, 0.0)):
        for begin, end in ways:
            _paint_way(painter, QColor(colour), begin, end, width, rim)


def _paint_way(painter: QPainter, colour: QColor, begin: QPointF, end: QPointF, width: float, rim: float) -> None:
    run = end - begin
    length = math.hypot(run.x(), run.y())
    along = run / max(length, 1e-9)
    neck = end - along * min(5.0 * width, 0.6 * length)
    across = QPointF(-along.y(), along.x()) * 2.2 * width
    painter.setPen(QPen(colour, width + 2 * rim, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(begin, neck)
    painter.setPen(QPen(colour, 2 * rim) if rim else Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([end, neck + across, neck - across]))
