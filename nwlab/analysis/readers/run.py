"""Runs of nwlab as recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nwlab.analysis.chip_limits import needed
from nwlab.analysis.readers.joints import joints
from nwlab.analysis.recording import Recording
from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.errors import FileError
from nwlab.core.reading import Reading
from nwlab.core.record import DRY_RUN
from nwlab.runs.played import PlayedDrive
from nwlab.runs.recording import Run, load_run

_MOMENT = 0.01
"""Part of a drive for which a limit may act without much being made of it."""
_FORETOLD = "it is a dry run: a model foretold all of it, and nothing was measured"
Piece = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
"""Onset, time, aperture (samples,), voltage, current (samples, terminals)."""


def read_run(path: Path) -> Recording:
    """Read a run's folder; raises FileError when it holds no samples.

    A force's LO terminal, and what is grounded, counts as 0 V where nothing else is forced there. After a drive that
    did not hold its levels stands one sample without a current: the chip rests at 0 V. So it does where the record
    broke off and was continued.
    """
    run = load_run(path)
    played = [each for each in run.drives if each.samples and each.drive.forces]
    gaps = joints(run)
    rests = {(each.index, each.samples - 1): False for each in played if not each.drive.hold}
    rests |= {last: each.is_blind for each in gaps if (last := each.last_before(played))}
    pieces, begins = _joined(run, played, rests)
    if not pieces:
        raise FileError("holds no samples", path)
    onset, time, aperture, voltage, current = (np.concatenate(column) for column in zip(*pieces, strict=True))
    tied = {terminal for each in played for terminal in each.drive.ground}
    return Recording(
        run.terminals,
        onset,
        time,
        aperture,
        voltage,
        current,
        path,
        "run of nwlab",
        run.fingerprint,
        _named(run, _forced(run)),
        _named(run, tied),
        (*([_FORETOLD] if run.info.name.endswith(DRY_RUN) else []), *(each.note() for each in gaps if each.is_blind)),
        begins=begins,
        asked=needed(each.drive for each in played),
    )


def _joined(
    run: Run, played: Sequence[PlayedDrive], rests: Mapping[tuple[int, int], bool]
) -> tuple[list[Piece], tuple[int, ...]]:
    """Return what was played and the rests after some steps of drives, and before which samples nothing is known."""
    pieces: list[Piece] = []
    begins: list[int] = []
    for each in played:
        drive, reading, first = each.drive, each.reading, 0
        whole = _played(run, drive, reading)
        for last in sorted(step for index, step in rests if index == each.index):
            pieces += [_part(whole, slice(first, last + 1)), _rest(run, drive, reading, last)]
            first = last + 1
            if rests[each.index, last]:
                begins.append(sum(piece[0].size for piece in pieces))
        pieces.append(_part(whole, slice(first, None)))
    return pieces, tuple(begins)


def _part(piece: Piece, steps: slice) -> Piece:
    onset, time, aperture, voltage, current = piece
    return onset[steps], time[steps], aperture[steps], voltage[steps], current[steps]


def _named(run: Run, terminals: set[int]) -> tuple[str, ...]:
    return tuple(name for place, name in enumerate(run.terminals) if place in terminals)


def _forced(run: Run) -> set[int]:
    """The terminals at which currents are forced, or at their limit for more than a moment."""
    found: set[int] = set()
    for played in run.drives:
        for place, force in enumerate(played.drive.forces):
            if force.quantity is Quantity.CURRENT:
                acts = not force.is_voltmeter
            else:
                acts = np.count_nonzero(played.reading.in_compliance[:, place]) > _MOMENT * played.reading.steps
            if acts:
                found.add(force.terminal)
    return found


def _played(run: Run, drive: Drive, reading: Reading) -> Piece:
    start = reading.start - run.origin
    voltage, current = _nothing(reading.steps, run), _nothing(reading.steps, run)
    for place, force in enumerate(drive.forces):
        read, flow = _seen(force, reading, place)
        current[:, force.terminal] = flow
        hi, lo = force.sense or (force.terminal, force.low)
        voltage[:, hi] = read
        if lo is not None and lo not in [each.terminal for each in drive.forces]:
            voltage[:, lo] = 0.0
        if force.low is not None and force.low not in [each.terminal for each in drive.forces]:
            current[:, force.low] = -flow
    for terminal in drive.ground:
        voltage[:, terminal] = 0.0
    middle, aperture = reading.time.mean(axis=1), reading.aperture.max(axis=1)
    return start + reading.onset, start + middle, aperture, voltage, current


def _seen(force: Force, reading: Reading, place: int) -> tuple[FloatArray, FloatArray]:
    """Return voltage and current of a force, (samples,): an overflow hides only what was not forced.

    What was forced and not measured was what was asked for. The current of a voltmeter was not measured.
    """
    asked = force.levels[: reading.steps]
    read, flow = (
        np.where(reading.overflow[:, place], np.nan, each[:, place]) for each in (reading.voltage, reading.current)
    )
    if force.quantity is Quantity.VOLTAGE:
        read = np.where(np.isfinite(reading.voltage[:, place]), reading.voltage[:, place], asked)
    elif force.is_voltmeter:
        flow = np.full(reading.steps, np.nan)
    else:
        flow = np.where(np.isfinite(reading.current[:, place]), reading.current[:, place], asked)
    return read, flow


def _rest(run: Run, drive: Drive, reading: Reading, step: int) -> Piece:
    """One sample of the rest after a step: what was forced or grounded is at 0 V; what voltmeters see is not known."""
    dwell = float(drive.dwell[min(step, drive.steps - 1)])
    at = np.array([reading.start - run.origin + float(reading.onset[step]) + dwell])
    voltage = _nothing(1, run)
    for force in (each for each in drive.forces if not each.is_voltmeter):
        voltage[:, [force.terminal, *([] if force.low is None else [force.low])]] = 0.0
    voltage[:, list(drive.ground)] = 0.0
    return at, at, np.zeros(1), voltage, _nothing(1, run)


def _nothing(samples: int, run: Run) -> FloatArray:
    return np.full((samples, len(run.terminals)), np.nan)
