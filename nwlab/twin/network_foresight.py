"""What a drive would give on a chip of many terminals, from what its twin knows; neither of them is touched for it.

A copy of the twin follows readings that nobody has taken. When the drive would begin is a guess, as for one film.

Where sources would pass their limits, the drive is followed once more with one of these turned round, that which is
farthest beyond: what limits it is then held by it, and what it held follows. Where another one still passes its limit,
that is turned round, too. In steps in which its limit does not act, such a source is held at what it gives anyhow.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nwlab.core.chip import check
from nwlab.core.drive import BoolArray, Drive, FloatArray, Force, Quantity
from nwlab.core.errors import DriveError
from nwlab.core.expect import Expectation
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading
from nwlab.twin.foresight import Pace
from nwlab.twin.meters import PART
from nwlab.twin.passing import Foretold, NetworkTwin, samples_of
from nwlab.twin.standing import is_taken_up

_EVEN = 1e-9
"""Of a limit: what rounding may be beyond it."""
_LEAST = 1e-12
"""V or A; a limit is more than nothing."""


def foresee(
    twin: NetworkTwin[Any], terminals: tuple[str, ...], pace: Pace, left: Drive | None, drive: Drive
) -> Expectation:
    """Return what a drive would give now, after the one that was played last, `left`.

    A source at its limit reads as that limit, and nothing is said of how sure that is. Raises DriveError for terminals
    that the chip does not have, and for voltage sources that form a ring or a circuit that the twin cannot solve.
    """
    check(drive, Limits(np.inf, np.inf), terminals)
    copy = deepcopy(twin)
    if not is_taken_up(left, drive):
        copy.release()
    blank = _unread(drive, pace.next)
    found = _followed(copy, drive, blank)
    _see_that_told(drive, found.mean)
    seen = _Seen(*_forced(drive), found.mean.copy(), np.hypot(found.sd, PART * found.mean), found.mean.copy())
    limit = np.array([force.compliance for force in drive.forces])
    acts: BoolArray = np.zeros(found.mean.shape, dtype=np.bool_)
    for _ in drive.forces:
        worst = _worst(drive, np.where(acts, 0.0, np.abs(seen.told) / limit))
        if not worst.any():
            break
        acts |= worst
        seen.held = np.where(worst, np.clip(seen.told, -limit, limit), seen.held)
        changed = worst.any(axis=1)
        for pattern in np.unique(acts[changed], axis=0):
            _turn(copy, drive, blank, pattern, changed & (acts == pattern).all(axis=1), seen)
    # Where one limit acts, others may carry just theirs.
    acts |= acts.any(axis=1, keepdims=True) & (np.abs(seen.told) > (1.0 - _EVEN) * limit)
    return _expectation(blank, seen, acts)


@dataclass(slots=True, eq=False)
class _Seen:
    """What sources force and what is told of them, (steps, forces) each; changed in place."""

    is_voltage: BoolArray  # (forces,) what each forces
    forced: FloatArray  # V or A
    told: FloatArray  # A or V
    sd: FloatArray  # of what is told
    held: FloatArray  # A or V, what each holds where it is turned round


def _worst(drive: Drive, beyond: FloatArray) -> BoolArray:
    """Return in each step the force that is farthest beyond its limit, (steps, forces); `beyond` is in parts of that.

    A voltmeter counts only where nothing else is beyond: it is there because something else is.
    """
    is_meter = np.array([force.is_voltmeter for force in drive.forces], dtype=np.bool_)
    over = beyond > 1.0 + _EVEN
    over &= ~(is_meter & (over & ~is_meter).any(axis=1, keepdims=True))
    first = np.argmax(np.where(over, beyond, 0.0), axis=1) if drive.forces else np.zeros(len(over), np.intp)
    return over & (np.arange(over.shape[1]) == first[:, np.newaxis])


def _turned(force: Force, held: FloatArray) -> Force:
    """Return a source that holds what limits it, (steps,), and is limited by what it held."""
    most = max(float(np.abs(force.levels).max()), _LEAST)
    return replace(force, quantity=force.quantity.other, levels=held, compliance=most, range=None)


def _turn(
    twin: NetworkTwin[Any], drive: Drive, blank: Reading, pattern: BoolArray, rows: BoolArray, seen: _Seen
) -> None:
    """Put what sources (forces,) at their limits make of some steps (steps,) into what is seen.

    Where no circuit follows, nothing is known.
    """
    forces = (_turned(force, seen.held[:, k]) if pattern[k] else force for k, force in enumerate(drive.forces))
    try:
        found = _followed(twin, replace(drive, forces=tuple(forces)), blank)
    except DriveError:
        found = Foretold(*np.full((5, *seen.told.shape), np.nan))
    told = np.where(pattern, seen.held, found.mean)
    seen.told[rows] = np.where(np.isnan(found.mean).any(axis=1, keepdims=True), np.nan, told)[rows]
    seen.forced[rows] = np.where(pattern, found.mean, _forced(drive)[1])[rows]
    seen.sd[rows] = np.where(pattern, np.nan, np.hypot(found.sd, PART * found.mean))[rows]


def _followed(twin: NetworkTwin[Any], drive: Drive, blank: Reading) -> Foretold:
    """Return what a copy of a twin foretells of a drive; raises DriveError."""
    copy = deepcopy(twin)
    rig = copy.rig(drive)
    if rig is None:
        raise DriveError("voltage sources form a ring, so that no reading follows from what they hold")
    try:
        return copy.follow(rig, samples_of(drive, 0, blank, twin.meters))
    except np.linalg.LinAlgError as error:
        raise DriveError(f"the twin's equations have no solution for it ({error})") from error


def _see_that_told(drive: Drive, mean: FloatArray) -> None:
    """Refuse a current that has no way back; raises DriveError. A voltmeter on what floats reads nothing: `mean`
    (steps, forces) is NaN there."""
    for index in np.flatnonzero(~np.isfinite(mean).all(axis=0)).tolist():
        if np.any(drive.forces[index].levels):
            raise DriveError(
                f"the current of force {index + 1} of {len(drive.forces)} has no way back: ground a terminal, or hold "
                "one at a voltage"
            )


def _unread(drive: Drive, start: float) -> Reading:
    """Return readings that are due in the rest of each dwell, none of which was taken."""
    shape = drive.steps, len(drive.forces)
    onset = np.cumsum(drive.dwell) - drive.dwell
    delay = np.zeros(drive.steps) if drive.read_delay is None else drive.read_delay
    middle, aperture = onset + 0.5 * (delay + drive.dwell), drive.dwell - delay
    time, over = (np.repeat(each[:, np.newaxis], shape[1], axis=1) for each in (middle, aperture))
    nothing, no = np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
    return Reading(start, onset, time, over, nothing, nothing, no, no)


def _forced(drive: Drive) -> tuple[BoolArray, FloatArray]:
    """Return which sources force voltages, (forces,), and what all force, (steps, forces) V or A."""
    is_voltage = np.array([force.quantity is Quantity.VOLTAGE for force in drive.forces], dtype=np.bool_)
    levels = [force.levels for force in drive.forces]
    return is_voltage, np.stack(levels, axis=1) if levels else np.zeros((drive.steps, 0))


def _expectation(blank: Reading, seen: _Seen, acts: BoolArray) -> Expectation:
    """Turn what is seen into a reading; `acts` (steps, forces) says where limits act."""
    reading = replace(
        blank,
        voltage=np.where(seen.is_voltage, seen.forced, seen.told),
        current=np.where(seen.is_voltage, seen.told, seen.forced),
        in_compliance=acts,
    )
    values = {name: getattr(reading, name) for name in Reading.__dataclass_fields__}
    return Expectation(**values, sd=np.where(acts, np.nan, seen.sd))
