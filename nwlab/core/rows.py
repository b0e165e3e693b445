"""Samples in long format: one row for each step and force, as tables and exports want them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nwlab.core.conductance import conductance
from nwlab.core.drive import BoolArray, Drive, FloatArray, Quantity
from nwlab.core.reading import Reading

IntArray = NDArray[np.int64] | NDArray[np.int32] | NDArray[np.int16]

UNITS = {
    "drive": "1",
    "step": "1",
    "terminal": "1",
    "low": "1",
    "quantity": "1",
    "start": "s",
    "time": "s",
    "aperture": "s",
    "level": "V or A",
    "voltage": "V",
    "current": "A",
    "conductance": "S",
    "in_compliance": "1",
    "overflow": "1",
}
"""Unit of each column, in the order of the columns; "1" = a plain number."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Samples one below the other, in the order they were taken. Times count from the first drive's start."""

    drive: IntArray  # index of the drive
    step: IntArray  # index of the step in its drive
    terminal: IntArray  # index of the terminal at HI
    low: IntArray  # index of the terminal at LO; -1 = common
    quantity: IntArray  # what was forced: 0 = voltage, 1 = current
    start: FloatArray  # s: when the level really began, on the chip's clock
    time: FloatArray  # s: middle of the integration
    aperture: FloatArray  # s
    level: FloatArray  # V or A, as asked
    voltage: FloatArray  # V
    current: FloatArray  # A
    in_compliance: BoolArray
    overflow: BoolArray

    def __len__(self) -> int:
        return self.drive.size

    @property
    def conductance(self) -> FloatArray:
        """current / voltage in S; NaN where the level is 0, because offsets divided by offsets say nothing."""
        return conductance(self.voltage, self.current, self.level, self.quantity != 0)

    def column(self, name: str) -> NDArray[np.generic]:
        """Return one column by its name in `UNITS`."""
        return getattr(self, name)

    def where(self, mask: BoolArray) -> Rows:
        """Return the rows that `mask` marks."""
        return Rows(*(getattr(self, each.name)[mask] for each in fields(Rows)))


def tabulate(index: int, drive: Drive, first: int, reading: Reading, origin: float) -> Rows:
    """Return the rows of one block of drive `index`, whose samples begin at step `first`.

    `origin` is the start of the first drive on the chip's clock.
    """
    forces, steps = drive.forces, np.arange(first, first + reading.steps)
    begun, count = reading.start - origin, reading.steps
    levels = np.array([force.levels[first : first + count] for force in forces]).reshape(len(forces), count)
    lows = [-1 if force.low is None else force.low for force in forces]
    return Rows(
        np.full(count * len(forces), index, np.int32),
        np.repeat(steps, len(forces)),
        np.tile(np.array([force.terminal for force in forces], np.int16), count),
        np.tile(np.array(lows, np.int16), count),
        np.tile(np.array([force.quantity is Quantity.CURRENT for force in forces], np.int16), count),
        np.repeat(begun + reading.onset, len(forces)),
        (begun + reading.time).ravel(),
        reading.aperture.ravel(),
        levels.T.ravel(),
        reading.voltage.ravel(),
        reading.current.ravel(),
        reading.in_compliance.ravel(),
        reading.overflow.ravel(),
    )


def stack(parts: Iterable[Rows]) -> Rows:
    """Put tables below one another; none at all give an empty table."""
    tables = [_EMPTY, *parts]
    return Rows(*(np.concatenate([getattr(part, each.name) for part in tables]) for each in fields(Rows)))


def _empty() -> Rows:
    short, flag, none = np.zeros(0, np.int16), np.zeros(0, np.bool_), np.zeros(0)
    ints = (np.zeros(0, np.int32), np.zeros(0, np.int64), short, short, short)
    return Rows(*ints, none, none, none, none, none, none, flag, flag)


_EMPTY = _empty()
