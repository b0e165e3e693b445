"""What hangs where on a bench: ports of instruments, relays, chip terminals."""

from __future__ import annotations

from dataclasses import dataclass, field

COMMON = "common"
"""Name of the bench's common, usable wherever a port or a terminal can stand."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One switch matrix: closing row × column joins what hangs on both."""

    name: str  # of the matrix in the bench file
    rows: dict[str, str]  # row letter → port ("a.hi") or common
    columns: dict[int, str]  # column number → chip terminal or common
    settle: float = 0.02  # s to wait after relays moved
    lead_resistance: float = 0.0  # Ohm, of one closed crosspoint with its leads

    def ends(self, row: str, column: int) -> tuple[str, str]:
        """Return (port or common, terminal or common) of a crosspoint."""
        return self.rows[row], self.columns[column]


@dataclass(frozen=True, slots=True)
class Wiring:
    """All connections of a bench. A port is an end of an SMU channel: `a.hi`, `a.lo`, `a.shi`, `a.slo`."""

    terminals: tuple[str, ...]
    grids: tuple[Grid, ...] = ()
    wires: tuple[tuple[str, str], ...] = field(default=())  # (port, terminal or common), without a relay
