"""A plot's curves as they were painted, so that only what is new has to be painted.

Theory of operation. The image is a ring: column `c` of the picture lies at `c` modulo the width, so that a picture
that moves on keeps all columns that are still seen, at their places, and only those that came in are painted. What
was painted is worth keeping as long as the key stays the same: scale, colours, which lines are seen.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring columns that are neighbours in the ring as well."""

    first: int
    last: int  # one beyond
    place: int  # of the first in the ring


class Strip:
    """An image of columns; nothing is known of the curves here."""

    def __init__(self) -> None:
        self.image = QImage()
        self._key: Hashable = None
        self._first = self._last = 0  # columns that are there, from … to before …

    def suit(self, width: int, height: int, key: Hashable) -> None:
        """Forget everything unless size and key are still the same."""
        if self.image.width() != width or self.image.height() != height:
            self.image, self._key = QImage(width, height, QImage.Format.Format_RGB32), None
        if key != self._key:
            self._key, self._first, self._last = key, 0, 0

    def spoil(self, column: int) -> None:
        """Forget columns from `column` on, because there is more to be seen in them."""
        self._last = max(min(self._last, column), self._first)

    def renew(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return which columns from `first` to before `last` must be painted; afterwards they count as there.

        Raises ValueError when they are more than the image is wide.
        """
        if last - first > self.image.width():
            raise ValueError(f"{last - first} columns do not fit into a strip of {self.image.width()}")
        kept = max(first, self._first), min(last, self._last)
        self._first, self._last = first, last
        if kept[0] >= kept[1]:
            return [(first, last)]
        return [gap for gap in ((first, kept[0]), (kept[1], last)) if gap[0] < gap[1]]

    def pieces(self, first: int, last: int) -> Iterator[Piece]:
        """Split columns where the ring closes."""
        width = self.image.width()
        while first < last:
            place = first % width
            stop = min(last, first + width - place)
            yield Piece(first, stop, place)
            first = stop

    def show(self, painter: QPainter, place: QPoint, first: int, last: int) -> None:
        """Paint columns from `first` to before `last` with their upper left corner at `place`, px for px."""
        for piece in self.pieces(first, last):
            source = QRect(piece.place, 0, piece.last - piece.first, self.image.height())
            painter.drawImage(QPoint(place.x() + piece.first - first, place.y()), self.image, source)
