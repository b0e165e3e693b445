"""A driven pair of terminals as an onlooker keeps it: bounded, however long the run."""

from __future__ import annotations

import numpy as np

from nwlab.core.conductance import conductance
from nwlab.core.drive import FloatArray, Force, Quantity
from nwlab.core.envelope import Envelope
from nwlab.core.reading import Reading

BINS = 1024
"""Of a curve; half of them are in use at least, more dots than a terminal of 250 characters is wide."""


class WatchedPair:
    """Conductance over time between the smallest and largest of each stretch, and the last numbers."""

    def __init__(self, name: str) -> None:
        self.name = name  # of the terminal at HI, and at LO where that is not common
        self.curve = Envelope(BINS)  # S
        self.conductance = self.voltage = self.current = float("nan")  # S, V, A: the last that were measured
        self.in_compliance = self.overflow = False  # the last sample
        self.is_driven = False  # by the present drive
        self._forces_current = False

    def drive(self, force: Force) -> None:
        """A drive begins that forces this pair."""
        self.is_driven = True
        self._forces_current = force.quantity is Quantity.CURRENT

    def take(self, column: int, reading: Reading, levels: FloatArray, end: FloatArray, origin: float) -> None:
        """Take samples in `column` of a reading, whose levels stood until `end`, (steps,) s after its start.

        `origin` is where the time of the curve begins, in s on the chip's clock.
        """
        voltage, current = reading.voltage[:, column], reading.current[:, column]
        found = conductance(voltage, current, levels, self._forces_current)
        begun = reading.start - origin
        self.curve.add(begun + reading.onset, begun + end, found)
        known = np.flatnonzero(np.isfinite(found))
        if known.size:
            self.conductance = float(found[known[-1]])
        self.voltage, self.current = float(voltage[-1]), float(current[-1])
        self.in_compliance = bool(reading.in_compliance[-1, column])
        self.overflow = bool(reading.overflow[-1, column])
