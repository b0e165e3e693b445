"""Recordings of one pair of terminals, which the file does not name: A is the source, B the ground."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nwlab.analysis.readers.text import Lines, ascending
from nwlab.analysis.recording import Recording
from nwlab.core.drive import FloatArray


def two_terminals(lines: Lines, time: FloatArray, voltage: FloatArray, current: FloatArray, kind: str) -> Recording:
    """Return columns of a text table, each (samples,), as a Recording; raises FileError naming the line."""
    ascending(lines, time)
    return paired(time, voltage, current, lines.path, kind, lines.fingerprint)


def paired(
    time: FloatArray, voltage: FloatArray, current: FloatArray, path: Path, kind: str, fingerprint: str
) -> Recording:
    """Return the same without looking at the times.

    A chip is passive: where currents are counted out of it, they are turned round.
    """
    nobody_says = np.zeros(time.size)
    current = -current if np.nansum(voltage * current) < 0 else current
    levels, currents = np.column_stack([voltage, nobody_says]), np.column_stack([current, -current])
    return Recording(("A", "B"), time, time, nobody_says, levels, currents, path, kind, fingerprint)
