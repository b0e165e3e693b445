"""What a chip may ever see."""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.core.files import Table


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may be forced; chip and bench each state theirs, and the lower one holds."""

    voltage: float = 5.0  # V, between any two driven terminals
    current: float = 1e-3  # A, through any terminal

    def lower(self, other: Limits) -> Limits:
        """Return the lower of both, quantity by quantity."""
        return Limits(min(self.voltage, other.voltage), min(self.current, other.current))


def read_limits(table: Table) -> Limits:
    """Read a `[limits]` table of a chip or bench file; raises FileError."""
    usual = Limits()
    limits = Limits(table.quantity("voltage", "V", usual.voltage), table.quantity("current", "A", usual.current))
    table.finish()
    for key, value in (("voltage", limits.voltage), ("current", limits.current)):
        if not value > 0:
            raise table.error("a limit is more than 0; without any voltage or current nothing can be measured", key)
    return limits
