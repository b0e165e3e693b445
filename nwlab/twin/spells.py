"""What lasts is told when it begins, and then ever more rarely.

A chip that its model does not fit at all raises an alarm at almost each sample, which nobody reads. So something may be
told once in so many steps, and some of it in a row. Beyond that it lasts: from one note of it to the next the distance
doubles, and each says how often it was so since the one before.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

_FIRST = 100
"""Steps from the note with which something begins to last to the next of it, at least."""
_RARE = 20.0
"""So much sooner than false alarms come after one another, an alarm is one that lasts."""


@dataclass(slots=True)
class Spell:
    """One kind of thing that may last."""

    apart: float  # steps in which one is told, however many come
    row: int = 1  # that are told of such as come at once
    _level: float = 0.0
    _seen: int = 0  # step at which it last was so
    _told: int = 0  # step at which it last was told
    _wait: int = _FIRST  # steps from there to the next note, while it lasts
    _times: int = 0  # that it was so since

    def take(self, step: int) -> int:
        """Take note that it is so at a step; return how often it was since it last was told, 0 when it is not now."""
        fallen = max(0.0, self._level - (step - self._seen) / self.apart)
        self._level, self._seen = min(fallen, self.row) + 1.0, step
        self._times += 1
        if self._level <= self.row:
            self._wait = _FIRST
        elif step - self._told < self._wait:
            return 0
        else:
            self._wait *= 2
        times, self._told, self._times = self._times, step, 0
        return times


class Spells:
    """Alarms by what they are about."""

    def __init__(self) -> None:
        self._spells: dict[Hashable, Spell] = {}

    def take(self, what: Hashable, step: int, false_alarm_steps: float) -> int:
        """Take note of an alarm; return how often it came since it last was told, 0 when it is not told now."""
        return self._spells.setdefault(what, Spell(false_alarm_steps / _RARE)).take(step)

    def clear(self) -> None:
        """What comes next is new: all was well in between."""
        self._spells.clear()
