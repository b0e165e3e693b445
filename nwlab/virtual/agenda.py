"""What is to happen at which time."""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Entry:
    """An action that waits for its time; fills the role of an Appointment."""

    __slots__ = ("action", "order", "when")

    def __init__(self, when: float, order: int, action: Callable[[], None]) -> None:
        self.when, self.order = when, order
        self.action: Callable[[], None] | None = action

    def __lt__(self, other: Entry) -> bool:
        return (self.when, self.order) < (other.when, other.order)

    def cancel(self) -> None:
        """Drop it; does nothing when it has already run."""
        self.action = None


class Agenda:
    """Actions in the order of their time; equal times in the order they were made."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._made = 0

    def add(self, when: float, action: Callable[[], None]) -> Entry:
        """Note an action."""
        entry = Entry(when, self._made, action)
        self._made += 1
        heapq.heappush(self._entries, entry)
        return entry

    def pop(self, until: float) -> Entry | None:
        """Take the first entry that is due by `until`, or None."""
        entries = self._entries
        while entries and (entries[0].action is None or entries[0].when <= until):
            entry = heapq.heappop(entries)
            if entry.action is not None:
                return entry
        return None
