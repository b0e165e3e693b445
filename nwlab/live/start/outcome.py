"""What a dry run has shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nwlab.core.units import duration, show
from nwlab.live.start.program import Ended

_REFUSED = 4


@dataclass(frozen=True, slots=True)
class Terminal:
    """The largest values at one terminal."""

    name: str
    voltage: float  # V
    current: float  # A
    power: float  # W
    charge: float  # C
    in_compliance: int  # samples
    doubtful: int  # readings with a large stated error


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a dry run says it would be like."""

    refused: tuple[str, ...] = ()  # why it cannot be played, with the place where that stands
    duration: float = 0.0  # s
    drives: int = 0
    samples: int = 0
    relays: Mapping[str, int] = field(default_factory=dict[str, int])
    terminals: tuple[Terminal, ...] = ()
    voltage: float | None = None  # V that chip and bench allow
    current: float | None = None  # A, likewise
    remark: str = ""

    def summary(self) -> str:
        """Return how much there would be, in one line."""
        if not self.drives:
            return ""
        moved = sum(self.relays.values())
        relays = f"{_many(moved, 'relay operation')} at {', '.join(self.relays)}" if moved else "no relay operations"
        counted = f"{_many(self.drives, 'drive')}, {_many(self.samples, 'sample')}"
        return f"{duration(self.duration)} on the bench; {counted}; {relays}"

    def rows(self) -> list[tuple[str, ...]]:
        """Return a table of the extremes: terminal, voltage, current, power, charge."""
        return [
            (
                each.name,
                _of(each.voltage, self.voltage, "V"),
                _of(each.current, self.current, "A"),
                show(each.power, "W"),
                show(each.charge, "C"),
            )
            for each in self.terminals
        ]

    def notes(self) -> list[str]:
        """Return what is to be said of the readings, by terminal."""
        return [f"{each.name}: {said}" for each in self.terminals if (said := _said(each))]


def outcome_of(ended: Ended) -> Outcome:
    """Return what a dry run showed; one that could not be made is as good as refused."""
    said = ended.said
    if ended.code not in (0, _REFUSED) or not said:
        reason = "; ".join(ended.complaints) or f"the dry run left with code {ended.code}, without a word"
        return Outcome(refused=(reason,))
    doubtful, limits = said.get("doubtful", {}), said.get("limits", {})
    terminals = tuple(
        Terminal(name, **extremes, doubtful=doubtful.get(name, 0)) for name, extremes in said["extremes"].items()
    )
    return Outcome(
        tuple(said["refused"]),
        said["duration"],
        said["drives"],
        said["samples"],
        said["relay_operations"],
        terminals,
        limits.get("voltage"),
        limits.get("current"),
        said.get("remark", ""),
    )


def _of(value: float, limit: float | None, unit: str) -> str:
    return show(value, unit) if limit is None else f"{show(value, unit)} of {show(limit, unit)}"


def _said(terminal: Terminal) -> str:
    said: list[str] = []
    if terminal.in_compliance:
        said.append(f"the current limit acts in {_many(terminal.in_compliance, 'sample')}")
    if terminal.doubtful:
        said.append(f"{_many(terminal.doubtful, 'reading')} uncertain by more than 1 %: lower the compliance")
    return ", ".join(said)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
