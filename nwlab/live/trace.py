"""A curve that grows without end and is drawn in constant time, at any zoom, without hiding a single spike.

Theory of operation. Level 0 keeps the newest samples. Each level above has half as many points as the one below: of
every four points the smallest and the largest stay, in the order in which they came. Every level keeps its newest
points only, so that memory grows with the logarithm of the run's length. Whoever draws takes the finest level that
reaches back far enough and is not too fine for the picture; what is newer than the level's last point is taken from
the finer ones, so that the newest sample is always there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import BoolArray, FloatArray

KEPT = 4096
"""Points of each level that are certain to be there."""
_GROUP, _GROUPS = 4, 16


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """A piece of a curve, in the order of time."""

    time: FloatArray  # (points,) s
    value: FloatArray  # (points,)
    after_rest: BoolArray  # (points,) whether nothing was measured for a while before this one


class _Level:
    """The newest points of one level, contiguous; the oldest fall out in bulk when the room is used up."""

    def __init__(self) -> None:
        self.time, self.value = np.empty(4 * KEPT), np.empty(4 * KEPT)
        self.after_rest = np.empty(4 * KEPT, np.bool_)
        self.used = self.passed_on = 0  # points; of those, how many the next level has seen
        self.complete = True  # whether nothing has fallen out yet

    def append(self, time: FloatArray, value: FloatArray, after_rest: BoolArray) -> None:
        if self.used + time.size > self.time.size:
            self._make_room()
        place = slice(self.used, self.used + time.size)
        self.time[place], self.value[place], self.after_rest[place] = time, value, after_rest
        self.used += time.size

    def _make_room(self) -> None:
        drop = self.used - KEPT
        for array in (self.time, self.value, self.after_rest):
            array[:KEPT] = array[drop : self.used]
        self.used, self.passed_on, self.complete = KEPT, self.passed_on - drop, False

    def reduce(self) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return what the next level gets of the points that it has not seen: two of each whole group.

        Nothing until there are some groups, which makes an append cheap; the newest point stays.
        """
        count = (self.used - self.passed_on - 1) // _GROUP
        count = 0 if count < _GROUPS else count
        place = slice(self.passed_on, self.passed_on + count * _GROUP)
        self.passed_on = place.stop
        values, rests = self.value[place].reshape(count, _GROUP), self.after_rest[place].reshape(count, _GROUP)
        lowest, highest = values.argmin(axis=1), values.argmax(axis=1)
        # A group of equal values has both at its first point; the last one then says how long it lasted.
        highest = np.where(lowest == highest, _GROUP - 1, highest)
        chosen = np.empty((count, 2), np.intp)
        np.minimum(lowest, highest, out=chosen[:, 0])
        np.maximum(lowest, highest, out=chosen[:, 1])
        index = (chosen + np.arange(place.start, place.stop, _GROUP)[:, None]).ravel()
        return self.time[index], self.value[index], _rests(rests, chosen)

    def serves(self, begin: float, end: float, most: int) -> bool:
        """Whether this level has all of a view in at most `most` points."""
        first, last = np.searchsorted(self.time[: self.used], [begin, end])
        return self.reaches(begin) and last - first <= most

    def reaches(self, time: float) -> bool:
        """Whether this level goes back as far as `time`, or as far as there is anything."""
        return self.complete or bool(self.time[0] <= time)

    def between(self, begin: float, end: float) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return the points from `begin` to `end` s and one on either side."""
        first, last = np.searchsorted(self.time[: self.used], [begin, end])
        place = slice(max(int(first) - 1, 0), min(int(last) + 1, self.used))
        return self.time[place], self.value[place], self.after_rest[place]

    def left_over(self, begin: float, end: float) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return the points that the next level has not seen, as far as a view needs them."""
        place = slice(self.passed_on, self.used)
        wanted = (self.time[place] >= begin) & (self.time[place] <= end)
        return self.time[place][wanted], self.value[place][wanted], self.after_rest[place][wanted]


def _rests(rests: BoolArray, chosen: NDArray[np.intp]) -> BoolArray:
    """A rest before any point up to a chosen one, since the one chosen before, is a rest before that one."""
    if not rests.any():
        return np.zeros(chosen.size, np.bool_)
    seen = np.cumsum(rests, axis=1)
    upto = np.take_along_axis(seen, chosen, axis=1)
    first, second = upto[:, 0] > 0, upto[:, 1] > upto[:, 0]
    return np.stack([first, second], axis=1).ravel()


class Trace:
    """Samples in the order of time; `append` costs what is new, `view` the same however many there are."""

    def __init__(self) -> None:
        self._levels = [_Level()]
        self.samples = 0
        self._first = self._last = 0.0

    def append(self, time: FloatArray, value: FloatArray, *, after_rest: bool = False) -> None:
        """Add samples, (n,) s and their values, none of them NaN; `after_rest`: nothing was measured before them."""
        if not time.size:
            return
        self._first = self._first if self.samples else float(time[0])
        self._last = float(time[-1])
        self.samples += time.size
        for first in range(0, time.size, KEPT):
            part = slice(first, first + KEPT)
            flags = np.zeros(time[part].size, np.bool_)
            flags[:1] = after_rest and first == 0
            self._add(time[part], value[part], flags)

    def view(self, begin: float, end: float, most: int) -> Points:
        """Return at most about `most` points that draw like all samples from `begin` to `end` (s).

        `most` lies between 100 and `KEPT`. One more point on either side lets lines run on to the edge. Of what lies so
        far back that only coarse levels have it, there may be fewer points than would fit.
        """
        number = next(number for number, level in enumerate(self._levels) if level.serves(begin, end, most))
        parts = [self._levels[number].between(begin, end)]
        parts += [level.left_over(begin, end) for level in reversed(self._levels[:number])]
        return Points(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def span(self) -> tuple[float, float] | None:
        """Return the times of the first and the last sample in s; None without one."""
        return (self._first, self._last) if self.samples else None

    def nearest(self, time: float) -> tuple[float, float] | None:
        """Return time and value of the kept point that is nearest to `time` in s; None without one."""
        if not self.samples:
            return None
        level = next(level for level in self._levels if level.reaches(time))
        points = Points(*level.between(time, time))
        index = int(np.abs(points.time - time).argmin())
        return float(points.time[index]), float(points.value[index])

    def _add(self, time: FloatArray, value: FloatArray, after_rest: BoolArray) -> None:
        number = 0
        while time.size:
            if number == len(self._levels):
                self._levels.append(_Level())
            level = self._levels[number]
            level.append(time, value, after_rest)
            time, value, after_rest = level.reduce()
            number += 1
