"""Exports of a run for other programs: HDF5, NetCDF, CSV."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from pathlib import Path

from nwlab.core.errors import StorageError, UsageError
from nwlab.runs.recording import Run

_FORMATS = {
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".nxs": "hdf5",
    ".nc": "netcdf",
    ".csv": "csv",
}
SUFFIXES = tuple(_FORMATS)
"""Endings of the files that `export` writes."""


def export(run: Run, path: str | Path, terminal: str | None = None) -> Path:
    """Write a run, or the samples forced at one terminal, as the ending of `path` says; an old file is replaced whole.

    Raises UsageError for an unknown ending or a package that is missing, StorageError when it cannot be written.
    """
    path = Path(path)
    known = _FORMATS.get(path.suffix.lower())
    if known is None:
        raise UsageError(f"{path.name}: runs are exported to files that end in {', '.join(SUFFIXES)}")
    writer: Callable[[Run, Path, str | None], None] = importlib.import_module(f"nwlab.runs.export_{known}").write
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer(run, temporary, terminal)
        temporary.replace(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}; the run itself is whole") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return path
