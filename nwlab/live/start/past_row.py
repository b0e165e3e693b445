"""One past run in the list: its picture, and three lines of words."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from nwlab.live.look.theme import Theme
from nwlab.live.start.past import CUT_OFF, RUNNING, Past

_GAP = 6  # px


def picture_size(metrics: QFontMetrics) -> QSize:
    """Return how large a picture is beside three lines of words."""
    height = round(3.4 * metrics.height())
    return QSize(round(1.25 * height), height)


class Row(QStyledItemDelegate):
    """Paints a run; a colour tells a bad end, and so do words."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        """Return room for picture and words."""
        size = picture_size(option.fontMetrics)
        return QSize(size.width() + 10 * size.height() // 3, size.height() + _GAP)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint one run."""
        past = index.data(Qt.ItemDataRole.UserRole)
        if not isinstance(past, Past):
            return
        rect, font, metrics = QRect(option.rect), QFont(option.font), QFontMetrics(option.font)
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        palette = option.palette
        painter.save()
        if is_chosen:
            painter.fillRect(rect, palette.color(QPalette.ColorRole.Highlight))
        box = QRect(rect.topLeft(), picture_size(metrics)).translated(_GAP // 2, _GAP // 2)
        image = index.data(Qt.ItemDataRole.DecorationRole)
        ink = palette.color(QPalette.ColorRole.HighlightedText if is_chosen else QPalette.ColorRole.Text)
        quiet, state = (ink, ink) if is_chosen else (QColor(self.theme.quiet), QColor(self._colour(past.status)))
        self._picture(painter, box, image, quiet, has_one=past.picture is not None)
        words = rect.adjusted(box.width() + 2 * _GAP, _GAP // 2, -_GAP, -_GAP // 2)
        strong = QFont(font)
        strong.setBold(True)
        line = words.height() // 3
        for number, (text, colour, type_) in enumerate(
            ((past.info.name, ink, strong), (past.where, quiet, font), (past.started, quiet, font))
        ):
            place = QRect(words.left(), words.top() + number * line, words.width(), line)
            if number == 0:
                place.setRight(place.right() - self._state(painter, place, past.status, state, font) - _GAP)
            painter.setFont(type_)
            painter.setPen(colour)
            shown = QFontMetrics(type_).elidedText(text, Qt.TextElideMode.ElideRight, place.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.restore()

    @staticmethod
    def _state(painter: QPainter, place: QRect, status: str, colour: QColor, font: QFont) -> int:
        """Write how it ended at the right; returns how wide that is, in px."""
        painter.setFont(font)
        painter.setPen(colour)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, status)
        return QFontMetrics(font).horizontalAdvance(status)

    def _picture(self, painter: QPainter, box: QRect, image: object, quiet: QColor, *, has_one: bool) -> None:
        if isinstance(image, QImage) and not image.isNull():
            size = image.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(box.topLeft(), size)
            place.moveCenter(box.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(place, image)
            return
        painter.setPen(QColor(self.theme.grid))
        painter.drawRect(box.adjusted(0, 0, -1, -1))
        painter.setPen(quiet)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "…" if has_one else "\N{EN DASH}")

    def _colour(self, status: str) -> str:
        theme = self.theme
        known = {"finished": theme.good, RUNNING: theme.good, "interrupted": theme.note}
        return known.get(status, theme.alarm if status in ("failed", CUT_OFF) else theme.quiet)
