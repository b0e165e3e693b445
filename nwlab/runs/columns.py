"""What exports say about each column, in the words of the CF conventions."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from nwlab.core.rows import UNITS, Rows
from nwlab.runs.recording import Run

LONG_NAMES = {
    "drive": "index of the drive",
    "step": "index of the step in its drive",
    "terminal": "terminal at HI",
    "low": "terminal at LO",
    "quantity": "forced quantity",
    "start": "time at which the level began, since the start of the first drive",
    "time": "time at the middle of the integration, since the start of the first drive",
    "aperture": "integration time",
    "level": "forced level",
    "voltage": "measured voltage",
    "current": "measured current, positive into the chip",
    "conductance": "current / voltage",
    "in_compliance": "whether the source's limit acted",
    "overflow": "whether the measured value was beyond its range",
}


def attributes(name: str, run: Run) -> dict[str, object]:
    """Return unit, meaning and, for coded columns, codes of a column."""
    said: dict[str, object] = {"units": UNITS[name], "long_name": LONG_NAMES[name]}
    words = [re.sub(r"\s+", "_", terminal) for terminal in run.terminals]
    coded = {"terminal": (0, words), "low": (-1, ["common", *words]), "quantity": (0, ["voltage", "current"])}
    if name in coded:
        first, meanings = coded[name]
        said["flag_values"] = np.arange(first, first + len(meanings), dtype=np.int16)
        said["flag_meanings"] = " ".join(meanings)
    return said


def storable(rows: Rows, name: str) -> NDArray[np.generic]:
    """Return a column as formats without truth values and 64-bit integers take it."""
    column = rows.column(name)
    if column.dtype == np.bool_:
        return column.astype(np.int8)
    return column.astype(np.int32) if column.dtype == np.int64 else column


def count(run: Run, terminal: str | None) -> int:
    """Return how many rows an export has."""
    return len(run) if terminal is None else sum(len(piece) for piece in run.pieces(terminal))
