"""A ring of columns: what is seen is always what belongs there, and only what is missing is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from live.pixels import array_of
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage, QPainter

from nwlab.live.plots.strip import Strip

WIDTH, HEIGHT = 40, 3


def paint(strip: Strip, first: int, generation: int) -> int:
    """Bring a strip up to date, each column in its own colour; return how many columns that took."""
    count = 0
    for begin, end in strip.renew(first, first + WIDTH):
        for piece in strip.pieces(begin, end):
            for column in range(piece.first, piece.last):
                with QPainter(strip.image) as painter:
                    place = piece.place + column - piece.first
                    painter.fillRect(place, 0, 1, HEIGHT, QColor(generation, (column >> 8) & 255, column & 255))
                count += 1
    return count


def shown(strip: Strip, first: int) -> np.ndarray:
    """Return generation and number of each column that is seen."""
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    with QPainter(image) as painter:
        strip.show(painter, QPoint(0, 0), first, first + WIDTH)
    red, green, blue = array_of(image)[1].T
    return np.stack([red, 256 * green + blue])


@given(moves=some.lists(some.tuples(some.integers(-60, 60), some.integers(0, 50)), max_size=12))
def test_columns_are_what_they_should_be_however_the_view_moves(moves: list[tuple[int, int]]) -> None:
    strip, first = Strip(), 1000
    strip.suit(WIDTH, HEIGHT, "key")
    assert paint(strip, first, 0) == WIDTH
    expected = dict.fromkeys(range(first, first + WIDTH), 0)
    for generation, (step, kept) in enumerate(moves, 1):
        strip.spoil(first + kept)
        known = {column: age for column, age in expected.items() if column < first + kept}
        first += step
        count = paint(strip, first, generation)
        expected = {column: known.get(column, generation) for column in range(first, first + WIDTH)}
        assert count == sum(column not in known for column in expected)
        ages, columns = shown(strip, first)
        assert columns.tolist() == list(expected)
        assert ages.tolist() == list(expected.values())


def test_another_key_or_size_forgets_everything() -> None:
    strip = Strip()
    strip.suit(WIDTH, HEIGHT, "key")
    paint(strip, 0, 0)
    strip.suit(WIDTH, HEIGHT, "key")
    assert paint(strip, 0, 1) == 0
    strip.suit(WIDTH, HEIGHT, "other")
    assert paint(strip, 0, 2) == WIDTH
    strip.suit(WIDTH + 1, HEIGHT, "other")
    assert strip.renew(0, WIDTH + 1) == [(0, WIDTH + 1)]
    with pytest.raises(ValueError, match="do not fit"):
        strip.renew(0, WIDTH + 2)
