"""A table of numbers laid out for one size of the window: coloured cells, their sides, the colour bar below."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from nwlab.live.chip.ground import image_of_values
from nwlab.live.chip.heatmap_axes import Side, sides_of
from nwlab.live.chip.legend import paint_bar
from nwlab.live.look.colour_scale import ColourScale
from nwlab.live.look.palette import ink, map_colours
from nwlab.live.look.theme import Theme
from nwlab.live.look.words import quantity
from nwlab.live.scene.image import Image

_LARGEST_NAME = 0.28  # of the width, beyond which names of rows are cut
_HATCH = 140  # of 255
_CELL = 7.0  # pixels from which the cells of a matrix are set apart
_CENTRE = Qt.AlignmentFlag.AlignCenter


@dataclass(frozen=True, eq=False)
class Sheet:
    """One image in one size."""

    image: Image
    scale: ColourScale
    theme: Theme
    font: QFont
    width: int
    height: int

    @cached_property
    def rows(self) -> Side:
        """The left side."""
        return sides_of(self.image)[0]

    @cached_property
    def columns(self) -> Side:
        """The lower side."""
        return sides_of(self.image)[1]

    @cached_property
    def metrics(self) -> QFontMetricsF:
        """How large letters are."""
        return QFontMetricsF(self.font)

    @property
    def em(self) -> float:
        """Pixels that everything grows with."""
        return self.metrics.height() * 0.8

    @cached_property
    def cells(self) -> QRectF:
        """Where the cells are; square ones for a matrix, to scale for a picture of a place."""
        left = self._name_width + 0.8 * self.em
        room = QRectF(left, 0.8 * self.em, self.width - left - self.em, self.height - 6.2 * self.em)
        shape = self._shape
        width = room.width() if shape is None else min(room.width(), room.height() * shape)
        height = room.height() if shape is None else width / shape
        return QRectF(room.left() + (room.width() - width) / 2, room.top(), max(width, 1.0), max(height, 1.0))

    def told_at(self, at: QPointF) -> str:
        """Return names and value of the cell at a point; empty beside the cells."""
        if not self.cells.contains(at):
            return ""
        part = at - self.cells.topLeft()
        rows, columns = self.image.values.shape
        row = min(int(part.y() / self.cells.height() * rows), rows - 1)
        column = min(int(part.x() / self.cells.width() * columns), columns - 1)
        value = float(self.image.values[row, column])
        told = quantity(value, self.image.unit, 4) if np.isfinite(value) else "no value"
        return f"{self.rows.told(row, ('row', 'y'))}, {self.columns.told(column, ('column', 'x'))}: {told}"

    def paint(self, painter: QPainter) -> None:
        """Paint everything."""
        painter.setFont(self.font)
        self._paint_cells(painter)
        self._paint_rows(painter)
        self._paint_columns(painter)
        bar = QRectF(self.em, self.height - 2.5 * self.em, self.width - 2 * self.em, 0.75 * self.em)
        paint_bar(painter, self.theme, bar, self.font, self.scale)

    @cached_property
    def _picture(self) -> QImage:
        return image_of_values(self.image.values, self.scale, self.theme)

    @cached_property
    def _name_width(self) -> float:
        """Pixels that names of rows take."""
        ticks = self.rows.ticks(self.height, self._tall)
        widest = max((self.metrics.horizontalAdvance(text) for _, text in ticks), default=0.0)
        return min(widest, _LARGEST_NAME * self.width)

    @property
    def _shape(self) -> float | None:
        """Width over height; None where the table may fill its room."""
        rows, columns = self.image.values.shape
        if self.image.extent is not None:
            wide, tall = np.abs(np.diff(self.image.extent)[::2]).tolist()
            return wide / tall if wide > 0 and tall > 0 else None
        return 1.0 if rows == columns else None

    def _tall(self, _: str) -> float:
        return self.metrics.height()

    def _wide(self, text: str) -> float:
        return self.metrics.horizontalAdvance(text) + 0.6 * self.em

    def _paint_cells(self, painter: QPainter) -> None:
        cells = self.cells
        hatched = QColor(self.theme.quiet)
        hatched.setAlpha(_HATCH)
        painter.fillRect(cells, QBrush(hatched, Qt.BrushStyle.BDiagPattern))
        painter.drawImage(cells, self._picture)
        rows, columns = self.image.values.shape
        wide, tall = cells.width() / columns, cells.height() / rows
        if self.image.extent is None and min(wide, tall) >= _CELL:
            painter.setPen(QPen(QColor(self.theme.panel), 1.0))
            upright = [cells.left() + wide * column for column in range(1, columns)]
            level = [cells.top() + tall * row for row in range(1, rows)]
            painter.drawLines([QLineF(x, cells.top(), x, cells.bottom()) for x in upright])
            painter.drawLines([QLineF(cells.left(), y, cells.right(), y) for y in level])
            self._write_values(painter, wide, tall)
        painter.setPen(QPen(QColor(self.theme.quiet), 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(cells)

    def _write_values(self, painter: QPainter, wide: float, tall: float) -> None:
        """Write values into cells that are large enough for all of them."""
        if tall < self.metrics.height() or wide < self._wide("88.8 µ" + self.image.unit):
            return
        colours = map_colours(self.theme)
        for (row, column), number in np.ndenumerate(self.scale.index(self.image.values)):
            value = float(self.image.values[row, column])
            if np.isfinite(value):
                painter.setPen(ink(QColor.fromRgba(colours[number])))
                place = QRectF(self.cells.left() + wide * column, self.cells.top() + tall * row, wide, tall)
                painter.drawText(place, _CENTRE, quantity(value, self.image.unit))

    def _paint_rows(self, painter: QPainter) -> None:
        painter.setPen(QColor(self.theme.text))
        cells, high = self.cells, self.metrics.height()
        for part, text in self.rows.ticks(cells.height(), self._tall):
            y = min(max(cells.top() + part * cells.height(), high / 2), self.height - high / 2)
            place = QRectF(0, y - high / 2, cells.left() - 0.4 * self.em, high)
            cut = self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, cut)

    def _paint_columns(self, painter: QPainter) -> None:
        cells = self.cells
        for part, text in self.columns.ticks(cells.width(), self._wide):
            wide = self._wide(text)
            left = min(max(cells.left() + part * cells.width() - wide / 2, 0.0), self.width - wide)
            place = QRectF(left, cells.bottom() + 0.3 * self.em, wide, self.metrics.height())
            painter.drawText(place, _CENTRE, text)
