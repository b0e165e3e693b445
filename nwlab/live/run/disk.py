"""Whether the disk has room for the rest of a run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from nwlab.core.record import BLOCKS, JOURNAL
from nwlab.live.scene.scene import Progress

_SPARE = 1e6  # bytes that the end of a record may take
_LITTLE = 100e6  # bytes that are little for a run of unknown length


@dataclass(frozen=True, slots=True)
class Disk:
    """Room where a run is kept, in bytes."""

    free: float
    needed: float | None  # by the rest of the run; None where nobody knows its length

    @property
    def is_short(self) -> bool:
        """Whether the rest of the run may not find room."""
        return self.free < (_LITTLE if self.needed is None else self.needed + _SPARE)


def look_at(folder: Path, progress: Progress) -> Disk:
    """Return the room for a run, judging from what its samples took so far; raises OSError."""
    free = float(shutil.disk_usage(folder).free)
    if progress.steps is None or not progress.samples:
        return Disk(free, None)
    taken = sum((folder / name).stat().st_size for name in (JOURNAL, BLOCKS))
    return Disk(free, max(0, progress.steps - progress.samples) * taken / progress.samples)
