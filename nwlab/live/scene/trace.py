"""A curve that grows without end and is drawn in constant time, at any zoom, without hiding a single spike.

Theory of operation. Level 0 keeps the newest samples. Each level above has half as many points as the one below: of
every four points the smallest and the largest stay, in the order in which they came. Every level keeps its newest
points only, so that memory grows with the logarithm of the run's length. Whoever draws takes the finest level that
reaches back far enough and is not too fine for the picture; what is newer than the level's last point is taken from
the finer ones, so that the newest sample is always there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import BoolArray, FloatArray

KEPT = 4096
"""Points of each level that are certain to be there."""
_PORTION = KEPT // 2  # samples that are taken at once; a level gets half as many as the one below
_GROUP, _GROUPS = 4, (32, 36, 40, 44, 48, 52, 56, 60)
_ROOM, _ROOM_ABOVE = 4 * KEPT, KEPT + KEPT // 4 + _GROUP * _GROUPS[-1]
"""Points that level 0 has room for, where nothing is thinned out yet, and all others."""
_portions = cycle(_GROUPS)
"""How many groups a trace waits for: another number for each, so that not all of them have work in the same frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """A piece of a curve, in the order of time."""

    time: FloatArray  # (points,) s
    value: FloatArray  # (points,)
    after_rest: BoolArray  # (points,) whether nothing was measured for a while before this one


