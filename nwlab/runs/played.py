"""The drives of a run that was kept, and what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, overload

import numpy as np

from nwlab.core.drive import Drive
from nwlab.core.errors import DriveError, FileError, StorageError
from nwlab.core.frames import DamageError, Kind, decode_drive, decode_reading, read_frame
from nwlab.core.reading import Reading, join
from nwlab.core.record import BLOCKS, JOURNAL, decode_line, rebuild_drive
from nwlab.runs.index import Index


def open_part(path: Path) -> BinaryIO:
    """Open a file of a run; raises FileError."""
    try:
        return path.open("rb")
    except OSError as error:
        raise FileError(f"cannot be read: {error.strerror}", path) from error


@dataclass(frozen=True, slots=True)
class PlayedDrive:
    """One drive of a run and what came back."""

    folder: Path
    index: int
    label: str  # the step that made it
    steps: int  # how many were asked; `samples` came back
    samples: int
    finished: bool  # whether all samples arrived
    line: Mapping[str, Any]  # of the journal
    places: Index = field(repr=False)

    @property
    def drive(self) -> Drive:
        """The drive as it was played; raises StorageError when its line in the journal makes none."""
        with open_part(self.folder / BLOCKS) as file:
            return self.read_drive(file)

    def read_drive(self, file: BinaryIO) -> Drive:
        """Return the same from the open `blocks.bin`."""
        line = self.line
        payload = _payload(file, line["offset"], line["length"], Kind.DRIVE, line["frame"])
        try:
            return rebuild_drive(line, *decode_drive(payload))
        except (KeyError, TypeError, ValueError, IndexError, DriveError) as error:
            raise StorageError(f"{self.folder}: drive {self.index} is none that could have been played") from error

    @property
    def reading(self) -> Reading:
        """All blocks joined; without a single one, a reading of no steps that starts at NaN."""
        with open_part(self.folder / BLOCKS) as file:
            blocks = list(self.read_blocks(file))
        return join(blocks) if blocks else _nothing(len(self.line["forces"]))

    def read_blocks(self, file: BinaryIO) -> Iterator[Reading]:
        """Yield the blocks as they arrived, from the open `blocks.bin`."""
        places = self.places
        for block in places.blocks_of(self.index):
            place = places.offset[block], places.length[block]
            yield decode_reading(_payload(file, *place, Kind.READING, places.frame[block]))


def _payload(file: BinaryIO, offset: int, length: int, kind: Kind, number: int) -> bytes:
    """Frames were whole when the run was opened; one that no longer is raises StorageError."""
    try:
        return read_frame(file, offset, length, kind, number)
    except DamageError as error:
        raise StorageError(f"{file.name} was altered after the run was opened: {error}; open it again") from error


def _nothing(forces: int) -> Reading:
    empty, flags = np.zeros((0, forces)), np.zeros((0, forces), np.bool_)
    return Reading(float("nan"), np.zeros(0), empty, empty, empty, empty, flags, flags)


class Drives(Sequence[PlayedDrive]):
    """The drives of a run, in order; each is looked up when asked for."""

    def __init__(self, folder: Path, index: Index) -> None:
        self._folder, self._index = folder, index

    def __len__(self) -> int:
        return len(self._index.lines)

    @overload
    def __getitem__(self, index: int) -> PlayedDrive: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PlayedDrive]: ...
    def __getitem__(self, index: int | slice) -> PlayedDrive | Sequence[PlayedDrive]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        with open_part(self._folder / JOURNAL) as journal:
            return self._read(journal, place)

    def __iter__(self) -> Iterator[PlayedDrive]:
        """Yield all, the journal opened once: there may be a hundred thousand."""
        if not len(self):
            return
        with open_part(self._folder / JOURNAL) as journal:
            for place in range(len(self)):
                yield self._read(journal, place)

    def _read(self, journal: BinaryIO, place: int) -> PlayedDrive:
        journal.seek(self._index.lines[place])
        line = decode_line(journal.readline())
        samples, finished = self._index.samples[place], bool(self._index.finished[place])
        return PlayedDrive(self._folder, place, line["label"], line["steps"], samples, finished, line, self._index)
