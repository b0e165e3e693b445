"""Painting what happened: jumps, alarms and notes as lines across all plots, with a few words each."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nwlab.live.look.theme import Theme
from nwlab.live.plots.axes import elided
from nwlab.live.plots.chart import Chart
from nwlab.live.plots.frame import Frame
from nwlab.live.scene.scene import Mark, Scene

_CLOSE = 3.0  # px: marks that are closer are one
_CHARACTERS = 40
_ROWS, _TEXTS = 2, 60  # words below one another, and in all, before some are left out


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark in the picture."""

    x: float  # px
    mark: Mark

    @property
    def is_alarm(self) -> bool:
        """Whether it is one that must not be overlooked."""
        return self.mark.kind == "alarm"


def placed(scene: Scene, chart: Chart, width: int) -> list[Placed]:
    """Return the marks that are seen from column 0 to `width`, in order; of several too close, alarms are kept."""
    begin, end = chart.time(0.0), chart.time(float(width))
    others = (mark for mark in scene.marks if mark.kind != "alarm")
    seen = [mark for mark in (*others, *scene.alarms) if begin <= mark.time <= end]
    kept: list[Placed] = []
    for mark in sorted(seen, key=lambda mark: mark.time):
        each = Placed(mark.time / chart.column - chart.left, mark)
        if kept and each.x - kept[-1].x < _CLOSE:
            kept[-1] = each if each.is_alarm and not kept[-1].is_alarm else kept[-1]
        else:
            kept.append(each)
    return kept


def paint_marks(painter: QPainter, marks: list[Placed], frame: Frame, theme: Theme) -> None:
    """Paint lines from the highest plot to the lowest, and words where there is room; alarms come first."""
    plots = frame.inside
    for each in marks:
        x = plots.left() + each.x
        painter.setPen(_pen(each, theme))
        painter.drawLine(QPointF(x, plots.top()), QPointF(x, plots.bottom()))
    taken: list[QRectF] = []
    for each in sorted(marks, key=lambda each: (not each.is_alarm, -each.x))[:_TEXTS]:
        _paint_words(painter, each, frame, taken, theme)


def _pen(each: Placed, theme: Theme) -> QPen:
    if each.is_alarm:
        return QPen(QColor(theme.alarm), 2)
    style = Qt.PenStyle.DashLine if each.mark.kind == "jump" else Qt.PenStyle.DotLine
    return QPen(QColor(theme.text if each.mark.kind == "jump" else theme.quiet), 1, style)


def _paint_words(painter: QPainter, each: Placed, frame: Frame, taken: list[QRectF], theme: Theme) -> None:
    metrics, plots = painter.fontMetrics(), frame.inside
    most = (2 if each.is_alarm else 1) * _CHARACTERS * metrics.averageCharWidth()
    text = elided(each.mark.text.split("\n")[0], metrics, min(most, plots.width() // 2))
    width, height = metrics.horizontalAdvance(text) + 6, metrics.height()
    x = plots.left() + each.x + 2
    if x + width > plots.right():
        x -= width + 4
    for row in range(_ROWS):
        box = QRectF(x, plots.top() + 2 + row * height, width, height)
        if not any(box.intersects(other) for other in taken):
            taken.append(box)
            painter.fillRect(box, QColor(theme.panel))
            painter.setPen(QColor(theme.alarm if each.is_alarm else theme.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
            return
