"""What the record of a run has of a stretch of time, where memory has kept but a coarse picture."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nwlab.core.drive import Drive
from nwlab.core.errors import StorageError
from nwlab.core.events import Expected
from nwlab.core.frames import DamageError, Kind, decode_expected, decode_reading, read_frame
from nwlab.core.reading import Reading
from nwlab.core.record import BLOCKS
from nwlab.live.scene.column import Column, Foreseen, Pair, columns_of, foreseen, pair_of
from nwlab.live.scene.line import Line
from nwlab.runs.index import Index
from nwlab.runs.played import Drives, open_part


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What one block of the record says of one pair of terminals."""

    pair: Pair
    column: Column
    expected: tuple[tuple[slice, Foreseen], ...]  # of these steps of the column


Detail = Callable[[float, float], Iterator[Taken]]
"""Yields what was measured from one moment to another (s since the first drive's start), in the order of time.

It may raise FileError or StorageError.
"""


class RecordDetail:
    """Reads a run's folder while the run goes on or when it is over; may be called from any thread."""

    def __init__(self, folder: Path, index: Callable[[], Index]) -> None:
        self._folder, self._index = folder, index

    def __call__(self, begin: float, end: float) -> Iterator[Taken]:
        """Yield blocks that reach into a stretch of time, in s; raises FileError and StorageError."""
        index = self._index()
        blocks = range(len(index.frame))  # the last list of an index that is filled
        with open_part(self._folder / BLOCKS) as file:
            record = _Blocks(self._folder, index, file)
            first = bisect_left(blocks, begin, key=record.begin)
            for block in blocks[max(first - 1, 0) :]:
                reading = record.reading(block)
                if reading.start - record.origin + float(reading.onset[0]) > end:
                    return
                yield from record.taken(block, reading)


class _Blocks:
    """The blocks of an open record."""

    def __init__(self, folder: Path, index: Index, file: BinaryIO) -> None:
        self.origin = index.origin or 0.0
        self._index, self._file, self._drives = index, file, Drives(folder, index)
        self._number, self._drive = -1, Drive(np.ones(1))  # the drive of the last block that was asked for

    def begin(self, block: int) -> float:
        """Return when the first level of a block began, in s."""
        reading = self.reading(block)
        return reading.start - self.origin + float(reading.onset[0])

    def reading(self, block: int) -> Reading:
        """Return a block as it arrived."""
        index = self._index
        return decode_reading(self._payload(index.offset[block], index.length[block], index.frame[block], Kind.READING))

    def taken(self, block: int, reading: Reading) -> Iterator[Taken]:
        """Yield what a block says of each pair of terminals."""
        number = bisect_right(self._index.first_block, block) - 1
        if number != self._number:
            self._number, self._drive = number, self._drives[number].drive
        first = self._index.first[block]
        expected = list(self._expected(number, first, reading.steps))
        for place, (force, column) in enumerate(columns_of(self._drive, first, reading, self.origin)):
            parts = ((ours, foreseen(each, place).part(theirs)) for ours, theirs, each in expected)
            yield Taken(pair_of(force), column, tuple(parts))

    def _expected(self, drive: int, first: int, steps: int) -> Iterator[tuple[slice, slice, Expected]]:
        """Yield what was expected of a block: which of its steps, which of the expectation's; it may begin before."""
        known = self._index.expected
        for place in range(max(bisect_left(known, (drive, first, 0, 0, 0)) - 1, 0), len(known)):
            of, begin, offset, length, frame = known[place]
            if of > drive or (of == drive and begin >= first + steps):
                return
            if of < drive:
                continue
            expected = decode_expected(of, begin, self._payload(offset, length, frame, Kind.EXPECTED))
            low, high = max(begin, first), min(begin + expected.mean.shape[0], first + steps)
            if low < high:
                yield slice(low - first, high - first), slice(low - begin, high - begin), expected

    def _payload(self, offset: int, length: int, frame: int, kind: Kind) -> bytes:
        try:
            return read_frame(self._file, offset, length, kind, frame)
        except DamageError as error:
            raise StorageError(f"{self._file.name} was altered while it was looked at: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class Close:
    """Lines as the record has them, in a stretch of time."""

    begin: float  # s
    end: float  # s
    lines: dict[Pair, Line]

    def holds(self, begin: float, end: float) -> bool:
        """Whether a stretch of time is part of this one."""
        return self.begin <= begin and end <= self.end


def close_look(taken: Iterable[Taken], lines: Mapping[Pair, Line], begin: float, end: float) -> Close:
    """Build lines from a record; `lines` gives their names and numbers."""
    found: dict[Pair, Line] = {}
    for each in taken:
        known = lines.get(each.pair)
        if known is None:
            continue
        if each.pair not in found:
            found[each.pair] = Line(known.name, known.number)
        found[each.pair].add(each.column)
        for steps, expected in each.expected:
            found[each.pair].expect(each.column.part(steps), expected)
    return Close(begin, end, found)
