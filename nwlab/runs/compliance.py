"""What a run does when compliance is reached: go on, the flag standing beside each sample, or stop there.

A step of a lab's own may decide more finely, since it is sent the flags with each reading.
"""

from __future__ import annotations

from collections.abc import Iterator

from nwlab.core.chip import Chip
from nwlab.core.drive import Drive
from nwlab.core.errors import ComplianceError
from nwlab.core.reading import Reading
from nwlab.core.units import show

HOLD, STOP = "hold", "stop"


class StoppingChip:
    """A chip whose drives end where a source first reaches its compliance; the block that shows it is kept."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self.terminals, self.limits, self.clock = chip.terminals, chip.limits, chip.clock

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Play a drive; raises ComplianceError after the block in which a limit acted."""
        return self._watched(self._chip.apply(drive), drive)

    def close(self) -> None:
        """Close the chip."""
        self._chip.close()

    def _watched(self, blocks: Iterator[Reading], drive: Drive) -> Iterator[Reading]:
        try:
            for block in blocks:
                yield block
                if block.in_compliance.any():
                    raise ComplianceError(self._told(block, drive))
        finally:
            close = getattr(blocks, "close", None)
            if close is not None:
                close()

    def _told(self, block: Reading, drive: Drive) -> str:
        step, column = (int(place[0]) for place in block.in_compliance.nonzero())
        force = drive.forces[column]
        limit, when = show(force.compliance, force.quantity.other.unit), show(float(block.onset[step]), "s")
        return (
            f"terminal {self.terminals[force.terminal]} reached its compliance of {limit}, {when} into the drive, and "
            "the protocol asks to stop there; what was read is kept, the chip has gone to rest"
        )
