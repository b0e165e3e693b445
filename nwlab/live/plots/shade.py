"""Shading when any line was in compliance."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from nwlab.live.plots.chart import Chart
from nwlab.live.scene.spells import Spells

_STRENGTH = 56  # of 255
_NARROW = 1.0  # px: the least that is seen, and the least gap


def shades_of(lines: Iterable[Spells], chart: Chart, width: int) -> list[tuple[float, float]]:
    """Return from where to where in px, between columns 0 and `width`, any of the lines was in compliance."""
    begin, end = chart.time(0.0), chart.time(float(width))
    joined: list[tuple[float, float]] = []
    for spell in sorted(spell for spells in lines for spell in spells.between(begin, end)):
        first, last = (time / chart.column - chart.left for time in spell)
        last = max(last, first + _NARROW)
        if joined and first - joined[-1][1] < _NARROW:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return joined


def draw_shades(painter: QPainter, shades: list[tuple[float, float]], width: int, height: int, colour: str) -> None:
    """Paint what `shades_of` returned from top to bottom."""
    wash = QColor(colour)
    wash.setAlpha(_STRENGTH)
    for first, last in shades:
        left, right = max(first, -1.0), min(last, width + 1.0)
        painter.fillRect(QRectF(left, 0.0, right - left, height), wash)
