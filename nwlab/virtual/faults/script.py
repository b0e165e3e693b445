"""Fault scripts: TOML files that say what goes wrong on a virtual bench, where and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from nwlab.core.errors import FileError
from nwlab.core.files import Table, read_toml
from nwlab.virtual.faults.acts import Act
from nwlab.virtual.faults.conditions import Condition, read_condition
from nwlab.virtual.faults.kinds import KINDS, Kind, Moment, Place

CHIP = "chip"
"""What `at` says for a fault of the chip as a whole."""


class Strike(NamedTuple):
    """A fault that really struck."""

    time: float  # s of world time
    at: str
    fault: str  # the script's word for it


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """One `[[fault]]`: what is done, to what, and when."""

    at: str
    do: str
    act: Act
    kind: Kind
    condition: Condition
    complain: Callable[[str, str], FileError]  # text, key → an error that names file, line and key

    @property
    def is_timed(self) -> bool:
        """Whether it strikes at its time rather than at a message or a reply."""
        return self.kind.moment is Moment.TIME or (self.kind.moment is Moment.ANY and not self.condition.waits)

    def demand(self, names: Iterable[str]) -> None:
        """Raise FileError unless `at` is one of these."""
        names = tuple(names)
        if self.at in names:
            return
        near = get_close_matches(self.at, names, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        there = ", ".join(names) or "none"
        raise self.complain(
            f"{self.do!r} is done to {self.kind.place.value}, and {self.at!r} is none here{meant}; there is {there}",
            "at",
        )


@dataclass(frozen=True, slots=True, eq=False)
class FaultScript:
    """A script as its file describes it, and the log of the bench that it is planted on."""

    name: str
    about: str
    seed: int  # of the chances
    faults: tuple[Fault, ...]
    path: Path
    text: str  # the file as it was read, for the record of a run
    log: list[Strike] = field(default_factory=list[Strike])

    def told(self) -> list[str]:
        """Return the log for people, a line for each strike."""
        return [f"fault {strike.fault!r} struck {strike.at} at {strike.time:.6g} s" for strike in self.log]


def load_faults(path: str | Path) -> FaultScript:
    """Read a fault script; raises FileError naming file, line and key."""
    table = read_toml(path)
    seed = table.integer("seed", 0)
    if seed < 0:
        raise table.error("a seed is a whole number of at least 0", "seed")
    script = FaultScript(
        name=table.text("name"),
        about=table.text("about", ""),
        seed=seed,
        faults=tuple(map(_fault, table.tables("fault"))),
        path=table.path,
        text=table.path.read_text(encoding="utf-8"),
    )
    table.finish()
    if not script.faults:
        raise table.error("a fault script needs at least one [[fault]]")
    return script


def _fault(table: Table) -> Fault:
    word = table.choice("do", KINDS)
    kind = KINDS[word]
    at = table.text("at", CHIP) if kind.place is Place.CHIP else table.text("at")
    condition = read_condition(table, wire=kind.moment is not Moment.TIME)
    fault = Fault(at, word, kind.read(table, at), kind, condition, table.error)
    table.finish()
    if fault.is_timed and "times" in table:
        raise table.error("this fault strikes at its time, once; times goes with a message, nth or a chance", "times")
    return fault
