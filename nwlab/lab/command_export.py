"""`nwlab export`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from nwlab.runs.export import export
from nwlab.runs.recording import load_run

SUFFIXES = {"hdf5": ".h5", "netcdf": ".nc", "csv": ".csv"}


def main(options: argparse.Namespace) -> int:
    """Write a run for other programs and print where."""
    run = load_run(options.run)
    path = Path(options.to) if options.to else run.path / f"{run.path.name}{SUFFIXES[options.format or 'hdf5']}"
    if options.format and path.suffix.lower() not in {SUFFIXES[options.format], ".hdf5", ".nxs"}:
        path = path.with_name(path.name + SUFFIXES[options.format])
    written = export(run, path)
    print(json.dumps({"path": str(written), "samples": run.samples}) if options.json else written)
    return 0
