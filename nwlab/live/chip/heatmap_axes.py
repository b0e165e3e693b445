"""What stands along the sides of a table: names of rows and columns, or lengths where it pictures a place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nwlab.live.look.colour_scale import ColourScale
from nwlab.live.look.words import quantity
from nwlab.live.scene.image import Image

Width = Callable[[str], float]
"""How many pixels a text takes."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a table: what each cell is called, and where names can be written."""

    names: tuple[str, ...]  # of each cell
    places: tuple[float, float] | None = None  # m at the first and after the last cell, where they are places

    def ticks(self, room: float, needed: Callable[[str], float]) -> list[tuple[float, str]]:
        """Return (0 to 1 along the side, text) of as many as fit: `room` pixels in all, `needed` for each text."""
        if self.places is not None:
            return self._lengths(room, needed)
        count = len(self.names)
        widest = max(map(needed, self.names))
        step = max(1, -int(-widest // (room / count)))
        return [((index + 0.5) / count, self.names[index]) for index in range(0, count, step)]

    def told(self, index: int, what: tuple[str, str]) -> str:
        """Return what one cell is called; `what` is the word for a number and the one for a length."""
        if self.places is None:
            return f"{what[0]} {self.names[index]}"
        first, last = self.places
        return f"{what[1]} = {quantity(first + (last - first) * (index + 0.5) / len(self.names), 'm')}"

    def _lengths(self, room: float, needed: Callable[[str], float]) -> list[tuple[float, str]]:
        assert self.places is not None
        first, last = self.places
        scale = ColourScale(min(first, last), max(first, last), False, "m")
        most = int(np.clip(room / needed("−000 µm"), 2, 6))
        return [(part if first <= last else 1 - part, text) for part, text in scale.ticks(most)]


def sides_of(image: Image) -> tuple[Side, Side]:
    """Return the sides of an image: its rows from the top, its columns from the left."""
    rows, columns = image.values.shape
    if image.extent is not None:
        left, right, bottom, top = image.extent.tolist()
        return Side(_numbers(rows), (top, bottom)), Side(_numbers(columns), (left, right))
    return Side(_names(image.rows, rows)), Side(_names(image.columns, columns))


def _names(names: tuple[str, ...], count: int) -> tuple[str, ...]:
    return names if len(names) == count else _numbers(count)


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(number + 1) for number in range(count))
