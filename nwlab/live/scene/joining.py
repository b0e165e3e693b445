"""Small blocks become large ones before they are drawn: some instruments send their samples one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nwlab.core.drive import Drive
from nwlab.core.events import BlockArrived, DriveStarted, Event, Expected
from nwlab.core.reading import join

_GAP = 1.5  # dwells between two levels from which on they do not follow one another


class Joiner:
    """Joins blocks that follow one another without a gap."""

    def __init__(self) -> None:
        self._drive: Drive | None = None

    def __call__(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield the same events with fewer blocks; what a twin expected of blocks comes after them, as ever."""
        blocks: list[BlockArrived] = []
        expected: list[Expected] = []
        for event in events:
            if isinstance(event, Expected):
                expected.append(event)
                continue
            if not isinstance(event, BlockArrived) or (blocks and not self._follows(blocks[-1], event)):
                yield from _released(blocks, expected)
            if isinstance(event, BlockArrived):
                blocks.append(event)
                continue
            if isinstance(event, DriveStarted):
                self._drive = event.drive
            yield event
        yield from _released(blocks, expected)

    def _follows(self, before: BlockArrived, after: BlockArrived) -> bool:
        one, other, drive = before.reading, after.reading, self._drive
        if drive is None or (before.index, before.first + one.steps) != (after.index, after.first):
            return False
        if not (one.steps and other.steps) or one.start != other.start:
            return False
        return bool(other.onset[0] - one.onset[-1] <= _GAP * drive.dwell[after.first - 1])


def _released(blocks: list[BlockArrived], expected: list[Expected]) -> Iterator[Event]:
    if blocks:
        first = blocks[0]
        reading = first.reading if len(blocks) == 1 else join(block.reading for block in blocks)
        yield BlockArrived(first.index, first.first, reading)
    yield from expected
    blocks.clear()
    expected.clear()
