"""What is to happen at which time."""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Entry:
    """An action that waits for its time; fills the role of an Appointment."""

    __slots__ = ("action", "when")

    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self.when = when
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Drop it; does nothing when it has already run."""
        self.action = None


class Agenda:
    """Actions in the order of their time; equal times in the order they were made."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Entry]] = []
        self._made = 0

    def add(self, when: float, action: Callable[[], None]) -> Entry:
        """Note an action."""
        entry = Entry(when, action)
        heapq.heappush(self._entries, (when, self._made, entry))
        self._made += 1
        return entry

    def pop(self, until: float) -> Entry | None:
        """Take the first entry that is due by `until`, or None."""
        entries = self._entries
        while entries and (entries[0][0] <= until or entries[0][2].action is None):
            entry = heapq.heappop(entries)[2]
            if entry.action is not None:
                return entry
        return None
