"""How far a fitted chip may be driven: its recordings say what it has borne, and runs what it was asked to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from nwlab.analysis.recording import Recording, Trace
from nwlab.core import reach
from nwlab.core.drive import Drive, Quantity
from nwlab.core.limits import Limits

_MARGIN = 1.5
"""Of what was measured: what a chip may be asked to that has borne so much."""


def chip_limits(recordings: Sequence[Recording], traces: Sequence[Trace]) -> dict[str, str]:
    """Return `[limits]` of a chip file: the usual ones, or more where more was measured or asked for.

    A chip does not refuse what it was fitted to; traces are those of the recordings, with a current somewhere.
    """
    asked = [recording.asked for recording in recordings]
    voltage = _MARGIN * max(float(np.nanmax(np.abs(trace.voltage))) for trace in traces)
    current = _MARGIN * max(float(np.nanmax(np.abs(trace.current))) for trace in traces)
    usual = Limits()
    return {
        "voltage": f"{max(usual.voltage, _rounded(voltage), *(each.voltage for each in asked))!r} V",
        "current": f"{max(usual.current, _rounded(current), *(each.current for each in asked))!r} A",
    }


def needed(drives: Iterable[Drive]) -> Limits:
    """Return the limits that a chip must have at least to be played these drives."""
    voltage, current = [0.0], [0.0]
    for drive in drives:
        voltage.append(float(reach.span(drive).max()))
        current += reach.inflow(drive).values()
        for force in drive.forces:
            level = float(np.abs(force.levels).max())
            is_voltage = force.quantity is Quantity.VOLTAGE
            voltage.append(level if is_voltage else force.compliance)
            current.append(force.compliance if is_voltage else level)
    return Limits(max(voltage), max(current))


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")
