"""A table of numbers as coloured cells; NaN is hatched."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from nwlab.live.chip.heatmap_sheet import Sheet
from nwlab.live.look.colour_scale import scale_of
from nwlab.live.look.theme import Theme
from nwlab.live.scene.image import Image


class Heatmap(QWidget):
    """Paints one image."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image: Image | None = None
        self._is_log: bool | None = None
        self._remark = ""
        self._sheet: Sheet | None = None
        self.setMouseTracking(True)

    def show_image(self, image: Image, is_log: bool | None = None) -> None:
        """Show an image; `is_log` None lets its values decide about the scale."""
        self._image, self._is_log = image, is_log
        self._renew()

    def show_remark(self, text: str) -> None:
        """Show nothing but a remark."""
        self._image, self._remark = None, text
        self._renew()

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        self._renew()

    def told_at(self, at: QPointF) -> str:
        """Return names and value of the cell at a point of the widget; empty beside the cells."""
        return "" if self._image is None else self._laid_out(self._image).told_at(at)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which names and values can be read."""
        return self._ems(30)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the smallest size that shows anything."""
        return self._ems(12)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Lay out anew when the font changes."""
        self._renew()
        super().changeEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell the value under the pointer."""
        QToolTip.showText(event.globalPosition().toPoint(), self.told_at(event.position()), self)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint everything."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(self._theme.panel))
        if self._image is not None:
            self._laid_out(self._image).paint(painter)
            return
        painter.setPen(QColor(self._theme.quiet))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(8, 8, -8, -8), flags, self._remark)

    def _ems(self, count: int) -> QSize:
        side = round(count * QFontMetricsF(self.font()).height() * 0.8)
        return QSize(side, side)

    def _renew(self) -> None:
        self._sheet = None
        self.update()

    def _laid_out(self, image: Image) -> Sheet:
        if self._sheet is None or (self._sheet.width, self._sheet.height) != (self.width(), self.height()):
            scale = scale_of(image.values, image.unit, self._is_log)
            self._sheet = Sheet(image, scale, self._theme, self.font(), self.width(), self.height())
        return self._sheet
