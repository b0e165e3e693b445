"""Where labels find room beside what they belong to, without covering one another."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

NEAR, FAR = (0, 15, -15, 30, -30, 45, -45, 60, -60, 70, -70), (90, -90, 115, -115, 180)
"""Turns in degrees from the way away from the middle of the chip; far ones may seem to belong to a neighbour."""


_TOUCHING = 0.98  # of a mark's reach: a label that touches it does not cover it


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        """Whether two boxes share some area."""
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )

    def distance(self, x: float, y: float) -> float:
        """Return how far a point is from the box; 0 inside."""
        across = max(self.left - x, 0.0, x - self.left - self.width)
        return math.hypot(across, max(self.top - y, 0.0, y - self.top - self.height))

    def holds(self, other: Box) -> bool:
        """Whether another box lies within this one."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.left + other.width <= self.left + self.width
            and other.top + other.height <= self.top + self.height
        )


@dataclass(slots=True)
class Labels:
    """Gives room away, first come, first served."""

    area: Box  # labels stay within
    taken: list[Box] = field(default_factory=list[Box])
    marks: list[tuple[float, float, float]] = field(default_factory=list[tuple[float, float, float]])

    def block(self, x: float, y: float, reach: float) -> None:
        """Keep labels off a mark that reaches `reach` pixels from its middle."""
        self.marks.append((x, y, reach))

    def place(
        self, x: float, y: float, reach: float, away: float, size: tuple[float, float], turns: tuple[int, ...]
    ) -> Box | None:
        """Return room for a label of `size` (width, height) at a mark; None when there is none.

        `away` (rad) is the direction that `turns` are counted from; they are tried in their order.
        """
        for turn in turns:
            box = _beside(x, y, reach, away + math.radians(turn), size)
            if self._is_free(box):
                self.taken.append(box)
                return box
        return None

    def _is_free(self, box: Box) -> bool:
        return (
            self.area.holds(box)
            and not any(box.meets(other) for other in self.taken)
            and not any(box.distance(x, y) < reach * _TOUCHING for x, y, reach in self.marks)
        )


def _beside(x: float, y: float, reach: float, angle: float, size: tuple[float, float]) -> Box:
    """A box that touches the circle of `reach` from outside, its middle in direction `angle`."""
    along, down = math.cos(angle), math.sin(angle)
    width, height = size
    half = min(width / 2 / max(abs(along), 1e-9), height / 2 / max(abs(down), 1e-9))
    return Box(x + along * (reach + half) - width / 2, y + down * (reach + half) - height / 2, width, height)
