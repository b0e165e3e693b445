"""All plots of a scene, one below the other: on screen column by column, on paper at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from nwlab.live.plots.axes import paint_frame, paint_time, paint_values
from nwlab.live.plots.chart import Chart
from nwlab.live.plots.frame import Frame, frame_of
from nwlab.live.plots.marks import paint_marks, placed
from nwlab.live.plots.panel import Panel, Setting
from nwlab.live.plots.sheet import Look
from nwlab.live.plots.sight import Sight
from nwlab.live.plots.ticks import Ticks, of_time
from nwlab.live.plots.view import View, view_of


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything lies: plots in the window, time in the plots."""

    frame: Frame
    ticks: Ticks  # of time
    view: View  # columns are px of the screen
    ratio: float = 1.0  # px of the screen for one of ours

    def from_column(self, column: int) -> QRect:
        """Return what is seen from a column on."""
        inside = self.frame.inside
        left = inside.left() + math.floor((column - self.view.left) / self.ratio) - 1
        return QRect(QPoint(max(left, inside.left()), inside.top()), inside.bottomRight())


@dataclass(frozen=True, slots=True)
class Picture:
    """What was painted where, for whoever points at it."""

    panels: tuple[Panel, ...]
    frame: Frame
    charts: tuple[Chart, ...]  # of each plot, in px of the window


def lay_out(sight: Sight, size: QSize, font: QFont, ratio: float = 1.0) -> Layout:
    """Lay out what is seen on a screen that has `ratio` px for one of ours."""
    frame = frame_of(size, [panel.kind for panel in sight.panels], font)
    for index, panel in enumerate(sight.panels):
        panel.rows = frame.rows(index)
    stretch = sight.stretch
    ticks = of_time(stretch.begin, stretch.end, frame.columns)
    view = view_of(stretch.begin, stretch.width, round(frame.plots[0].width() * ratio), ticks.step)
    return Layout(frame, ticks, view, ratio)


def refresh(sight: Sight, layout: Layout) -> int:
    """Bring the strips of all plots up to date; return the first column that may have changed."""
    view, ratio = layout.view.in_stride(), layout.ratio
    look, key = Look(sight.theme, round(sight.sizes.line * ratio), ratio), (sight.hidden, sight.near)
    lines, first = sight.lines, view.left + view.width
    for turn, (panel, plot) in enumerate(zip(sight.panels, layout.frame.plots, strict=True), sight.turn):
        # Plots that do not move take turns: each is painted in every other picture.
        setting = Setting(view, round(plot.height() * ratio), look, key)
        first = min(first, panel.refresh(lines, setting, sight.version, patient=bool(turn % 2)))
    sight.turn += 1
    return first


def paint(painter: QPainter, sight: Sight, layout: Layout, part: QRect) -> Picture:
    """Paint `part` of what has been laid out and refreshed."""
    frame, view, ratio = layout.frame, layout.view, layout.ratio
    around = not frame.inside.contains(part)
    for margin in frame.margins if around else ():
        painter.fillRect(margin, QColor(sight.theme.window))
    painter.save()
    painter.scale(1 / ratio, 1 / ratio)
    for panel, plot in zip(sight.panels, frame.plots, strict=True):
        corner = QPoint(round(plot.left() * ratio), round(plot.top() * ratio))
        panel.strip.show(painter, corner, view.left, view.left + view.width)
    painter.restore()
    for panel, plot in zip(sight.panels, frame.plots, strict=True) if around else ():
        sight.sides[panel.kind].show(painter, panel, plot, frame, sight.theme, ratio)
    return _furnish(painter, sight, layout, around=around)


def paint_fine(painter: QPainter, sight: Sight, size: QSize, font: QFont) -> None:
    """Paint for paper: all of it, smooth, as curves and not as px."""
    layout = lay_out(sight, size, font)
    view, lines, look = layout.view, sight.lines, Look(sight.theme, sight.sizes.line, fine=True)
    painter.fillRect(QRect(QPoint(0, 0), size), QColor(sight.theme.window))
    for panel, plot in zip(sight.panels, layout.frame.plots, strict=True):
        painter.save()
        painter.setClipRect(plot)
        painter.translate(plot.topLeft())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chart = panel.chart(view.column, view.left, plot.height())
        panel.sheet(lines, view, look).paint(painter, chart, plot.width(), plot.height())
        painter.restore()
        paint_values(painter, panel, plot, sight.theme)
    _furnish(painter, sight, layout, around=True)


def _furnish(painter: QPainter, sight: Sight, layout: Layout, *, around: bool) -> Picture:
    """Paint frames and marks over the plots, and the axis of time where what is `around` them is painted."""
    panels, theme, frame = sight.panels, sight.theme, layout.frame
    column, left = layout.view.column * layout.ratio, layout.view.left / layout.ratio
    charts = tuple(panel.chart(column, left, plot.height()) for panel, plot in zip(panels, frame.plots, strict=True))
    for plot in frame.plots:
        paint_frame(painter, plot, theme)
    if not sight.scene.lines:
        painter.setPen(QColor(theme.quiet))
        painter.drawText(frame.plots[0], Qt.AlignmentFlag.AlignCenter, "no samples yet")
    elif around:
        paint_time(painter, layout.ticks, charts[-1], frame, theme)
    paint_marks(painter, placed(sight.scene, charts[0], frame.plots[0].width()), frame, theme)
    if sight.hint:
        painter.setPen(QColor(theme.quiet))
        corner = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        painter.drawText(frame.plots[0].adjusted(4, 4, -6, -4), corner, sight.hint)
    return Picture(panels, frame, charts)
