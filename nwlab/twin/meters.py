"""How far readings, and what is held while they are taken, can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Quantity
from nwlab.core.reading import Reading

PART = 2e-5
"""Of a value: what a good meter's calibration leaves."""
FLOOR = 2e-5
"""Of a range: offset that calibration leaves, beside which the noise of a line cycle or longer is small."""
_TINY = 1e-36  # A² or V²: no reading is exact


@dataclass(frozen=True, slots=True)
class Meters:
    """Standard deviations of readings.

    `noise` in A is that of every current, as a fit found it; None takes `PART` of each and `FLOOR` of its range, as
    for voltages. A range that a drive does not name is the compliance; that of a source its highest level.
    """

    noise: float | None = None

    def variance(self, drive: Drive, reading: FloatArray) -> FloatArray:
        """Return the variance of readings (steps, forces) in A² or V²; NaN counts as 0."""
        known = np.nan_to_num(reading)
        spans = np.array([force.compliance if force.range is None else force.range for force in drive.forces])
        variance = (PART * known) ** 2 + (FLOOR * spans) ** 2
        if self.noise is not None:
            is_current = np.array([force.quantity is Quantity.VOLTAGE for force in drive.forces], dtype=np.bool_)
            variance[:, is_current] = self.noise**2
        return variance + _TINY


def read(drive: Drive, reading: Reading) -> FloatArray:
    """Return what was not forced, (steps, forces) A or V; NaN in overflow, and where a limit acted."""
    columns = [
        reading.current[:, place] if force.quantity is Quantity.VOLTAGE else reading.voltage[:, place]
        for place, force in enumerate(drive.forces)
    ]
    values = np.stack(columns, axis=1) if columns else np.zeros((reading.steps, 0))
    return np.where(reading.overflow | reading.in_compliance, np.nan, values)


def held(drive: Drive, first: int, reading: Reading) -> tuple[FloatArray, FloatArray]:
    """Return what every source really held, forces then grounds, (steps, sources) V or A, and its variance.

    That is what was read of it; what was not read counts as asked for, and so does the current of a voltmeter. A value
    that is to the last bit the one asked for was not measured, and is exact.
    """
    steps, sources = reading.steps, len(drive.forces) + len(drive.ground)
    values, variance = np.zeros((steps, sources)), np.zeros((steps, sources))
    for place, force in enumerate(drive.forces):
        asked = force.levels[first : first + steps]
        found = reading.voltage[:, place] if force.quantity is Quantity.VOLTAGE else reading.current[:, place]
        value = asked if force.is_voltmeter else np.where(np.isfinite(found), found, asked)
        span = float(np.abs(force.levels).max())
        values[:, place] = value
        variance[:, place] = np.where(value == asked, 0.0, (PART * value) ** 2 + (FLOOR * span) ** 2)
    return values, variance
