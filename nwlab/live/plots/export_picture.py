"""What is seen, on paper: PNG and SVG."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QFont, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from nwlab.live.plots.picture import paint_fine
from nwlab.live.plots.sight import Sight

_SHARP = 2  # px of the file for one of the window


def write_png(path: Path, sight: Sight, size: QSize, font: QFont) -> None:
    """Write a picture that is twice as sharp as the window; raises OSError."""
    image = QImage(size * _SHARP, QImage.Format.Format_RGB32)
    with QPainter(image) as painter:
        painter.scale(_SHARP, _SHARP)
        painter.setFont(font)
        paint_fine(painter, sight, size, font)
    if not image.save(str(path)):
        raise OSError(f"{path} cannot be written")


def write_svg(path: Path, sight: Sight, size: QSize, font: QFont) -> None:
    """Write curves and text that any drawing program can edit; raises OSError."""
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle("nwlab")
    painter = QPainter()
    if not painter.begin(generator):
        raise OSError(f"{path} cannot be written")
    painter.setFont(font)
    paint_fine(painter, sight, size, font)
    painter.end()
