"""Matrices and images that are published beside the samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nwlab.core.drive import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A matrix or image that was published beside the samples; the first row is the upper one."""

    title: str
    unit: str
    values: FloatArray  # (rows, columns); NaN is not drawn
    rows: tuple[str, ...] = ()  # names; empty when there are none
    columns: tuple[str, ...] = ()
    extent: FloatArray | None = None  # (4,) m: left, right, bottom, top


def image_of(content: Mapping[str, Any]) -> Image | None:
    """Return a published image; None when its values are no table of numbers."""
    try:
        values = np.array(content["values"], dtype=np.float64)
        extent = np.array(content["extent"], dtype=np.float64) if content.get("extent") else None
        rows, columns = (tuple(map(str, content.get(side) or ())) for side in ("rows", "columns"))
    except (KeyError, TypeError, ValueError):
        return None
    if values.ndim != 2 or not values.size or (extent is not None and extent.shape != (4,)):
        return None
    return Image(str(content.get("title", "image")), str(content.get("unit", "1")), values, rows, columns, extent)
