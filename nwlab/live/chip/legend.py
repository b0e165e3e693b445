"""The legend of the chip: a strip of its own beside or below it, so that it never covers anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from nwlab.live.chip.labels import Box
from nwlab.live.chip.marks import paint_mark
from nwlab.live.look.colour_scale import COLOURS, ColourScale
from nwlab.live.look.palette import map_colours
from nwlab.live.look.theme import Theme
from nwlab.live.look.words import quantity
from nwlab.live.scene.roles import Role

Paint = Callable[[QPainter, QRectF], None]

_ORDER = (Role.DRIVEN, Role.READ, Role.LOW, Role.GROUNDED, Role.SENSED, Role.OPEN)
_LARGEST_PART = 0.36  # of the widget, beyond which there is no legend


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: how much room it needs, and how it is painted into it."""

    width: float
    height: float
    paint: Paint


@dataclass(frozen=True, slots=True)
class Strip:
    """A legend that has been laid out, and what is left for the chip."""

    area: Box  # left for the chip
    places: tuple[tuple[Item, float, float], ...] = ()  # item, left, top

    def paint(self, painter: QPainter) -> None:
        """Paint all items."""
        for item, left, top in self.places:
            item.paint(painter, QRectF(left, top, item.width, item.height))


def lay_out(roles: Sequence[Item], more: Sequence[Item], width: float, height: float, em: float) -> Strip:
    """Put the legend to the right of a wide chip or below a tall one; less of it when it would leave too little."""
    order = (_beside, _below) if width > 1.25 * height else (_below, _beside)
    for items in ((*roles, *more), roles):
        for way in order:
            strip = way(items, width, height, em)
            if strip is not None:
                return strip
    return Strip(Box(0, 0, width, height))


def role_items(theme: Theme, font: QFont, em: float) -> list[Item]:
    """Return an item for each role and one for compliance."""
    entries = [(role, role.value, False) for role in _ORDER]
    return [_mark_item(theme, font, em, *entry) for entry in (*entries, (Role.DRIVEN, "in compliance", True))]


def bar_item(theme: Theme, font: QFont, em: float, title: str, scale: ColourScale) -> Item:
    """Return a colour bar with its title above and round values below."""
    metrics = QFontMetricsF(font)
    width = max(13 * em, metrics.horizontalAdvance(title))

    def paint(painter: QPainter, at: QRectF) -> None:
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        painter.drawText(
            QRectF(at.left(), at.top() + 0.5 * em, at.width(), 1.5 * em), Qt.AlignmentFlag.AlignLeft, title
        )
        paint_bar(painter, theme, QRectF(at.left(), at.top() + 2.0 * em, at.width(), 0.75 * em), font, scale)

    return Item(width, 4.4 * em, paint)


def paint_bar(painter: QPainter, theme: Theme, bar: QRectF, font: QFont, scale: ColourScale) -> None:
    """Paint a horizontal colour bar and its values below it."""
    painter.drawImage(bar, bar_image(theme))
    painter.setFont(font)
    painter.setPen(QPen(QColor(theme.text), 1.0))
    metrics, free = QFontMetricsF(font), bar.left() - 1.0
    for part, text in scale.ticks():
        x, half = bar.left() + part * bar.width(), metrics.horizontalAdvance(text) / 2
        left = min(max(x - half, bar.left()), bar.right() - 2 * half)
        painter.drawLine(QPointF(x, bar.bottom()), QPointF(x, bar.bottom() + 3))
        if left >= free:
            painter.drawText(QPointF(left, bar.bottom() + 4 + metrics.ascent()), text)
            free = left + 2 * half + metrics.averageCharWidth()


def bar_image(theme: Theme) -> QImage:
    """Return the colours of the map from left to right, a pixel each."""
    image = QImage(bytes(range(COLOURS)), COLOURS, 1, COLOURS, QImage.Format.Format_Indexed8)
    image.setColorTable(map_colours(theme))
    return image.copy()


def ruler_item(theme: Theme, font: QFont, em: float, pixels_per_metre: Callable[[], float]) -> Item:
    """Return a bar that stands for a round length; the scale is asked for when it is painted."""

    def paint(painter: QPainter, at: QRectF) -> None:
        length = round_length(at.width() / pixels_per_metre())
        right, y = at.left() + length * pixels_per_metre(), at.bottom() - 0.35 * em
        painter.setPen(QPen(QColor(theme.text), max(1.0, em / 8)))
        painter.drawLine(QPointF(at.left(), y), QPointF(right, y))
        for x in (at.left(), right):
            painter.drawLine(QPointF(x, y - em / 4), QPointF(x, y + em / 4))
        painter.setFont(font)
        painter.drawText(QPointF(at.left(), y - 0.5 * em), quantity(length, "m"))

    return Item(7 * em, 2.3 * em, paint)


def round_length(most: float) -> float:
    """Return the largest of 1, 2, 5, 10, … that is at most so long."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))


def text_item(theme: Theme, font: QFont, em: float, text: str) -> Item:
    """Return a quiet remark."""

    def paint(painter: QPainter, at: QRectF) -> None:
        painter.setFont(font)
        painter.setPen(QColor(theme.quiet))
        painter.drawText(at, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    return Item(QFontMetricsF(font).horizontalAdvance(text) + 2, 2.1 * em, paint)


def _mark_item(theme: Theme, font: QFont, em: float, role: Role, text: str, is_limited: bool) -> Item:
    reach = 0.4 * em if is_limited else 0.5 * em

    def paint(painter: QPainter, at: QRectF) -> None:
        middle = QPointF(at.left() + em, at.center().y())
        paint_mark(painter, theme, role, middle, reach, is_limited=is_limited)
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        words = at.adjusted(2.2 * em, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    return Item(QFontMetricsF(font).horizontalAdvance(text) + 2.4 * em, 2.1 * em, paint)


def _beside(items: Sequence[Item], width: float, height: float, em: float) -> Strip | None:
    wide = max(item.width for item in items) + 1.5 * em
    tall = sum(item.height for item in items) + em
    if wide > _LARGEST_PART * width or tall > height:
        return None
    places, top = list[tuple[Item, float, float]](), 0.5 * em
    for item in items:
        places.append((item, width - wide + em, top))
        top += item.height
    return Strip(Box(0, 0, width - wide, height), tuple(places))


def _below(items: Sequence[Item], width: float, height: float, em: float) -> Strip | None:
    """Items in rows, as words in a text."""
    places, left, top, row = list[tuple[Item, float, float]](), 0.5 * em, 0.0, 0.0
    for item in items:
        if left + item.width > width and left > 0.5 * em:
            left, top, row = 0.5 * em, top + row, 0.0
        places.append((item, left, top))
        left, row = left + item.width + em, max(row, item.height)
    tall = top + row + 0.3 * em
    if tall > _LARGEST_PART * height or max(item.width for item in items) > width - em:
        return None
    moved = tuple((item, x, y + height - tall) for item, x, y in places)
    return Strip(Box(0, 0, width, height - tall), moved)
