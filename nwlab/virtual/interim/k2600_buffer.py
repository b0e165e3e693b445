"""Reading buffers of the Series 2600B (2600BS-901-01, "Reading buffers")."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from nwlab.virtual.interim.tsp_errors import RefusedError
from nwlab.virtual.interim.tsp_lua import Branch
from nwlab.virtual.interim.tsp_numbers import NO_READING

CAPACITY = 60_000
"""Readings of a dedicated buffer with time stamps."""
STATUS_COMPLIANCE, STATUS_OVERFLOW, STATUS_OVERTEMP = 0x40, 0x80, 0x02
FILL_ONCE, FILL_WINDOW = 0, 1
COLUMNS = ("readings", "timestamps", "statuses", "sourcevalues", "measureranges")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one measurement leaves."""

    value: float
    when: float  # world time at the start of the integration, s
    status: int
    source: float  # V or A
    span: float  # measuring range


@dataclass
class Buffer:
    """One reading buffer; `nvbuffer1`, `nvbuffer2`, or made by a script."""

    capacity: int = CAPACITY
    samples: list[Sample] = field(default_factory=list[Sample])
    settings: dict[str, float] = field(default_factory=dict[str, float])
    sourced_volts: bool = True

    def __post_init__(self) -> None:
        """Start with the settings after a reset."""
        self.settings = {
            "appendmode": 0,
            "cachemode": 1,
            "collecttimestamps": 0,
            "collectsourcevalues": 0,
            "fillcount": 0,
            "fillmode": FILL_ONCE,
            "timestampresolution": 1e-6,
        }

    def begin(self) -> None:
        """A new series of readings starts: without append mode the old ones go."""
        if not self.settings["appendmode"]:
            self.samples.clear()

    def add(self, sample: Sample) -> None:
        """Keep a reading; raises RefusedError when the buffer is full."""
        if len(self.samples) >= self.capacity:
            if self.settings["fillmode"] != FILL_WINDOW:
                raise RefusedError(1108)
            del self.samples[0]
        self.samples.append(sample)

    def values(self, what: str, first: int, last: int) -> list[float]:
        """Return readings, timestamps, … from `first` to `last` (from 1, both included)."""
        part = self.samples[max(first, 1) - 1 : last]
        if what == "readings":
            return [finite(sample.value) for sample in part]
        if what == "timestamps":
            base, tick = self.base, self.settings["timestampresolution"]
            return [round((sample.when - base) / tick) * tick for sample in part]
        if what == "statuses":
            return [float(sample.status) for sample in part]
        if what == "sourcevalues":
            return [finite(sample.source) for sample in part]
        return [sample.span for sample in part]

    @property
    def base(self) -> float:
        """World time that time stamps count from: that of the first reading."""
        return self.samples[0].when if self.samples else 0.0

    def branch(self, number: int) -> Branch:
        """Describe the buffer, known as `number`, as a table of the name space."""
        return Branch(
            attributes={
                "n": (lambda: len(self.samples), None),
                "next": (lambda: len(self.samples) + 1, None),
                "capacity": (lambda: self.capacity, None),
                "basetimestamp": (lambda: math.floor(self.base), None),
                **{name: self._setting(name) for name in self.settings},
            },
            functions={"clear": self.samples.clear, "clearcache": lambda *_: None},
            constants={"FILL_ONCE": FILL_ONCE, "FILL_WINDOW": FILL_WINDOW},
            children={column: self._column(column, number) for column in COLUMNS},
            items=(lambda index: self._item("readings", index), None),
            luatype="reading_buffer",
            identity=f"{number} readings",
        )

    def _setting(self, name: str):  # type: ignore[no-untyped-def]
        return lambda: self.settings[name], lambda value: self.settings.__setitem__(name, float(value))

    def _column(self, name: str, number: int) -> Branch:
        return Branch(
            functions={"getreading": lambda index: self._item(name, index)},
            items=(lambda index: self._item(name, index), None),
            luatype="synchronous_table",
            identity=f"{number} {name}",
        )

    def _item(self, name: str, index: float) -> float | None:
        found = self.values(name, int(index), int(index)) if index >= 1 else []
        return found[0] if found else None


def finite(value: float) -> float:
    """Write an overflow as the instrument does."""
    return value if math.isfinite(value) else math.copysign(NO_READING, value)
