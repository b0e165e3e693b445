"""NetCDF (classic format, 64-bit offsets), which needs no package beyond nwlab's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nwlab.core.rows import UNITS
from nwlab.runs.columns import attributes, count, storable
from nwlab.runs.recording import COORDINATES, Run


def write(run: Run, path: Path, terminal: str | None = None) -> None:
    """Write a run; the table is held in memory, unlike with HDF5. Raises OSError."""
    from scipy.io import netcdf_file

    with netcdf_file(str(path), "w", version=2) as file:
        _describe(file, run)
        file.createDimension("time", count(run, terminal))
        first = 0
        for piece in run.pieces(terminal):
            for name in UNITS:
                column = storable(piece, name)
                if name not in file.variables:
                    file.createVariable(name, column.dtype, ("time",))
                file.variables[name][first : first + len(piece)] = column
            first += len(piece)
        for name, variable in file.variables.items():
            _say(variable, attributes(name, run))
            if name not in COORDINATES:
                variable.coordinates = " ".join(COORDINATES[1:])


def _describe(file: Any, run: Run) -> None:
    said = {
        "Conventions": "CF-1.8",
        "title": run.info.name,
        "identifier": run.path.name,
        "status": run.status,
        "program": f"nwlab {run.info.versions.get('nwlab', 'unknown')}",
        "start_time": "" if run.started is None else run.started.isoformat(),
        "terminals": " ".join(run.terminals),
        "bench": run.info.bench,
        "chip": run.info.chip,
        "parameters": json.dumps(run.info.parameters, ensure_ascii=False),
        **{f"{name}_file": document.text for name, document in run.info.documents.items()},
    }
    _say(file, said)


def _say(owner: Any, attributes: Mapping[str, object]) -> None:
    """Attributes of the classic format are bytes or numbers, and may not be empty."""
    for name, value in attributes.items():
        if isinstance(value, str):
            setattr(owner, name, (value or "-").encode())
        else:
            setattr(owner, name, value)
