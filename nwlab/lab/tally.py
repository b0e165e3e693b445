"""What a careful person wants to know before a protocol meets a chip: the extremes at each terminal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import Drive, FloatArray
from nwlab.core.reading import Reading
from nwlab.runs.recording import Run


@dataclass(slots=True)
class Extremes:
    """The largest values seen at one terminal."""

    voltage: float = 0.0  # V
    current: float = 0.0  # A
    power: float = 0.0  # W
    charge: float = 0.0  # C, moved in either direction
    in_compliance: int = 0  # samples


def extremes(run: Run) -> dict[str, Extremes]:
    """Return the extremes of a run by terminal name."""
    found: dict[str, Extremes] = {}
    for played in run.drives:
        _add(found, run.terminals, played.drive, played.reading)
    return found


def _add(found: dict[str, Extremes], terminals: tuple[str, ...], drive: Drive, reading: Reading) -> None:
    dwell = drive.dwell[: reading.steps]
    for column, force in enumerate(drive.forces):
        seen = found.setdefault(terminals[force.terminal], Extremes())
        voltage, current = np.abs(reading.voltage[:, column]), np.abs(reading.current[:, column])
        seen.voltage = max(seen.voltage, _largest(voltage))
        seen.current = max(seen.current, _largest(current))
        seen.power = max(seen.power, _largest(voltage * current))
        seen.charge += float(np.nansum(current * dwell))
        seen.in_compliance += int(reading.in_compliance[:, column].sum())


def _largest(values: FloatArray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else 0.0
