"""A chip whose times go on where an earlier run ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nwlab.core.chip import Chip
from nwlab.core.drive import Drive
from nwlab.core.reading import Reading


class Later:
    """Another chip, `shift` s later. Its first drive may be the rest of one that began at `joint` s."""

    def __init__(self, chip: Chip, shift: float, joint: float | None = None) -> None:
        self._chip, self._shift, self._joint = chip, shift, joint
        self.terminals, self.limits, self.clock = chip.terminals, chip.limits, chip.clock

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Play a drive; raises what the chip raises."""
        joint, self._joint = self._joint, None
        return _Blocks(self._chip.apply(drive), self._shift, joint)

    def close(self) -> None:
        """Close the chip."""
        self._chip.close()


class _Blocks(Iterator[Reading]):
    """Blocks with their times moved; closing them closes the chip's own."""

    def __init__(self, blocks: Iterator[Reading], shift: float, joint: float | None) -> None:
        self._blocks, self._shift, self._joint = blocks, shift, joint

    def __next__(self) -> Reading:
        block = next(self._blocks)
        start = block.start + self._shift
        if self._joint is None:
            return replace(block, start=start)
        late = start - self._joint
        return replace(block, start=self._joint, onset=block.onset + late, time=block.time + late)

    def close(self) -> None:
        close = getattr(self._blocks, "close", None)
        if close is not None:
            close()
