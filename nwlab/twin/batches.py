"""Blocks that arrived together are followed together: some instruments send their samples one by one.

What is told of them is told once: a record that gets an expectation for each sample would hold up the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nwlab.core.drive import FloatArray
from nwlab.core.events import BlockArrived, DriveStarted, Event
from nwlab.core.reading import join

_GAP = 1.5  # dwells between two levels from which on something else lay between them


class Batches:
    """Joins blocks that follow one another."""

    def __init__(self) -> None:
        self._dwell: FloatArray | None = None

    def __call__(self, events: Iterable[Event]) -> Iterator[Event]:
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
            yield event
        if blocks:
            yield _joined(blocks)

    def _follows(self, before: BlockArrived, after: BlockArrived) -> bool:
        one, other = before.reading, after.reading
        if self._dwell is None or (before.index, before.first + one.steps) != (after.index, after.first):
            return False
        if not (one.steps and other.steps) or one.start != other.start:
            return False
        return bool(other.onset[0] - one.onset[-1] <= _GAP * self._dwell[after.first - 1])


def _joined(blocks: list[BlockArrived]) -> BlockArrived:
    if len(blocks) == 1:
        return blocks[0]
    return BlockArrived(blocks[0].index, blocks[0].first, join(block.reading for block in blocks))
