"""Which readings say less than they seem to: the instrument's stated error beside the reading itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import Quantity
from nwlab.drivers.roles import Plan, Samples, Smu

TOLERATED = 0.01
"""Stated error, as a share of the reading, from which on a reading is counted as doubtful."""


@dataclass(slots=True)
class Doubt:
    """How many readings at one terminal are known to 1 % or worse."""

    readings: int = 0
    doubtful: int = 0
    worst: float = 0.0  # largest stated error as a share of its reading; infinite for a reading of 0

    def __str__(self) -> str:
        worst = f"the worst {self.worst:.0%}" if self.worst < 10 else "some beyond measure"
        return f"{self.doubtful} of {self.readings} readings have a stated error above {TOLERATED:.0%} ({worst})"

    def add(self, smu: Smu, plan: Plan, samples: Samples, column: int) -> None:
        """Judge the readings of the quantity that was not forced; levels of 0 tell nothing about the chip."""
        program = plan.programs[column]
        voltage, current = samples.voltage[:, column], samples.current[:, column]
        errors = smu.stated_error(program, voltage, current)
        reads_current = program.quantity is Quantity.VOLTAGE
        forced = voltage if reads_current else current
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = errors[1] / np.abs(current) if reads_current else errors[0] / np.abs(voltage)
        shares = shares[(np.abs(forced) > errors[0 if reads_current else 1]) & ~np.isnan(shares)]
        self.readings += shares.size
        self.doubtful += int((shares > TOLERATED).sum())
        self.worst = max(self.worst, float(shares.max(initial=0.0)))
