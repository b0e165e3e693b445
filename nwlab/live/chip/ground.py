"""What lies below the terminals and seldom changes: wires and junctions, or a published image of the chip."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.live.chip.layout import Wires
from nwlab.live.chip.plan import Frame
from nwlab.live.look.colour_scale import COLOURS, ColourScale
from nwlab.live.look.palette import map_colours
from nwlab.live.look.theme import Theme
from nwlab.live.scene.image import Image

_FAINT = 110  # of 255
_ROUND = 3.0  # pixels of the screen from which dots are round


def paint_wires(painter: QPainter, wires: Wires, frame: Frame, theme: Theme) -> None:
    """Paint the wires, faintly."""
    colour = QColor(theme.quiet)
    colour.setAlpha(_FAINT)
    painter.setPen(QPen(colour, 1.0))
    painter.drawLines(_lines(frame.pixels(wires.extent[_is_wire(wires)])))


def paint_junctions(painter: QPainter, wires: Wires, frame: Frame, theme: Theme, scale: ColourScale) -> None:
    """Paint junctions in the colours of their conductance: dots where wires cross, lines where points are joined."""
    shown = np.isfinite(wires.conductance)
    pairs, colour = wires.junctions[shown], scale.index(wires.conductance[shown])
    if _is_wire(wires).any():
        points = frame.pixels(wires.places[shown])
        width = float(np.clip(0.3 * _spacing(points), 1.5, 7.0))
        # Round dots cost three times as much; of small ones nobody can tell.
        is_round = width * painter.device().devicePixelRatioF() >= _ROUND
        for pen, chosen in _by_colour(colour, theme, width):
            pen.setCapStyle(Qt.PenCapStyle.RoundCap if is_round else Qt.PenCapStyle.SquareCap)
            painter.setPen(pen)
            painter.drawPoints([QPointF(x, y) for x, y in points[chosen].tolist()])
        return
    ends = frame.pixels(wires.extent[pairs, 0])
    width = float(np.clip(0.07 * np.median(np.hypot(*(ends[:, 0] - ends[:, 1]).T)), 1.0, 5.0)) if len(ends) else 1.0
    for pen, chosen in _by_colour(colour, theme, width):
        painter.setPen(pen)
        painter.drawLines(_lines(ends[chosen]))


def image_of_values(values: FloatArray, scale: ColourScale, theme: Theme) -> QImage:
    """Return values (rows, columns) as an image, a pixel each, the first row at the top; NaN is transparent."""
    index = np.ascontiguousarray(scale.index(values))
    rows, columns = index.shape
    image = QImage(index.data, columns, rows, columns, QImage.Format.Format_Indexed8)
    image.setColorTable(map_colours(theme))
    return image.copy()  # Qt does not own the array


def paint_image(painter: QPainter, image: Image, frame: Frame, theme: Theme, scale: ColourScale) -> None:
    """Paint a published image where it lies on the chip."""
    assert image.extent is not None
    (left, right), (bottom, top) = image.extent.reshape(2, 2)
    (x0, y0), (x1, y1) = frame.pixels(np.array([[left, top], [right, bottom]]))
    painter.drawImage(QRectF(x0, y0, x1 - x0, y1 - y0), image_of_values(image.values, scale, theme))


def _is_wire(wires: Wires) -> BoolArray:
    return (wires.extent[:, 0] != wires.extent[:, 1]).any(axis=1)


def _lines(ends: FloatArray) -> list[QLineF]:
    return [QLineF(*line) for line in ends.reshape(-1, 4).tolist()]


def _spacing(points: FloatArray) -> float:
    """Return about how far points are apart, in pixels."""
    if len(points) < 2:
        return math.inf
    return math.sqrt(float(np.prod(np.ptp(points, axis=0))) / len(points))


def _by_colour(colour: np.ndarray, theme: Theme, width: float) -> Iterator[tuple[QPen, np.ndarray]]:
    """Yield a pen and what is painted with it, the highest values last, so that they lie on top."""
    colours = map_colours(theme)
    order = np.argsort(colour, kind="stable")
    numbers, starts = np.unique(colour[order], return_index=True)
    for number, chosen in zip(numbers, np.split(order, starts[1:]), strict=True):
        if number < COLOURS:
            yield QPen(QColor.fromRgba(colours[number]), width), chosen
