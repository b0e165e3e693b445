"""How far readings, and what is held while they are taken, can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nwlab.core.drive import BoolArray, Drive, FloatArray, Force, Quantity
from nwlab.core.reading import Reading

PART = 2e-5
"""Of a value: what a good meter's calibration leaves."""
FLOOR = 2e-5
"""Of a range: offset that calibration leaves."""
_NOISE = ((2e-5, 2e-3), (2e-4, 2.3e-4), (2e-3, 3.3e-5), (2e-2, 1.1e-6), (0.5, 3.5e-7))
"""Aperture in s, and standard deviation of a reading over its range, last digit included (Keithley SPEC-2636B)."""
_APERTURE, _PART = np.log(_NOISE).T
_EVEN = 1e-9  # decades that rounding may make of none
_LEAST = 1e-12  # A or V: no range ends at less
_TINY = 1e-36  # A² or V²: no reading is exact


@dataclass(frozen=True, slots=True)
class Meters:
    """Standard deviations of readings.

    `noise` in A is that of every current, as a fit found it; None takes what data sheets say of its range, as for
    voltages. A range that a drive does not name holds the compliance; that of a source its highest level.
    `return_lead` in Ohm lies between common and a source whose LO is there: its voltage is read with that.
    """

    noise: float | None = None
    return_lead: float = 0.0

    def variance(self, drive: Drive, reading: FloatArray, aperture: FloatArray) -> FloatArray:
        """Return the variance of readings (steps, forces) in A² or V², integrated for `aperture` s; NaN counts as 0."""
        white = (noise_part(aperture) * self._spans(drive)) ** 2
        variance = white + self.lasting(drive, reading)
        if self.noise is not None:
            variance[:, self._are_currents(drive)] = self.noise**2
        return variance + _TINY

    def lasting(self, drive: Drive, reading: FloatArray) -> FloatArray:
        """Return the part of it that is the same in one reading after the other: errors of calibration."""
        found = (PART * np.nan_to_num(reading)) ** 2 + (FLOOR * self._spans(drive)) ** 2
        if self.noise is not None:
            found[:, self._are_currents(drive)] = 0.0
        return found

    def _spans(self, drive: Drive) -> FloatArray:
        return np.array([range_of(each.quantity.other, _most(each)) for each in drive.forces])

    def _are_currents(self, drive: Drive) -> BoolArray:
        return np.array([force.quantity is Quantity.VOLTAGE for force in drive.forces], dtype=np.bool_)


def noise_part(aperture: FloatArray) -> FloatArray:
    """Return which part of its range a reading over `aperture` s fluctuates by, of any shape; 0 where nobody says."""
    some = np.log(np.where(aperture > 0.0, aperture, 1.0))
    return np.where(aperture > 0.0, np.exp(np.interp(some, _APERTURE, _PART)), 0.0)


def range_of(quantity: Quantity, most: float) -> float:
    """Return the end of the range that holds so much, A or V: SMUs have decades, and for voltages twice as much."""
    unit = 2.0 if quantity is Quantity.VOLTAGE else 1.0
    return unit * 10.0 ** float(np.ceil(np.log10(max(most, _LEAST) / unit) - _EVEN))


def _most(force: Force) -> float:
    return force.compliance if force.range is None else abs(force.range)


def before_common(drive: Drive, reading: Reading, lead: float) -> Reading:
    """Return a reading whose voltages are those against common itself, `lead` in Ohm before each LO that is there.

    A voltage that is sensed elsewhere is read without it.
    """
    if not lead or not drive.forces:
        return reading
    is_passed = [force.low is None and force.sense is None for force in drive.forces]
    passes = np.where(is_passed, lead, 0.0)
    return replace(reading, voltage=reading.voltage - passes * np.nan_to_num(reading.current))


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
    part = noise_part(reading.aperture)
    for place, force in enumerate(drive.forces):
        asked = force.levels[first : first + steps]
        found = reading.voltage[:, place] if force.quantity is Quantity.VOLTAGE else reading.current[:, place]
        value = asked if force.is_voltmeter else np.where(np.isfinite(found), found, asked)
        span = range_of(force.quantity, float(np.abs(force.levels).max()))
        values[:, place] = value
        doubt = (PART * value) ** 2 + (FLOOR**2 + part[:, place] ** 2) * span**2
        variance[:, place] = np.where(value == asked, 0.0, doubt)
    return values, variance
