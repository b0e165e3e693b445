"""What a reading must be: Ohm and Kirchhoff, worked out apart from the code under test."""

from __future__ import annotations

import numpy as np
from machine.laboratory import LEAD, RESISTORS, TERMINALS

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.reading import Reading

_CONTACT = 1e-3  # Ohm of a closed connection, beside its lead
_STAMP = 5e-6  # s


def wrong_times(drive: Drive, onset: np.ndarray, first: int) -> str:
    """Say what is wrong with the times of steps `first` …; empty when nothing is."""
    due = (np.cumsum(drive.dwell) - drive.dwell)[first : first + onset.size]
    late = np.abs(onset - due)
    return f"steps {first} … began {onset}, due {due}" if onset.size and late.max() > _STAMP + 2e-3 * due.max() else ""


def wrong_values(drive: Drive, reading: Reading, first: int, *, ohmic: bool) -> str:
    """Say which values cannot be, and why; empty when all can."""
    for step in range(reading.steps):
        for column, force in enumerate(drive.forces):
            text = _of_source(force, reading, step, column, float(force.levels[first + step]))
            if text:
                return f"step {first + step}, force {column}: {text}"
        if ohmic and not reading.overflow[step].any():
            text = _of_chip(drive, reading, step)
            if text:
                return f"step {first + step}: {text}"
    return ""


def _errors(force: Force) -> tuple[float, float]:
    """± V and A that the instrument states at the most, on any range this force may be played on."""
    if force.quantity is Quantity.VOLTAGE:
        return 6e-3, 2e-3 * force.compliance
    return 6e-3, max(2e-3 * float(np.abs(force.levels).max()), 5e-8)


def _of_source(force: Force, reading: Reading, step: int, column: int, level: float) -> str:
    """A source that is not at its limit holds its level; one that is, its limit."""
    volts, amps = float(reading.voltage[step, column]), float(reading.current[step, column])
    if reading.overflow[step, column]:
        return "" if np.isnan(volts) or np.isnan(amps) else "a value beside an overflow"
    if not np.isfinite([volts, amps]).all():
        return f"{volts} V and {amps} A without a flag"
    is_voltage = force.quantity is Quantity.VOLTAGE
    own, other = (volts, amps) if is_voltage else (amps, volts)
    own_error, other_error = _errors(force) if is_voltage else _errors(force)[::-1]
    if abs(other) > force.compliance * 1.01 + other_error:
        return f"{other} {force.quantity.other.unit} beyond a compliance of {force.compliance}"
    if reading.in_compliance[step, column]:
        return ""
    return "" if abs(own - level) <= own_error + 2e-3 * abs(level) else f"{own} {force.quantity.unit} for {level}"


def _of_chip(drive: Drive, reading: Reading, step: int) -> str:
    """What was not set follows from what was, through the resistors and the leads."""
    table = [_row(force, reading, step, column) for column, force in enumerate(drive.forces)]
    set_values = np.array([own for _, own, _, _ in table])
    expected, gains = _solve(drive, [is_voltage for is_voltage, *_ in table], set_values)
    for column, (is_voltage, _, other, force) in enumerate(table):
        errors = np.array([_errors(each)[0 if voltage else 1] for voltage, _, _, each in table])
        relative = 3e-3 * np.abs(set_values)
        allowed = float(np.abs(gains[column]) @ (errors + relative)) + _errors(force)[1 if is_voltage else 0]
        if abs(other - expected[column]) > allowed + 3e-3 * abs(other):
            unit = "A" if is_voltage else "V"
            return f"force {column} reads {other} {unit}, Kirchhoff says {expected[column]} ± {allowed}"
    return ""


def _row(force: Force, reading: Reading, step: int, column: int) -> tuple[bool, float, float, Force]:
    """Whether a voltage is what is known of this force; it and the other value."""
    volts, amps = float(reading.voltage[step, column]), float(reading.current[step, column])
    is_voltage = (force.quantity is Quantity.VOLTAGE) != bool(reading.in_compliance[step, column])
    if force.sense is not None:
        is_voltage = False  # what is sensed elsewhere is not set here
    return (True, volts, amps, force) if is_voltage else (False, amps, volts, force)


def _solve(drive: Drive, voltages: list[bool], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what each force's other quantity is, and how it follows from each value: modified nodal analysis."""
    common = len(TERMINALS)
    count = common + 1 + 2 * len(drive.forces)
    size = count + len(drive.forces)
    matrix, sources, read = np.zeros((size, size)), np.zeros((size, len(voltages))), np.zeros((len(voltages), size))

    def join(one: int, two: int, ohm: float) -> None:
        for here, there in ((one, two), (two, one)):
            matrix[here, here] += 1 / ohm
            matrix[here, there] -= 1 / ohm

    for one, two, ohm in RESISTORS:
        join(one, two, ohm)
    lead = LEAD + _CONTACT
    for terminal in drive.ground:
        join(terminal, common, lead)
    for index, force in enumerate(drive.forces):
        hi, lo, row = common + 1 + 2 * index, common + 2 + 2 * index, count + index
        join(hi, force.terminal, lead)
        join(lo, common if force.low is None else force.low, lead)
        matrix[hi, row] -= 1
        matrix[lo, row] += 1
        high, low = force.sense or (hi, lo)
        if voltages[index]:
            matrix[row, hi], matrix[row, lo], sources[row, index] = 1, -1, 1
            read[index, row] = 1
        else:
            matrix[row, row], sources[row, index] = 1, 1
            read[index, high], read[index, low] = 1, -1
    # Whatever hangs on nothing is called 0 V; no difference that is read depends on it.
    gains = read @ np.linalg.pinv(matrix, rcond=1e-13) @ sources
    return gains @ values, gains
