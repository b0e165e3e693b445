"""HDF5 in the NeXus way (NXentry with NXdata); its data group opens in xarray.

Rules: NeXus, class definition NXdata (attributes `signal`, `axes`, `AXISNAME_indices`) and NXentry.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nwlab.core.errors import UsageError
from nwlab.core.rows import UNITS
from nwlab.runs.columns import attributes, count, storable
from nwlab.runs.recording import CHUNK, COORDINATES, Run


def write(run: Run, path: Path, terminal: str | None = None) -> None:
    """Write a run piece by piece; raises OSError, or UsageError without h5py."""
    try:
        import h5py
    except ImportError as error:
        raise UsageError(
            'HDF5 needs h5py, which is not installed; install it with: pip install "nwlab[hdf5]"'
        ) from error
    with h5py.File(path, "w") as file:
        file.attrs.update({"NX_class": "NXroot", "default": "entry", "creator": "nwlab"})
        entry = _group(file, "entry", "NXentry")
        entry.attrs["default"] = "data"
        _describe(entry, run)
        _configure(_group(entry, "configuration", "NXcollection"), run)
        _fill(_group(entry, "data", "NXdata"), run, terminal)


def _group(parent: Any, name: str, kind: str) -> Any:
    group = parent.create_group(name)
    group.attrs["NX_class"] = kind
    return group


def _describe(entry: Any, run: Run) -> None:
    entry["title"] = run.info.name
    entry["entry_identifier"] = run.path.name
    entry["program_name"] = "nwlab"
    entry["program_name"].attrs["version"] = run.info.versions.get("nwlab", "unknown")
    for name, moment in (("start_time", run.started), ("end_time", run.ended)):
        if moment is not None:
            entry[name] = moment.isoformat()
    _group(entry, "sample", "NXsample")["name"] = run.info.chip
    instrument = _group(entry, "instrument", "NXinstrument")
    instrument["name"] = run.info.bench
    for name, identity in run.info.identities.items():
        _group(instrument, name, "NXcollection")["identity"] = identity


def _configure(group: Any, run: Run) -> None:
    group["status"] = run.status
    group["reason"] = run.reason
    group["terminals"] = list(run.terminals)
    group["parameters"] = json.dumps(run.info.parameters, ensure_ascii=False)
    group["versions"] = json.dumps(run.info.versions, ensure_ascii=False)
    group["notes"] = json.dumps(run.notes, ensure_ascii=False)
    if run.info.seed is not None:
        group["seed"] = run.info.seed
    for name, document in run.info.documents.items():
        group[name] = document.text
        group[name].attrs["path"] = document.path


def _fill(group: Any, run: Run, terminal: str | None) -> None:
    rows = count(run, terminal)
    chunk = (min(CHUNK, max(rows, 1)),)
    first = 0
    for piece in run.pieces(terminal):
        for name in UNITS:
            column = storable(piece, name)
            if name not in group:
                group.create_dataset(name, (rows,), column.dtype, chunks=chunk, compression=1, shuffle=True)
            group[name][first : first + len(piece)] = column
        first += len(piece)
    if first:
        _relate(group, run)


def _relate(group: Any, run: Run) -> None:
    """Say which column is plotted over which: `time` is the one axis, the other coordinates go along with it."""
    group.attrs.update({"signal": "conductance", "axes": ["time"], "auxiliary_signals": ["current", "voltage"]})
    group["time"].make_scale("time")
    for name in UNITS:
        group[name].attrs.update(attributes(name, run))
        if name in COORDINATES:
            group.attrs[f"{name}_indices"] = 0
        else:
            group[name].attrs["coordinates"] = " ".join(COORDINATES[1:])
        if name != "time":
            group[name].dims[0].attach_scale(group["time"])
