"""Which line is which: a swatch and a name each; a click hides a line, a double click shows it alone."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.plots.axes import font_of
from nwlab.live.plots.curves import ink_of
from nwlab.live.plots.hover import swatch

_ROWS = 3  # before names are left out
_MORE = "and {} more"


class Legend(QWidget):
    """Names of the lines in rows, as wide as there is room."""

    changed = Signal()
    """Other lines are hidden now."""

    def __init__(self, theme: Theme, sizes: Sizes) -> None:
        super().__init__()
        self.hidden: frozenset[int] = frozenset()
        """Numbers of the lines that are not to be seen."""
        self._theme, self._names = theme, tuple[str, ...]()
        self._boxes: list[QRectF] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_sizes(sizes)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def set_sizes(self, sizes: Sizes) -> None:
        """Take another size of type."""
        self.setFont(font_of(self.font(), sizes.small))
        self._arrange()

    def set_names(self, names: tuple[str, ...]) -> None:
        """Name the lines, in the order of their numbers."""
        if names != self._names:
            self.hidden &= frozenset(range(len(names)))
            self._names = names
            self._arrange()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return as many rows as the names need."""
        return QSize(200, round(max((box.bottom() for box in self._boxes), default=0.0)) + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Break rows elsewhere."""
        super().resizeEvent(event)
        self._arrange()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Hide or show a line."""
        number = self._at(event.position())
        if number is not None:
            self._hide(self.hidden ^ {number})

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Show a line alone, or all of them when it is alone already."""
        number = self._at(event.position())
        if number is not None:
            others = frozenset(range(len(self._names))) - {number}
            # The first click of the two has hidden the line, or shown it.
            self._hide(frozenset() if self.hidden ^ {number} == others else others)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint swatches and names."""
        del event
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(self._theme.window))
            for number, box in enumerate(self._boxes):
                self._paint_entry(painter, number, box)
            left_out = len(self._names) - len(self._boxes)
            if left_out:
                painter.setPen(QColor(self._theme.quiet))
                right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
                painter.drawText(self.rect().adjusted(0, 0, -4, -2), right, _MORE.format(left_out))

    def _paint_entry(self, painter: QPainter, number: int, box: QRectF) -> None:
        text, is_hidden = box.height(), number in self.hidden
        if not is_hidden:
            swatch(painter, QRectF(box.left(), box.top(), 1.6 * text, text), ink_of(number, self._theme))
        painter.setPen(QColor(self._theme.quiet if is_hidden else self._theme.text))
        font = painter.font()
        font.setStrikeOut(is_hidden)
        painter.setFont(font)
        painter.drawText(box.adjusted(2 * text, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._names[number])

    def _arrange(self) -> None:
        metrics, text = self.fontMetrics(), self.fontMetrics().height()
        self._boxes, x, row = [], 0.5 * text, 0
        for name in self._names:
            width = metrics.horizontalAdvance(name) + 3.2 * text
            if x + width > self.width() and x > text:
                x, row = 0.5 * text, row + 1
            self._boxes.append(QRectF(x, 1 + row * 1.2 * text, width, text))
            x += width
        if row >= _ROWS:
            self._leave_out(metrics.horizontalAdvance(_MORE.format(len(self._names))) + text)
        self.updateGeometry()
        self.update()

    def _leave_out(self, room: float) -> None:
        """Leave out what is beyond the last row, and beyond its end but `room` px."""
        end = 1.2 * self.fontMetrics().height() * _ROWS
        while len(self._boxes) > 1 and (
            self._boxes[-1].bottom() > end + 1
            or (
                self._boxes[-1].bottom() + self._boxes[-1].height() > end
                and self._boxes[-1].right() > self.width() - room
            )
        ):
            self._boxes.pop()

    def _hide(self, hidden: frozenset[int]) -> None:
        self.hidden = hidden
        self.update()
        self.changed.emit()

    def _at(self, place: QPointF) -> int | None:
        return next((number for number, box in enumerate(self._boxes) if box.contains(place)), None)
