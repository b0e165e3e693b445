"""The error queue of a TSP instrument.

Source: Series 2600B reference manual 2600BS-901-01, "Error summary list" and `errorqueue`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from nwlab.virtual.tsp_node import Node

_LONGEST = 100


class Severity(IntEnum):
    """How bad an entry is."""

    NONE = 0
    INFORMATIONAL = 10
    RECOVERABLE = 20
    SERIOUS = 30
    FATAL = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the queue."""

    code: int
    text: str
    severity: Severity = Severity.RECOVERABLE
    node: int = 1


EMPTY = Entry(0, "Queue Is Empty", Severity.NONE, 0)
UNDEFINED_HEADER = Entry(-113, "Undefined header")
SYNTAX, RUN_TIME = -285, -286
QUEUE_OVERFLOW = Entry(-350, "Queue overflow")
INPUT_OVERRUN = Entry(-363, "Input buffer overrun")
TOO_BIG = Entry(1101, "Parameter too big")
TOO_SMALL = Entry(1102, "Parameter too small")
TOO_MANY_DIGITS = 1104
SETTINGS_CONFLICT = 1114
PARAMETER_ERROR = 1115


class ErrorQueue:
    """Errors, oldest first; `noticed` is told each code as it comes."""

    def __init__(self, noticed: Callable[[int], None]) -> None:
        self._entries: deque[Entry] = deque()
        self._noticed = noticed

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, entry: Entry) -> None:
        """Add an error; a full queue keeps its old ones and says so."""
        if len(self._entries) >= _LONGEST:
            self._entries[-1] = QUEUE_OVERFLOW
        else:
            self._entries.append(entry)
        self._noticed(entry.code)

    def add(self, code: int, text: str) -> None:
        """Add an error by its code and text."""
        self.put(Entry(code, text))

    def within(self, value: float, low: float, high: float, present: float) -> float:
        """Return a value that lies within bounds, else note the error and return the present one."""
        if low <= value <= high:
            return value
        self.put(TOO_BIG if value > high else TOO_SMALL)
        return present

    def next(self) -> tuple[int, str, int, int]:
        """Take out the oldest: code, text, severity, node."""
        entry = self._entries.popleft() if self._entries else EMPTY
        return entry.code, entry.text, int(entry.severity), entry.node

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def node(self) -> Node:
        """Return the object `errorqueue`."""
        node = Node().attribute("count", lambda: len(self._entries))
        return node.function("next", self.next).function("clear", self.clear)