class _Level:
    """The newest points of one level, contiguous; the oldest fall out in bulk when the room is used up."""

    def __init__(self, room: int, groups: int) -> None:
        self._groups = groups  # that the next level waits for
        self.time, self.value, self.after_rest = np.empty(room), np.empty(room), np.empty(room, np.bool_)
        self.used = self.passed_on = 0  # points; of those, how many the next level has seen
        self.complete = True  # whether nothing has fallen out yet
        self.rested = False  # whether there was a rest since the last point that the next level got

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

    def reduce(self) -> tuple[FloatArray, FloatArray, BoolArray] | None:
        """Return what the next level gets of the points that it has not seen: two of each whole group.

        None until there are some groups, which makes an append cheap; the newest point stays.
        """
        count = (self.used - self.passed_on - 1) // _GROUP
        if count < self._groups:
            return None
        place = slice(self.passed_on, self.passed_on + count * _GROUP)
        self.passed_on = place.stop
        values, rests = self.value[place].reshape(count, _GROUP), self.after_rest[place].reshape(count, _GROUP)
        lowest, highest = values.argmin(axis=1), values.argmax(axis=1)
        # A group of equal values has both at its first point; the last one then says how long it lasted.
        highest = np.where(lowest == highest, _GROUP - 1, highest)
        chosen = np.empty((count, 2), np.intp)
        np.minimum(lowest, highest, out=chosen[:, 0])
        np.maximum(lowest, highest, out=chosen[:, 1])
        index = (chosen + np.arange(0, count * _GROUP, _GROUP)[:, None]).ravel()
        flags = self._rests(rests.ravel(), index)
        return self.time[place][index], self.value[place][index], flags

    def _rests(self, rests: BoolArray, chosen: NDArray[np.intp]) -> BoolArray:
        """A rest before any point up to a chosen one, since the one chosen before, is a rest before that one."""
        if not (self.rested or rests.any()):
            return np.zeros(chosen.size, np.bool_)
        seen = np.cumsum(rests) + self.rested
        flags = np.diff(seen[chosen], prepend=0) > 0
        self.rested = bool(seen[-1] > seen[chosen[-1]])
        return flags

    def find(self, begin: float, end: float) -> tuple[int, int]:
        """Return which points lie from `begin` to `end` s: the first, and one beyond the last."""
        first, last = self.time[: self.used].searchsorted((begin, end))
        return int(first), int(last)

    def reaches(self, time: float) -> bool:
        """Whether this level goes back as far as `time`, or as far as there is anything."""
        return self.complete or bool(self.time[0] <= time)

    def between(self, first: int, last: int) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return points that were found and one on either side."""
        place = slice(max(first - 1, 0), min(last + 1, self.used))
        return self.time[place], self.value[place], self.after_rest[place]

    def left_over(self, begin: float, end: float) -> tuple[FloatArray, FloatArray, BoolArray] | None:
        """Return the points that the next level has not seen, as far as a view needs them; None when it needs none."""
        if self.passed_on == self.used or self.time[self.used - 1] < begin or self.time[self.passed_on] > end:
            return None
        place = slice(self.passed_on, self.used)
        first, last = self.time[place].searchsorted((begin, np.nextafter(end, np.inf)))
        flags = self.after_rest[place].copy()
        flags[0] |= self.rested
        wanted = slice(int(first), int(last))
        return self.time[place][wanted], self.value[place][wanted], flags[wanted]


class Trace:
    """Samples in the order of time; `append` costs what is new, `view` the same however many there are."""

    def __init__(self) -> None:
        self._groups = next(_portions)
        self._levels = [_Level(_ROOM, self._groups)]
        self.samples = 0
        self.first = self.last = 0.0  # s: times of the first and the last sample, once there are any

    def append(self, time: FloatArray, value: FloatArray, *, after_rest: bool = False) -> None:
        """Add samples, (n,) s and their values, none of them NaN; `after_rest`: nothing was measured before them."""
        if not time.size:
            return
        self.first = self.first if self.samples else float(time[0])
        self.last = float(time[-1])
        self.samples += time.size
        for first in range(0, time.size, _PORTION):
            part = slice(first, first + _PORTION)
            flags = np.zeros(time[part].size, np.bool_)
            flags[:1] = after_rest and first == 0
            self._add(time[part], value[part], flags)

    def view(self, begin: float, end: float, most: int) -> Points:
        """Return at most about `most` points that draw like all samples from `begin` to `end` (s).

        `most` lies between 100 and `KEPT`. One more point on either side lets lines run on to the edge. Of what lies so
        far back that only coarse levels have it, there may be fewer points than would fit. The arrays are good until
        the next append.
        """
        number, first, last = self._serving(begin, end, most)
        parts = [self._levels[number].between(first, last)]
        for level in reversed(self._levels[:number]):
            part = level.left_over(begin, end)
            if part is not None:
                parts.append(part)
        if len(parts) == 1:
            return Points(*parts[0])
        return Points(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def few(self, begin: float, end: float, most: int) -> bool:
        """Whether there are samples from `begin` to `end` s, at most `most`, and all of them are still there."""
        first, last = self._levels[0].find(begin, end)
        return self.keeps(begin) and 0 < last - first <= most

    def keeps(self, begin: float) -> bool:
        """Whether every single sample from `begin` s on is still there."""
        return self._levels[0].reaches(begin)

    def beyond(self, begin: float, end: float, most: int) -> int:
        """Return how many samples from `begin` to `end` s there were where `view` has fewer points than would fit.

        0 where it has as many as `most` allows, or all of them.
        """
        number, first, last = self._serving(begin, end, most)
        if number == 0 or self._levels[number - 1].reaches(begin):
            return 0
        return (last - first) << number if 2 * (last - first) <= most else 0

    def span(self) -> tuple[float, float] | None:
        """Return the times of the first and the last sample in s; None without one."""
        return (self.first, self.last) if self.samples else None

    def nearest(self, time: float) -> tuple[float, float] | None:
        """Return time and value of the kept point that is nearest to `time` in s; None without one."""
        if not self.samples:
            return None
        level = next(level for level in self._levels if level.reaches(time))
        points = Points(*level.between(*level.find(time, time)))
        index = int(np.abs(points.time - time).argmin())
        return float(points.time[index]), float(points.value[index])

    def _serving(self, begin: float, end: float, most: int) -> tuple[int, int, int]:
        """Return the finest level that has all of a view in at most `most` points, and which points these are."""
        found = 0, 0, 0  # the last level has everything, in few points
        for number, level in enumerate(self._levels):
            if level.reaches(begin):
                found = number, *level.find(begin, end)
                if found[2] - found[1] <= most:
                    break
        return found

    def _add(self, time: FloatArray, value: FloatArray, after_rest: BoolArray) -> None:
        number, new = 0, (time, value, after_rest)
        while new is not None:
            if number == len(self._levels):
                self._levels.append(_Level(_ROOM_ABOVE, self._groups))
            level = self._levels[number]
            level.append(*new)
            new = level.reduce()
            number += 1
