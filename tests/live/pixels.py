"""What a widget has really painted."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget


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
