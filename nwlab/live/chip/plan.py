"""Where a chip lies in the window: from metres to pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.live.chip.labels import Box
from nwlab.live.chip.layout import ChipLayout

_LARGEST = 1e9  # pixels per m, for a chip without extent


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Puts the plane of the chip, y upwards, into a box of pixels, y downwards."""

    scale: float  # pixels per m
    origin: FloatArray  # (2,) pixels: where (0, 0) m is

    def pixels(self, points: FloatArray) -> FloatArray:
        """Return where points (…, 2) m are, (…, 2) pixels."""
        return self.origin + points * np.array([self.scale, -self.scale])

    def metres(self, x: float, y: float) -> FloatArray:
        """Return which point a pixel shows, (2,) m."""
        return (np.array([x, y]) - self.origin) / np.array([self.scale, -self.scale])


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Places and sizes of the marks of terminals."""

    area: Box  # in which the chip lies
    frame: Frame
    centres: FloatArray  # (terminals, 2) pixels
    reach: FloatArray  # (terminals,) pixels: radius of each mark


def plan(layout: ChipLayout, area: Box, em: float) -> Plan:
    """Lay a chip into an area; `em` is the height of the font in pixels, which marks and labels grow with."""
    frame = _fit(layout, area, em)
    centres = frame.pixels(layout.position)
    reach = np.maximum(layout.radius * frame.scale, 0.95 * em)
    return Plan(area, frame, centres, np.minimum(reach, np.maximum(0.42 * _nearest(centres), 0.25 * em)))


def _fit(layout: ChipLayout, area: Box, em: float) -> Frame:
    """As large as it goes: all within the area, and terminals so far inside that labels have room beside them."""
    bounds = np.array(layout.bounds).reshape(2, 2)
    ends = np.stack([layout.position.min(axis=0), layout.position.max(axis=0)], axis=1)
    room = np.array([[em, em * 0.5], [6.3 * em, 4.3 * em]])  # beside wires, beside terminals; across, along
    spans, size = (bounds, ends), np.array([area.width, area.height])
    scale = _LARGEST
    for axis in range(2):
        for low, below in _sides(spans, room, axis, 0):
            for high, above in _sides(spans, room, axis, 1):
                free = max(size[axis] - below - above, em)
                scale = min(scale, free / (high - low)) if high > low else scale
    margins = [[edge * scale - space for edge, space in _sides(spans, room, axis, 0)] for axis in range(2)]
    others = [[edge * scale + space for edge, space in _sides(spans, room, axis, 1)] for axis in range(2)]
    middle = np.array([(min(lows) + max(highs)) / 2 for lows, highs in zip(margins, others, strict=True)])
    centre = np.array([area.left + area.width / 2, area.top + area.height / 2])
    return Frame(scale, centre - middle * np.array([1.0, -1.0]))


def _sides(
    spans: tuple[FloatArray, FloatArray], room: FloatArray, axis: int, side: int
) -> Iterator[tuple[float, float]]:
    """Yield each edge on one side in m and the room beyond it in pixels."""
    for span, space in zip(spans, room, strict=True):
        yield float(span[axis, side]), float(space[axis])


def _nearest(centres: FloatArray) -> FloatArray:
    """Return how far each terminal is from its nearest neighbour, (terminals,) pixels."""
    apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return apart.min(axis=1)
