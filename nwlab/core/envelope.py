"""Values over time in bounded room: of each stretch of time the smallest and the largest, so no spike is lost."""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import FloatArray

BINS = 2048
"""Stretches of time that are kept apart: after doubling at least half of them are in use, more than a screen shows."""
_FINEST = 1e-9  # s


class Envelope:
    """Minimum and maximum in a fixed number of equal stretches of time, which double when time outgrows them.

    Time is in s from an origin of the user's choice; what lies before it counts as at it.
    """

    def __init__(self, bins: int = BINS) -> None:
        """`bins` is even."""
        self._width = _FINEST  # s
        self._low, self._high = np.full(bins, np.inf), np.full(bins, -np.inf)
        self.until = 0.0
        """When the last value ended, or what is not finite, in s."""

    def add(self, begin: FloatArray, end: FloatArray, values: FloatArray) -> None:
        """Take values that stood from `begin` to `end`, (samples,) each; what is not finite leaves a gap."""
        timed = np.isfinite(begin) & np.isfinite(end)
        self._reach(float(end[timed].max(initial=0.0)))
        known = timed & np.isfinite(values)
        if known.any():
            self._place(begin[known], end[known], values[known])

    def range(self) -> tuple[float, float] | None:
        """Return the smallest and the largest value; None without any."""
        low, high = float(self._low.min()), float(self._high.max())
        return (low, high) if low <= high else None

    def columns(self, count: int, span: float) -> tuple[FloatArray, FloatArray]:
        """Return minimum and maximum of `count` equal parts of the time up to `span` s, NaN where there is nothing.

        `span` is at least `until`.
        """
        edges = np.arange(count) * (max(span, _FINEST) / count / self._width)
        first = np.minimum(edges, self._low.size).astype(np.int64)
        # One more, empty, for parts beyond the last bin; equal edges give that one bin.
        low = np.minimum.reduceat(np.append(self._low, np.inf), first)
        high = np.maximum.reduceat(np.append(self._high, -np.inf), first)
        empty = low > high
        return np.where(empty, np.nan, low), np.where(empty, np.nan, high)

    def _place(self, begin: FloatArray, end: FloatArray, values: FloatArray) -> None:
        """A value belongs to each bin that it stood in."""
        first = np.clip(begin / self._width, 0, self._low.size - 1).astype(np.int64)
        last = np.maximum(np.ceil(end / self._width).astype(np.int64) - 1, first)
        counts = last - first + 1
        offset = np.cumsum(counts) - counts
        bins = np.arange(int(counts.sum())) + np.repeat(first - offset, counts)
        repeated = np.repeat(values, counts)
        np.minimum.at(self._low, bins, repeated)
        np.maximum.at(self._high, bins, repeated)

    def _reach(self, until: float) -> None:
        self.until = max(self.until, until)
        half = self._low.size // 2
        while self.until > self._width * self._low.size:
            self._width *= 2
            self._low[:half] = np.minimum(self._low[::2], self._low[1::2])
            self._high[:half] = np.maximum(self._high[::2], self._high[1::2])
            self._low[half:], self._high[half:] = np.inf, -np.inf
