"""Reading buffers.

Source: Series 2600B reference manual 2600BS-901-01, section "Reading buffers" and `bufferVar.*`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nwlab.virtual.tsp_errors import SETTINGS_CONFLICT, ErrorQueue
from nwlab.virtual.tsp_node import NIL, Node, TspRefusalError, flag, number
from nwlab.virtual.tsp_numbers import OVERFLOW, Format

FILL_ONCE, FILL_WINDOW = 0, 1
_STAMPS = 2**32  # a time stamp is four bytes
_MOST_PRINTED = 2_000_000  # values of one `printbuffer`


class Reading(NamedTuple):
    """One entry; times in s of the world."""

    value: float
    time: float
    status: int
    source_value: float
    measure_function: int
    measure_range: float
    source_function: int
    source_output: int
    source_range: float


@dataclass(frozen=True, slots=True)
class Column:
    """One list of a buffer, as `printbuffer` takes it."""

    buffer: ReadingBuffer
    name: str
    get: Callable[[int], object]


class ReadingBuffer:
    """Readings with what is stored beside them."""

    def __init__(self, errors: ErrorQueue, capacity: int | None = None) -> None:
        self._errors, self._fixed_capacity = errors, capacity
        self._entries: list[Reading] = []
        self.append = False
        self.stamps = self.source_values = capacity is not None
        self.fill_mode, self.resolution = FILL_ONCE, 1e-6
        self._next = 0  # where a window-filled buffer continues

    @property
    def capacity(self) -> int:
        """How many readings it holds."""
        if self._fixed_capacity is not None:
            return self._fixed_capacity
        return (140_000, 100_000, 60_000)[self.stamps + self.source_values]

    @property
    def base(self) -> float:
        """World time in s of the first reading; 0 when there is none."""
        return self._entries[0].time if self._entries else 0.0

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget all readings."""
        self._entries.clear()
        self._next = 0

    def begin(self) -> None:
        """Get ready for new readings: without append mode the old ones go."""
        if not self.append:
            self.clear()

    def add(self, reading: Reading) -> None:
        """Store a reading; a full buffer keeps what it has, or overwrites the oldest in window mode."""
        if len(self._entries) < self.capacity:
            self._entries.append(reading)
        elif self.fill_mode == FILL_WINDOW:
            self._entries[self._next] = reading
            self._next = (self._next + 1) % self.capacity

    def columns(self) -> dict[str, Column]:
        """Return its lists by name; what was not collected reads nil."""
        items: dict[str, Callable[[Reading], object]] = {
            "readings": lambda entry: entry.value,
            "timestamps": lambda entry: self._stamp(entry) if self.stamps else NIL,
            "statuses": lambda entry: entry.status,
            "measurefunctions": lambda entry: entry.measure_function,
            "measureranges": lambda entry: entry.measure_range,
            "sourcefunctions": lambda entry: entry.source_function,
            "sourceoutputstates": lambda entry: entry.source_output,
            "sourceranges": lambda entry: entry.source_range,
            "sourcevalues": lambda entry: entry.source_value if self.source_values else NIL,
        }
        return {name: Column(self, name, lambda index, get=get: self._at(index, get)) for name, get in items.items()}

    def node(self) -> Node:
        """Return the buffer as an object."""
        columns = self.columns()
        node = Node(luatype="reading_buffer", owner=columns["readings"])
        for name, column in columns.items():
            child = node.child(name, Node(luatype="synchronous_table", owner=column, index=_subscript(column.get)))
            child.function("getreading", _subscript(column.get))
        node.index = _subscript(columns["readings"].get)
        node.attribute("n", lambda: len(self._entries)).attribute("capacity", lambda: self.capacity)
        node.attribute("basetimestamp", lambda: self.base).attribute("next", lambda: len(self._entries) + 1)
        self._settings(node)
        node.function("clear", self.clear).function("clearcache", lambda: None)
        return node.constants({"FILL_ONCE": FILL_ONCE, "FILL_WINDOW": FILL_WINDOW})

    def _settings(self, node: Node) -> None:
        node.attribute("appendmode", lambda: int(self.append), lambda value: setattr(self, "append", flag(value)))
        node.attribute("collecttimestamps", lambda: int(self.stamps), self._when_empty("stamps"))
        node.attribute("collectsourcevalues", lambda: int(self.source_values), self._when_empty("source_values"))
        node.attribute("timestampresolution", lambda: self.resolution, self._set_resolution)
        node.attribute("fillmode", lambda: self.fill_mode, self._set_fill_mode)
        node.storage({"cachemode": 1, "fillcount": 0})

    def _when_empty(self, name: str) -> Callable[[object], None]:
        def put(value: object) -> None:
            wanted = flag(value)
            if wanted == getattr(self, name):
                return
            if self._entries:
                self._errors.add(SETTINGS_CONFLICT, "Settings conflict")
            else:
                setattr(self, name, wanted)

        return put

    def _set_resolution(self, value: object) -> None:
        wanted = max(number(value), 1e-6)
        resolution = 1e-6
        while resolution * 2 <= wanted * (1 + 1e-9):  # powers of two of 1 µs
            resolution *= 2
        self.resolution = resolution

    def _set_fill_mode(self, value: object) -> None:
        self.fill_mode = int(self._errors.within(number(value), FILL_ONCE, FILL_WINDOW, self.fill_mode))

    def _stamp(self, entry: Reading) -> float:
        return round((entry.time - self.base) / self.resolution) % _STAMPS * self.resolution

    def _at(self, index: int, get: Callable[[Reading], object]) -> object:
        return get(self._entries[index - 1]) if 0 < index <= len(self._entries) else NIL


def _subscript(get: Callable[[int], object]) -> Callable[[object], object]:
    return lambda index: get(int(index)) if isinstance(index, int | float) else NIL


def print_buffer(form: Format, first: object, last: object, columns: Sequence[object]) -> str:
    """Return what `printbuffer(first, last, columns…)` prints: entry by entry, 9.91e37 where there is none.

    Raises TspRefusalError.
    """
    lists = [column for column in columns if isinstance(column, Column)]
    if not lists or len(lists) != len(columns):
        raise TspRefusalError("reading buffer expected")
    begin, end = int(number(first)), int(number(last))
    if (end - begin + 1) * len(lists) > _MOST_PRINTED:
        raise TspRefusalError("too many readings asked for")
    values = [column.get(index) for index in range(begin, end + 1) for column in lists]
    return form.block([value if isinstance(value, int | float) else OVERFLOW for value in values])
