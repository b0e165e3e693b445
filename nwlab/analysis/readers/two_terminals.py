"""Recordings of one pair of terminals, which the file does not name: A is the source, B the ground."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nwlab.analysis.readers.text import Lines, ascending
from nwlab.analysis.readers.unmeasured import measured, overflows
from nwlab.analysis.recording import Recording
from nwlab.core.drive import FloatArray
from nwlab.core.errors import FileError


def two_terminals(lines: Lines, time: FloatArray, voltage: FloatArray, current: FloatArray, kind: str) -> Recording:
    """Return columns of a text table, each (samples,), as a Recording; raises FileError naming the line."""
    ascending(lines, time)
    return paired(time, voltage, current, lines.path, kind, lines.fingerprint)


def paired(
    time: FloatArray, voltage: FloatArray, current: FloatArray, path: Path, kind: str, fingerprint: str
) -> Recording:
    """Return the same without looking at the times; raises FileError where no voltage was measured at all.

    A chip is passive: where currents are counted out of it, they are turned round. A sample without a voltage is left
    out: the level before it lasts on.
    """
    notes = overflows(voltage, current)
    voltage, current = measured(voltage), measured(current)
    kept = np.isfinite(voltage)
    if not kept.any():
        raise FileError("holds no voltage that was measured", path)
    if not kept.all():
        left = f"{int(np.sum(~kept))} of {kept.size}"
        notes += (f"samples without a voltage are left out, and the level before them lasts on: {left}",)
    time, voltage, current = time[kept], voltage[kept], current[kept]
    nobody_says = np.zeros(time.size)
    current = -current if np.nansum(voltage * current) < 0 else current
    levels, currents = np.column_stack([voltage, nobody_says]), np.column_stack([current, -current])
    return Recording(("A", "B"), time, time, nobody_says, levels, currents, path, kind, fingerprint, notes=notes)
