"""Fewer points for the same picture: the smallest and the largest of each stretch stay, so no spike is lost."""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import FloatArray


def decimate(time: FloatArray, values: FloatArray, points: int) -> tuple[FloatArray, FloatArray]:
    """Return at most about `points` samples that draw like all of them.

    Of each stretch of equally many samples its minimum and maximum are kept, at the times at which they were taken. A
    stretch without any number becomes a gap (NaN).
    """
    bins = max(1, points // 2)
    width = -(-values.size // bins)
    if width <= 2:
        return time, values
    chosen = _extremes(values, width)
    return time[chosen], values[chosen]


def _extremes(values: FloatArray, width: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    count = -(-values.size // width)
    padded = np.full(count * width, np.nan)
    padded[: values.size] = values
    table = padded.reshape(count, width)
    missing = np.isnan(table)
    lowest = np.where(missing, np.inf, table).argmin(axis=1)
    highest = np.where(missing, -np.inf, table).argmax(axis=1)
    pairs = np.sort(np.stack([lowest, highest], axis=1), axis=1) + np.arange(count)[:, None] * width
    return np.minimum(pairs.ravel(), values.size - 1)
