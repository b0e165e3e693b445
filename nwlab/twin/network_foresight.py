"""What a drive would give on a chip of many terminals, from what its twin knows; neither of them is touched for it.

A copy of the twin follows readings that nobody has taken. When the drive would begin is a guess, as for one film.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from nwlab.core.chip import check
from nwlab.core.drive import Drive, FloatArray, Quantity
from nwlab.core.errors import DriveError
from nwlab.core.expect import Expectation
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading
from nwlab.twin.foresight import Pace
from nwlab.twin.meters import PART
from nwlab.twin.passing import NetworkTwin, samples_of
from nwlab.twin.standing import is_taken_up


def foresee(
    twin: NetworkTwin[Any], terminals: tuple[str, ...], pace: Pace, left: Drive | None, drive: Drive
) -> Expectation:
    """Return what a drive would give now, after the one that was played last, `left`.

    A source at its limit reads as that limit, and nothing is said of how sure that is; what others read then is told
    as if there were no limit. Raises DriveError for terminals that the chip does not have, and for voltage sources that
    form a ring or a circuit that the twin cannot solve.
    """
    check(drive, Limits(np.inf, np.inf), terminals)
    copy = deepcopy(twin)
    if not is_taken_up(left, drive):
        copy.release()
    rig = copy.rig(drive)
    if rig is None:
        raise DriveError("voltage sources form a ring, so that no reading follows from what they hold")
    blank = _unread(drive, pace.next)
    try:
        found = copy.follow(rig, samples_of(drive, 0, blank, twin.meters))
    except np.linalg.LinAlgError as error:
        raise DriveError(f"the twin's equations have no solution for it ({error})") from error
    _see_that_told(drive, found.mean)
    return _expectation(drive, blank, found.mean, np.hypot(found.sd, PART * found.mean))


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


def _expectation(drive: Drive, blank: Reading, mean: FloatArray, sd: FloatArray) -> Expectation:
    """Turn what is not forced, (steps, forces), into a reading with what is."""
    limit = np.array([force.compliance for force in drive.forces])
    acts = np.abs(mean) > limit
    told = np.clip(mean, -limit, limit)
    forced = np.stack([force.levels for force in drive.forces], axis=1) if drive.forces else told
    is_voltage = np.array([force.quantity is Quantity.VOLTAGE for force in drive.forces], dtype=np.bool_)
    reading = replace(
        blank,
        voltage=np.where(is_voltage, forced, told),
        current=np.where(is_voltage, told, forced),
        in_compliance=acts,
    )
    values = {name: getattr(reading, name) for name in Reading.__dataclass_fields__}
    return Expectation(**values, sd=np.where(acts, np.nan, sd))
