"""What the folder of a sweep tells a person who looks at it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nwlab.core import lock
from nwlab.core.errors import FileError
from nwlab.core.frames import DamageError
from nwlab.core.record import decode_line
from nwlab.lab.sweep.book import MANIFEST, POINTS, TABLE
from nwlab.runs.recording import read_manifest


def is_sweep(folder: Path) -> bool:
    """Whether a folder is that of a sweep."""
    return (folder / MANIFEST).is_file()


def facts(folder: Path) -> dict[str, Any]:
    """Return how far a sweep is and where its table is, as `--json` says it; raises FileError when it is unreadable."""
    manifest = read_manifest(folder / MANIFEST)
    if not manifest:
        raise FileError(
            f"cannot be read; what there is of the sweep's points stands beside it in {POINTS}", folder / MANIFEST
        )
    table, asked = folder / TABLE, manifest.get("asked", {})
    return {
        "sweep": str(folder),
        "protocol": asked.get("protocol", {}).get("path"),
        "bench": (asked.get("bench") or {}).get("path"),
        "started": manifest.get("started"),
        "status": _status(folder, manifest),
        "points": manifest.get("points"),
        "kept": _kept(folder / POINTS),
        "table": str(table) if table.is_file() else None,
    }


def lines(facts: Mapping[str, Any]) -> list[str]:
    """Tell them to a person."""
    return [
        f"sweep:       {facts['sweep']}",
        f"protocol:    {facts['protocol']}",
        f"bench:       {facts['bench'] or 'none: the models of its chips'}",
        f"started:     {facts['started']}",
        f"status:      {facts['status']}",
        f"points:      {facts['kept']} of {facts['points']}",
        f"table:       {facts['table'] or 'none yet: it is made when the sweep ends; the same command goes on'}",
    ]


def _status(folder: Path, manifest: Mapping[str, Any]) -> str:
    """ "running" while a living program plays its points; what was killed is interrupted, whatever it last wrote."""
    if lock.is_held(folder / POINTS):
        return "running"
    return "finished" if manifest.get("status") == "finished" else "interrupted"


def _kept(points: Path) -> int:
    """Count the points; a line that is torn or damaged is none, and a point that failed may have several."""
    found: set[object] = set()
    with contextlib.suppress(FileNotFoundError), points.open("rb") as file:
        for line in file:
            with contextlib.suppress(DamageError, KeyError, TypeError):
                found.add(decode_line(line)["point"])
    return len(found)
