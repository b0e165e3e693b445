"""All plots of a scene, one below the other: on screen column by column, on paper at once."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from nwlab.live.axes import paint_frame, paint_time, paint_values
from nwlab.live.chart import Chart
from nwlab.live.frame import Frame, frame_of
from nwlab.live.marks import paint_marks, placed
from nwlab.live.panel import Panel, Setting
from nwlab.live.sheet import Look
from nwlab.live.sight import Sight
from nwlab.live.ticks import Ticks, of_time
from nwlab.live.view import View, view_of


@dataclass(frozen=True, slots=True)
class Picture:
    """What was painted where, for whoever points at it."""

    panels: tuple[Panel, ...]
    frame: Frame
    charts: tuple[Chart, ...]  # of each plot, in px of the window


def paint(painter: QPainter, sight: Sight, size: QSize, font: QFont, ratio: float) -> Picture:
    """Paint on a screen that has `ratio` px for one of ours; only what is new is painted afresh."""
    frame, ticks, view = _laid_out(sight, size, font, ratio)
    look, key = Look(sight.theme, round(sight.sizes.line * ratio), ratio), (sight.hidden, sight.near)
    for margin in frame.margins:
        painter.fillRect(margin, QColor(sight.theme.window))
    painter.save()
    painter.scale(1 / ratio, 1 / ratio)
    for turn, (panel, plot) in enumerate(zip(sight.panels, frame.plots, strict=True), sight.turn):
        # Plots that do not move take turns: each is painted in every other picture.
        setting = Setting(view, round(plot.height() * ratio), look, key)
        panel.refresh(sight.lines, setting, sight.version, patient=bool(turn % 2))
        corner = QPoint(round(plot.left() * ratio), round(plot.top() * ratio))
        panel.strip.show(painter, corner, view.left, view.left + view.width)
    painter.restore()
    sight.turn += 1
    for panel, plot in zip(sight.panels, frame.plots, strict=True):
        sight.sides[panel.kind].show(painter, panel, plot, frame, sight.theme, ratio)
    return _furnish(painter, sight, frame, ticks, view.column * ratio, view.left / ratio)


def paint_fine(painter: QPainter, sight: Sight, size: QSize, font: QFont) -> None:
    """Paint for paper: all of it, smooth, as curves and not as px."""
    frame, ticks, view = _laid_out(sight, size, font, 1.0)
    lines, look = sight.lines, Look(sight.theme, sight.sizes.line, fine=True)
    painter.fillRect(QRect(QPoint(0, 0), size), QColor(sight.theme.window))
    for panel, plot in zip(sight.panels, frame.plots, strict=True):
        painter.save()
        painter.setClipRect(plot)
        painter.translate(plot.topLeft())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chart = panel.chart(view.column, view.left, plot.height())
        panel.sheet(lines, view, look).paint(painter, chart, plot.width(), plot.height())
        painter.restore()
        paint_values(painter, panel, plot, sight.theme)
    _furnish(painter, sight, frame, ticks, view.column, view.left)


def _laid_out(sight: Sight, size: QSize, font: QFont, ratio: float) -> tuple[Frame, Ticks, View]:
    frame = frame_of(size, [panel.kind for panel in sight.panels], font)
    for index, panel in enumerate(sight.panels):
        panel.rows = frame.rows(index)
    stretch = sight.stretch
    ticks = of_time(stretch.begin, stretch.end, frame.columns)
    return frame, ticks, view_of(stretch.begin, stretch.end, round(frame.plots[0].width() * ratio), ticks.step)


def _furnish(painter: QPainter, sight: Sight, frame: Frame, ticks: Ticks, column: float, left: float) -> Picture:
    """Paint axes and marks around and over the plots."""
    panels, theme = sight.panels, sight.theme
    charts = tuple(panel.chart(column, left, plot.height()) for panel, plot in zip(panels, frame.plots, strict=True))
    for plot in frame.plots:
        paint_frame(painter, plot, theme)
    if sight.scene.lines:
        paint_time(painter, ticks, charts[-1], frame, theme)
    else:
        painter.setPen(QColor(theme.quiet))
        painter.drawText(frame.plots[0], Qt.AlignmentFlag.AlignCenter, "no samples yet")
    paint_marks(painter, placed(sight.scene, charts[0], frame.plots[0].width()), frame, theme)
    if sight.hint:
        painter.setPen(QColor(theme.quiet))
        corner = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        painter.drawText(frame.plots[0].adjusted(4, 4, -6, -4), corner, sight.hint)
    return Picture(panels, frame, charts)
