"""The parts of a bench file that say how it is kept safe: `safe = { … }` of each instrument, and `[process]`."""

from __future__ import annotations

from dataclasses import dataclass, field

from nwlab.core.files import Table
from nwlab.core.safe_state import OFF_MODES, Deadlines, SafePolicy


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """What `[process]` says about the process that holds the instruments."""

    deadlines: Deadlines = field(default_factory=Deadlines)
    separate: bool | None = None  # None = for real instruments only


def read_policy(table: Table) -> SafePolicy:
    """Read `safe = { … }` of an SMU channel; raises FileError."""
    usual = SafePolicy()
    output = table.choice("output", ("off", *OFF_MODES), "off")
    policy = SafePolicy(
        _rate(table, "ramp", "V/s"),
        _rate(table, "current_ramp", "A/s"),
        None if output == "off" else output,
        _positive(table, "deadline", usual.deadline),
        table.boolean("take_over", usual.take_over),
    )
    table.finish()
    return policy


def keeps_relays(table: Table) -> bool:
    """Read `safe = { relays = … }` of a matrix; raises FileError."""
    kept = table.choice("relays", ("open", "keep"), "open") == "keep"
    table.finish()
    return kept


def read_process(table: Table) -> ProcessOptions:
    """Read `[process]`; raises FileError."""
    usual = Deadlines()
    deadlines = Deadlines(_positive(table, "heartbeat", usual.heartbeat), _positive(table, "think", usual.think))
    separate = table.boolean("separate", None)
    table.finish()
    if deadlines.heartbeat < _SHORTEST:
        raise table.error("a heartbeat shorter than 50 ms would strike whenever the computer is busy", "heartbeat")
    return ProcessOptions(deadlines, separate)


_SHORTEST = 0.05  # s


def _rate(table: Table, key: str, unit: str) -> float | None:
    rate = table.quantity(key, unit, None)
    if rate is not None and rate <= 0:
        raise table.error(f"{table.raw(key)!r} never gets to zero; a ramp is faster than that", key)
    return rate


def _positive(table: Table, key: str, default: float) -> float:
    value = table.quantity(key, "s", default)
    if value <= 0:
        raise table.error(f"{table.raw(key)!r} is no time to wait", key)
    return value
