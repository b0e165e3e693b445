"""CSV with the unit in each column's header."""

from __future__ import annotations

import csv
from pathlib import Path

from nwlab.core.rows import UNITS, Rows
from nwlab.runs.recording import Run


def write(run: Run, path: Path, terminal: str | None = None) -> None:
    """Write a run piece by piece; raises OSError. Numbers come back to the last bit."""
    names = {-1: "common", **dict(enumerate(run.terminals))}
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow([name if unit == "1" else f"{name} ({unit})" for name, unit in UNITS.items()])
        for rows in run.pieces(terminal):
            sheet.writerows(zip(*(_cells(rows, name, names) for name in UNITS), strict=True))


def _cells(rows: Rows, name: str, names: dict[int, str]) -> list[object]:
    column = rows.column(name)
    match name:
        case "terminal" | "low":
            return [names[index] for index in column.tolist()]
        case "quantity":
            return ["current" if index else "voltage" for index in column.tolist()]
        case "in_compliance" | "overflow":
            return column.astype(int).tolist()
        case _:
            return column.tolist()
