"""Blocks that arrived together are followed together: some instruments send their samples one by one.

What is told of them is parted again, so that the record looks as if each block had been followed by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nwlab.core.drive import FloatArray
from nwlab.core.events import BlockArrived, DriveStarted, Event, Expected
from nwlab.core.reading import join

_GAP = 1.5  # dwells between two levels from which on something else lay between them


@dataclass(frozen=True, slots=True)
class Batch:
    """One event; for a block, how many samples each of those had that it is made of."""

    event: Event
    sizes: tuple[int, ...] = ()


class Batches:
    """Joins blocks that follow one another."""

    def __init__(self) -> None:
        self._dwell: FloatArray | None = None

    def __call__(self, events: Iterable[Event]) -> Iterator[Batch]:
        """Yield the same events in order, with fewer blocks."""
        blocks: list[BlockArrived] = []
        for event in events:
            if isinstance(event, BlockArrived):
                if blocks and not self._follows(blocks[-1], event):
                    yield _joined(blocks)
                    blocks = []
                blocks.append(event)
                continue
            if blocks:
                yield _joined(blocks)
                blocks = []
            if isinstance(event, DriveStarted):
                self._dwell = event.drive.dwell
            yield Batch(event)
        if blocks:
            yield _joined(blocks)

    def _follows(self, before: BlockArrived, after: BlockArrived) -> bool:
        one, other = before.reading, after.reading
        if self._dwell is None or (before.index, before.first + one.steps) != (after.index, after.first):
            return False
        if not (one.steps and other.steps) or one.start != other.start:
            return False
        return bool(other.onset[0] - one.onset[-1] <= _GAP * self._dwell[after.first - 1])


def parted(expected: Expected, sizes: Iterable[int]) -> Iterator[Expected]:
    """Yield what was expected of a batch block by block."""
    first = 0
    for size in sizes:
        part = slice(first, first + size)
        z, jump = (None if each is None else each[part] for each in (expected.z, expected.jump))
        yield Expected(expected.index, expected.first + first, expected.mean[part], expected.sd[part], z, jump)
        first += size


def _joined(blocks: list[BlockArrived]) -> Batch:
    sizes = tuple(block.reading.steps for block in blocks)
    if len(blocks) == 1:
        return Batch(blocks[0], sizes)
    return Batch(BlockArrived(blocks[0].index, blocks[0].first, join(block.reading for block in blocks)), sizes)
