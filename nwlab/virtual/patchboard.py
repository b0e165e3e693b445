"""Which port ends and chip terminals are joined at the moment, and through what.

A row of a matrix is the port end that hangs on it, a column the chip terminal; a line with nothing on it is a node of
its own, because two crosspoints on it still join what they lead to. Node numbers: chip terminals first, then common,
then everything else in the order it is first named.
"""

from __future__ import annotations

from nwlab.core.wiring import COMMON, Grid, Wiring

CONTACT = 1e-3
"""Ohm that every closed connection has besides its stated leads, so that no loop is free of resistance."""

_REMEMBERED = 4096
"""Relay patterns kept for reuse."""

Crosspoints = frozenset[tuple[str, int]]
Resistors = tuple[tuple[int, int, float], ...]


class Patchboard:
    """The wires of a bench and the present state of its relays."""

    def __init__(self, wiring: Wiring) -> None:
        self._grids = {grid.name: grid for grid in wiring.grids}
        self._numbers = {name: number for number, name in enumerate((*wiring.terminals, COMMON))}
        self.common = self._numbers[COMMON]
        self._wires = [self._joint(end, terminal, CONTACT) for end, terminal in wiring.wires]
        self._closed: dict[str, Crosspoints] = {name: frozenset() for name in self._grids}
        self._known: dict[tuple[Crosspoints, ...], tuple[Resistors, frozenset[int]]] = {}
        self.resistors: Resistors = ()
        self.reached: frozenset[int] = frozenset()  # nodes that are joined to anything
        self._join()

    @property
    def nodes(self) -> int:
        """How many nodes have a number so far."""
        return len(self._numbers)

    def node(self, name: str) -> int:
        """Return the number of a terminal, `common` or a port end such as "a.hi"."""
        return self._numbers.setdefault(name, len(self._numbers))

    def close(self, matrix: str, closed: Crosspoints) -> None:
        """Let exactly these crosspoints of a matrix conduct."""
        self._closed[matrix] = closed
        self._join()

    def _join(self) -> None:
        state = tuple(self._closed.values())
        if state not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[state] = self._joints()
        self.resistors, self.reached = self._known[state]

    def _joints(self) -> tuple[Resistors, frozenset[int]]:
        joints = list(self._wires)
        for name, closed in self._closed.items():
            grid = self._grids.get(name) or Grid(name, {}, {})
            for row, column in sorted(closed):
                joints.append(self._crosspoint(grid, row, column))
        resistors = tuple(joint for joint in joints if joint[0] != joint[1])
        return resistors, frozenset(node for first, second, _ in resistors for node in (first, second))

    def _crosspoint(self, grid: Grid, row: str, column: int) -> tuple[int, int, float]:
        end = grid.rows.get(row) or f"{grid.name}, row {row}"
        terminal = grid.columns.get(column) or f"{grid.name}, column {column}"
        return self._joint(end, terminal, grid.lead_resistance + CONTACT)

    def _joint(self, end: str, terminal: str, resistance: float) -> tuple[int, int, float]:
        return self.node(end), self.node(terminal), resistance
