"""What stands left of a plot, painted once for as long as it stays the same."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter

from nwlab.live.look.theme import Theme
from nwlab.live.plots.axes import paint_values
from nwlab.live.plots.frame import Frame
from nwlab.live.plots.panel import Panel


class Side:
    """Image of the numbers and the name of one plot."""

    def __init__(self) -> None:
        self._image = QImage()
        self._key: Hashable = None

    def show(self, painter: QPainter, panel: Panel, plot: QRect, frame: Frame, theme: Theme, ratio: float) -> None:
        """Paint numbers and name beside a plot, on a screen that has `ratio` px for one of ours."""
        heights = panel.heights
        key = plot, heights.low, heights.high, panel.scale, panel.rows, theme.name, painter.font().key(), ratio
        box = QRect(0, plot.top() - frame.text // 4, plot.left(), plot.height() + frame.text // 2)
        if key != self._key:
            self._key, self._image = key, _blank(box.size(), theme, ratio)
            with QPainter(self._image) as beside:
                beside.setFont(painter.font())
                beside.translate(-box.topLeft())
                paint_values(beside, panel, plot, theme)
        painter.drawImage(box.topLeft(), self._image)


def _blank(size: QSize, theme: Theme, ratio: float) -> QImage:
    image = QImage(size * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(theme.window))
    return image
