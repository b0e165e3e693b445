"""Records that the stochastic law cannot be found from, and what to do about it."""

from __future__ import annotations

import numpy as np

from nwlab.analysis.fit import varies
from nwlab.analysis.identify import FitOptions
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.recording import Recording
from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.core.units import show

_CONSTANT = 1e-4
"""Of the conductance: what meters drift by themselves, within minutes."""


def check_held(recording: Recording, options: FitOptions) -> None:
    """Raise UsageError where the current was forced or limited."""
    pair = recording.pair(options.source, options.sink)
    forced = [name for name in pair if name in recording.forced]
    if forced:
        raise UsageError(
            f"{recording.path}: at {' and '.join(forced)} the current was forced, or at its limit, so that the chip "
            "set its own voltage; the stochastic law is found from held voltages: record a staircase of them within "
            "the compliance, or fit --law mean-field"
        )


def check_varies(steps: Steps) -> None:
    """Raise UsageError for a resistor: what its readings differ by is the meter's, not the law's."""
    if float(np.ptp(steps.reading)) <= _CONSTANT * float(np.abs(steps.reading).max()):
        held = show(float(steps.reading[0]), "S")
        raise UsageError(
            f"the conductance does not change: it stays at {held} within a part of {_CONSTANT:g}, as that of a "
            "resistor, so that the record says nothing of the law; hold voltages at which the chip changes"
        )


def check_spread(readings: FloatArray, voltage: float) -> None:
    """Raise UsageError for readings at one voltage that are all alike."""
    if not varies(readings):
        alike = f"all {readings.size} readings are {show(float(readings[0]), 'S')}"
        raise UsageError(
            f"at {show(voltage, 'V')} {alike}: the conductance does not change there, or by less than the meter "
            "resolves, so that its noise cannot be told; read it with a smaller range, leave that voltage out, or fit "
            "--law mean-field"
        )
