"""A chip of one resistor between each terminal and common, for tests of what surrounds a chip."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import numpy as np

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading


class OhmicChip:
    """Answers by Ohm's law in blocks of `block` steps; `at_block` is called before each block is handed over."""

    def __init__(
        self, resistance: float = 1e4, block: int = 4, at_block: Callable[[int], None] = lambda number: None
    ) -> None:
        self.terminals = ("A", "B", "C")
        self.limits = Limits()
        self.clock = VirtualClock()
        self.rested = self.closed = 0
        self._resistance, self._block, self._at_block = resistance, block, at_block
        self._count = 0

    def apply(self, drive: Drive) -> Iterator[Reading]:
        try:
            yield from self._blocks(drive, self.clock.now())
        finally:
            self.rested += 1

    def close(self) -> None:
        self.closed += 1

    def _blocks(self, drive: Drive, start: float) -> Generator[Reading, None, None]:
        onset = np.concatenate([[0.0], np.cumsum(drive.dwell)[:-1]])
        for first in range(0, drive.steps, self._block):
            part = slice(first, first + self._block)
            self._at_block(self._count)
            self._count += 1
            self.clock.sleep(float(drive.dwell[part].sum()))
            yield self._reading(drive, start, onset, part)

    def _reading(self, drive: Drive, start: float, onset: np.ndarray, part: slice) -> Reading:
        steps, forces = onset[part].size, len(drive.forces)
        voltage, current = np.zeros((steps, forces)), np.zeros((steps, forces))
        limited = np.zeros((steps, forces), np.bool_)
        for column, force in enumerate(drive.forces):
            levels, is_voltage = force.levels[part], force.quantity is Quantity.VOLTAGE
            factor = 1 / self._resistance if is_voltage else self._resistance
            limited[:, column] = np.abs(levels * factor) > force.compliance
            other = np.clip(levels * factor, -force.compliance, force.compliance)
            forced = np.where(limited[:, column], other / factor, levels)
            voltage[:, column], current[:, column] = (forced, other) if is_voltage else (other, forced)
        middle = (onset[part] + drive.dwell[part] / 2)[:, None] + np.zeros((1, forces))
        return Reading(
            start, onset[part], middle, np.full((steps, forces), 1e-3), voltage, current, limited, np.isnan(current)
        )


def force(levels: list[float] | np.ndarray, terminal: int = 0, compliance: float = 1e-3, low: int | None = 1) -> Force:
    return Force(terminal, Quantity.VOLTAGE, np.array(levels, float), compliance, low)


def volts(levels: list[float] | np.ndarray, dwell: float = 0.1) -> Drive:
    """A drive that forces voltages at terminal A against B."""
    return Drive(np.full(len(levels), dwell), (force(levels),))


def several(*drives: Drive) -> Generator[Drive, Reading, None]:
    """A protocol that plays drives one after the other."""
    return (drive for drive in drives)
