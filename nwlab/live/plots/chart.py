"""Where a moment and a value lie in a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nwlab.core.drive import FloatArray


@dataclass(frozen=True, slots=True)
class Chart:
    """Turns moments and values into px, from a left edge and downwards.

    Columns of px are counted from the moment 0, so that a column shows the same stretch of time however far the
    picture has moved on.
    """

    column: float  # s that one column of px takes
    left: float  # column of the left edge; whole where columns are painted one by one
    top: float  # value at the upper edge, in decades where logarithmic
    scale: float  # px per unit of value, or per decade
    unit: float = 1.0  # what counts as one
    logarithmic: bool = False

    def x(self, time: FloatArray) -> FloatArray:
        """Return where moments in s lie, in px from the left edge."""
        return time / self.column - self.left

    def y(self, value: FloatArray) -> FloatArray:
        """Return where values lie, in px from the upper edge; NaN for what has no logarithm."""
        if self.logarithmic:
            value = np.log10(value, out=np.full(value.shape, np.nan), where=value > 0)
        return (self.top - value / self.unit) * self.scale

    def place(self, time: float, value: float) -> tuple[float, float]:
        """Return where one value lies, x and y in px; y is NaN for what has no logarithm."""
        x, y = self.x(np.array([time])), self.y(np.array([value]))
        return float(x[0]), float(y[0])

    def time(self, x: float) -> float:
        """Return the moment in s at `x` px from the left edge."""
        return (x + self.left) * self.column

    def moved(self, left: int) -> Chart:
        """Return the same chart from another column on."""
        return replace(self, left=left)
