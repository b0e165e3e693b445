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
        self._wires = wiring.wires
        self._contacts: dict[str, float | None] = {}  # terminals with a bad contact → Ohm, None where it is open
        self._leaks: dict[str, float] = {}  # terminals whose wire leaks to common → Ohm
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

    def across(self, matrix: str, row: str, column: int) -> tuple[int, int]:
        """Return the nodes that a crosspoint joins when it is closed."""
        first, second, _ = self._crosspoint(self._grid(matrix), row, column)
        return first, second

    def closed(self, matrix: str) -> Crosspoints:
        """Return which crosspoints of a matrix conduct."""
        return self._closed.get(matrix, frozenset())

    def set_contact(self, terminal: str, resistance: float | None = 0.0) -> None:
        """Put Ohm between a chip terminal and all that leads to it; None opens it, 0 makes it good again."""
        if resistance == 0.0:
            self._contacts.pop(terminal, None)
        else:
            self._contacts[terminal] = resistance
        self._rejoin()

    def set_leak(self, terminal: str, resistance: float | None) -> None:
        """Let the wire to a chip terminal leak to common through so many Ohm; None mends it."""
        if resistance is None:
            self._leaks.pop(terminal, None)
        else:
            self._leaks[terminal] = resistance
        self._rejoin()

    def _rejoin(self) -> None:
        self._known.clear()
        self._join()

    def _join(self) -> None:
        state = tuple(self._closed.values())
        if state not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[state] = self._joints()
        self.resistors, self.reached = self._known[state]

    def _joints(self) -> tuple[Resistors, frozenset[int]]:
        joints = [self._joint(end, terminal, CONTACT) for end, terminal in self._wires]
        for name, closed in self._closed.items():
            grid = self._grid(name)
            for row, column in sorted(closed):
                joints.append(self._crosspoint(grid, row, column))
        for terminal, resistance in self._contacts.items():
            if resistance is not None:
                joints.append((self._end(terminal), self.node(terminal), resistance))
        for terminal, resistance in self._leaks.items():
            joints.append((self._end(terminal), self.common, resistance))
        resistors = tuple(joint for joint in joints if joint[0] != joint[1])
        return resistors, frozenset(node for first, second, _ in resistors for node in (first, second))

    def _grid(self, matrix: str) -> Grid:
        return self._grids.get(matrix) or Grid(matrix, {}, {})

    def _end(self, name: str) -> int:
        """Return the node where a wire to `name` ends: before the contact, where that is bad."""
        return self.node(f"{name}, before its contact" if name in self._contacts else name)

    def _crosspoint(self, grid: Grid, row: str, column: int) -> tuple[int, int, float]:
        end = grid.rows.get(row) or f"{grid.name}, row {row}"
        terminal = grid.columns.get(column) or f"{grid.name}, column {column}"
        return self._joint(end, terminal, grid.lead_resistance + CONTACT)

    def _joint(self, end: str, terminal: str, resistance: float) -> tuple[int, int, float]:
        return self._end(end), self._end(terminal), resistance
