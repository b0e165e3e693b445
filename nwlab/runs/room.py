"""Room for a record, before the run and when it has run out."""

from __future__ import annotations

import shutil
from pathlib import Path

from nwlab.core.errors import StorageError
from nwlab.core.events import RunStarted
from nwlab.core.units import show

_SPARE = 1e6  # bytes that must be free beside what is expected
_PER_STEP, _PER_VALUE = 24, 42  # bytes of arrays: per step, and per step and force
_PER_BLOCK = 280  # bytes of a journal line and the frame it speaks of
_PER_DRIVE, _PER_FORCE = 500, 200  # bytes of a drive's lines and frame, without its arrays
_OFTEN = 0.25  # s between two blocks of a drive that goes on; instruments are asked no more often


def record_size(started: RunStarted) -> float:
    """Return the bytes that the record of a run will have, journal included: rather too many than too few.

    What nobody knows counts as little as it can, but a block for each step where the duration is not known.
    """
    steps, drives = started.steps or 0, started.drives or 1
    values = started.values or steps
    blocks = steps if started.duration is None else min(steps, started.duration / _OFTEN + 2 * drives)
    forces = values / steps if steps else 1.0
    arrays = steps * _PER_STEP + values * _PER_VALUE
    return arrays + blocks * _PER_BLOCK + drives * (_PER_DRIVE + forces * _PER_FORCE)


def check_room(folder: Path, expected: float) -> None:
    """See that `expected` bytes fit where `folder` is; raises StorageError when not, OSError when nobody can tell."""
    free, needed = shutil.disk_usage(folder).free, expected + _SPARE
    if free < needed:
        raise StorageError(
            f"{folder}: {_bytes(free)} are free, but this run needs about {_bytes(needed)}; "
            "make room or choose another folder with --out"
        )


def cannot_write(folder: Path, error: OSError, samples: int = 0, drives: int = 0) -> StorageError:
    """Return what to tell when a record cannot be written any more, with what is kept of it."""
    try:
        free = f"{_bytes(shutil.disk_usage(folder).free)} are free there"
    except OSError:
        free = "the folder cannot be reached any more"
    return StorageError(
        f"the record cannot be written: {error.strerror or error}; {samples} samples of {drives} drives "
        f"are kept in {folder}; {free}"
    )


def _bytes(count: float) -> str:
    return show(float(count), "B", 3)
