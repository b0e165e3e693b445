"""Room for a record, before the run and when it has run out."""

from __future__ import annotations

import shutil
from pathlib import Path

from nwlab.core.errors import StorageError
from nwlab.core.units import show

_SPARE = 1e6  # bytes that must be free beside what is expected


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
