"""What a widget has really painted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from nwlab.core.drive import BoolArray


class Painted:
    """A widget as it was painted."""

    def __init__(self, widget: QWidget) -> None:
        image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
        self.colour = raw[:, : image.width(), 2::-1].astype(np.int64)  # (rows, columns, 3) red, green, blue

    def like(self, colour: str | int, far: int = 24) -> BoolArray:
        """Which pixels have a colour, (rows, columns)."""
        return _like(self.colour, colour, far)

    def share(self, colour: str | int, x: float, y: float, reach: float, far: int = 24) -> float:
        """Which part of the square within `reach` pixels of a point has a colour, 0 to 1."""
        rows = slice(max(round(y - reach), 0), round(y + reach) + 1)
        columns = slice(max(round(x - reach), 0), round(x + reach) + 1)
        return float(_like(self.colour[rows, columns], colour, far).mean())


def _like(found: NDArray[np.int64], colour: str | int, far: int) -> BoolArray:
    wanted = QColor(colour) if isinstance(colour, str) else QColor.fromRgba(colour)
    return np.abs(found - np.array(wanted.getRgb()[:3])).max(axis=2) <= far


def pixels(widget: QWidget) -> np.ndarray:
    """Return red, green and blue of each px; (height, width, 3)."""
    return array_of(widget.grab().toImage())


def array_of(image: QImage) -> np.ndarray:
    """Return red, green and blue of each px; (height, width, 3)."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    whole = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return whole[:, : image.width(), 2::-1].astype(int)


def rgb(colour: str) -> np.ndarray:
    """Return red, green and blue of a colour's name."""
    return np.array(QColor(colour).getRgb()[:3])


def painted(picture: np.ndarray, colour: str, box: QRect | None = None) -> np.ndarray:
    """Return which px of a box have exactly a colour; (height, width)."""
    part = picture if box is None else picture[box.top() : box.bottom() + 1, box.left() : box.right() + 1]
    return (part == rgb(colour)).all(axis=2)
