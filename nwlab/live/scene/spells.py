"""Stretches of time in which something held, such as compliance."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

_MOST = 1000


class Spells:
    """Begin and end of each stretch in s, in order; close ones are joined when there are too many to be told apart."""

    def __init__(self) -> None:
        self.spells: list[tuple[float, float]] = []

    def add(self, begin: float, end: float) -> None:
        """Add a stretch that begins no earlier than the last one; it is joined to that when they touch."""
        if self.spells and begin <= self.spells[-1][1] + 1e-9:
            self.spells[-1] = self.spells[-1][0], max(end, self.spells[-1][1])
            return
        self.spells.append((begin, end))
        if len(self.spells) > _MOST:
            self._thin()

    def between(self, begin: float, end: float) -> list[tuple[float, float]]:
        """Return the stretches that reach into a view."""
        first = bisect_left(self.spells, begin, key=itemgetter(1))
        return self.spells[first : bisect_right(self.spells, end, key=itemgetter(0))]

    def _thin(self) -> None:
        """Close the narrower half of all gaps."""
        gaps = [after[0] - before[1] for before, after in zip(self.spells, self.spells[1:], strict=False)]
        narrow = sorted(gaps)[len(gaps) // 2]
        joined = [self.spells[0]]
        for gap, spell in zip(gaps, self.spells[1:], strict=True):
            if gap <= narrow:
                joined[-1] = joined[-1][0], spell[1]
            else:
                joined.append(spell)
        self.spells = joined
