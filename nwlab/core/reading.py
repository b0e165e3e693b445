"""What came back from a chip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One block of samples, or all blocks of a drive joined. A block without steps is a tick: the drive goes on."""

    start: float  # s on the chip's own clock: when the first level of the drive was really applied
    onset: FloatArray  # (steps,) s after start: when each level really began
    time: FloatArray  # (steps, forces) s after start: middle of the integration of each sample
    aperture: FloatArray  # (steps, forces) s: how long each sample was integrated
    voltage: FloatArray  # (steps, forces) V
    current: FloatArray  # (steps, forces) A, positive into the chip at the force's terminal
    in_compliance: BoolArray  # (steps, forces)
    overflow: BoolArray  # (steps, forces); the value is NaN then

    @property
    def steps(self) -> int:
        """How many steps the block holds."""
        return self.onset.size

    @property
    def conductance(self) -> FloatArray:
        """current / voltage, (steps, forces) in S; NaN where nothing is forced across."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.current / self.voltage
        return np.where(np.isfinite(ratio), ratio, np.nan)


def join(blocks: Iterable[Reading]) -> Reading:
    """Put the blocks of one drive together, in order, passing over ticks; raises ValueError for none."""
    parts = [block for block in blocks if block.steps]
    if not parts:
        raise ValueError("a drive that was played leaves at least one block")
    arrays = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Reading)
        if field.name != "start"
    }
    return Reading(start=parts[0].start, **arrays)
