"""One force of a block of samples: what a line is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nwlab.core.conductance import conductance
from nwlab.core.drive import BoolArray, Drive, FloatArray, Force, Quantity
from nwlab.core.events import Expected
from nwlab.core.reading import Reading

Pair = tuple[int, int]
"""Terminal at HI, and at LO or -1 for common."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One force of a block; (steps,) each."""

    begin: FloatArray  # s since the first drive's start: when each level began
    end: FloatArray  # s: when it ended, as far as known
    time: FloatArray  # s: middle of the integration
    level: FloatArray  # V or A, as asked
    voltage: FloatArray  # V; NaN on overflow
    current: FloatArray  # A; NaN on overflow
    in_compliance: BoolArray
    forces_current: bool

    @property
    def conductance(self) -> FloatArray:
        """current / voltage in S; NaN where nothing is forced across."""
        return conductance(self.voltage, self.current, self.level, self.forces_current)

    def begins_after(self, moment: float) -> bool:
        """Whether nothing was held for half a step or more between a moment in s and the first level."""
        length = (float(self.end[-1]) - float(self.begin[0])) / self.begin.size
        return float(self.begin[0]) - moment > 0.5 * length

    def part(self, steps: slice) -> Column:
        """Return some of the steps."""
        return Column(
            self.begin[steps],
            self.end[steps],
            self.time[steps],
            self.level[steps],
            self.voltage[steps],
            self.current[steps],
            self.in_compliance[steps],
            self.forces_current,
        )


class Foreseen(NamedTuple):
    """What was expected of one force; (steps,) each."""

    mean: FloatArray  # A where a voltage was forced, else V
    sd: FloatArray  # A or V
    z: FloatArray | None  # calibrated residual; None = (reading − mean)/sd

    def part(self, steps: slice) -> Foreseen:
        """Return some of the steps."""
        return Foreseen(self.mean[steps], self.sd[steps], None if self.z is None else self.z[steps])


def foreseen(expected: Expected, place: int) -> Foreseen:
    """Return what was expected of the force at a place of its drive."""
    z = expected.z
    return Foreseen(expected.mean[:, place], expected.sd[:, place], None if z is None else z[:, place])


def columns_of(drive: Drive, first: int, reading: Reading, origin: float) -> Iterator[tuple[Force, Column]]:
    """Yield the forces of a block that begins at step `first`; times count from `origin`, s on the chip's clock."""
    steps = slice(first, first + reading.steps)
    begin = reading.start - origin + reading.onset
    end = np.append(begin[1:], begin[-1] + drive.dwell[steps.stop - 1])
    middle = (reading.start - origin) + reading.time
    for place, force in enumerate(drive.forces):
        yield (
            force,
            Column(
                begin,
                end,
                middle[:, place],
                force.levels[steps],
                reading.voltage[:, place],
                reading.current[:, place],
                reading.in_compliance[:, place],
                force.quantity is Quantity.CURRENT,
            ),
        )


def pair_of(force: Force) -> Pair:
    """Return the terminals between which a force acts."""
    return force.terminal, -1 if force.low is None else force.low


def name_of(pair: Pair, terminals: tuple[str, ...]) -> str:
    """Return how a pair of terminals is named on screen."""
    high, low = pair
    return terminals[high] if low < 0 else f"{terminals[high]} → {terminals[low]}"
