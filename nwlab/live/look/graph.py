"""The only door to pyqtgraph, which has no types; it also turns arrays into what Qt paints."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from PySide6.QtGui import QPainterPath, QPolygonF

from nwlab.core.drive import BoolArray, FloatArray

pg: Any = importlib.import_module("pyqtgraph")


def path(x: FloatArray, y: FloatArray, joined: BoolArray) -> QPainterPath:
    """Return (n,) points in px as a path; `joined` (n,) says of each whether a line leads on to the next."""
    return pg.arrayToQPath(x, y, connect=joined.astype(np.int32), finiteCheck=False)


def pairs(x: FloatArray, y: FloatArray) -> QPainterPath:
    """Return a line between each two of (n,) points in px."""
    return pg.arrayToQPath(x, y, connect="pairs", finiteCheck=False)


def polygon(x: FloatArray, y: FloatArray) -> QPolygonF:
    """Return (n,) points in px as a polygon."""
    return pg.functions.arrayToQPolygonF(x, y)
