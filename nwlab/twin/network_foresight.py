"""What a drive would give on a chip of many terminals, from what its twin knows; neither of them is touched for it.

A copy of the twin follows readings that nobody has taken. When the drive would begin is a guess, as for one film.

Where sources would pass their limits, the drive is followed once more with these turned round: what limited a source is
then held by it, and what it held follows. Where it does not act such a source is held at what it would give anyhow.
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
    seen = _Seen(*_forced(drive), told=found.mean.copy(), sd=np.hypot(found.sd, PART * found.mean))
    limit = np.array([force.compliance for force in drive.forces])
    acts = _acting(drive, np.abs(found.mean) > limit)
    for pattern in np.unique(acts[acts.any(axis=1)], axis=0):
        _limit(copy, _Limited(drive, blank, found.mean, limit, pattern), (acts == pattern).all(axis=1), seen)
    return _expectation(blank, seen, acts, limit)


def _acting(drive: Drive, over: BoolArray) -> BoolArray:
    """Return where limits act, of sources that would be over theirs without, (steps, forces): a voltmeter is only at
    its own where no other source is."""
    is_meter = np.array([force.is_voltmeter for force in drive.forces], dtype=np.bool_)
    others = (over & ~is_meter).any(axis=1, keepdims=True)
    return over & ~(is_meter & others)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What sources force and what is told of them, (steps, forces) each; changed in place."""

    is_voltage: BoolArray  # (forces,) what each forces
    forced: FloatArray  # V or A
    told: FloatArray  # A or V
    sd: FloatArray  # of what is told


@dataclass(frozen=True, slots=True, eq=False)
class _Limited:
    """A drive some of whose sources are at their limits in some of its steps."""

    drive: Drive
    blank: Reading
    free: FloatArray  # (steps, forces) A or V, what would be told without limits
    limit: FloatArray  # (forces,)
    pattern: BoolArray  # (forces,) which are at theirs

    @property
    def turned(self) -> Drive:
        """The drive with these sources turned round."""
        held = np.clip(self.free, -self.limit, self.limit)
        return replace(
            self.drive,
            forces=tuple(
                _turned(force, held[:, place]) if self.pattern[place] else force
                for place, force in enumerate(self.drive.forces)
            ),
        )


def _turned(force: Force, held: FloatArray) -> Force:
    """Return a source that holds what limited it, (steps,), and is limited by what it held."""
    most = float(np.abs(force.levels).max())
    return replace(force, quantity=force.quantity.other, levels=held, compliance=most, range=None)


def _limit(twin: NetworkTwin[Any], limited: _Limited, rows: BoolArray, seen: _Seen) -> None:
    """Put what limits make of some steps (steps,) into what is seen; it is not known where no circuit follows."""
    try:
        found = _followed(twin, limited.turned, limited.blank)
    except DriveError:
        found = Foretold(*np.full((5, *seen.told.shape), np.nan))
    held = np.clip(limited.free, -limited.limit, limited.limit)
    pattern = limited.pattern
    seen.forced[rows] = np.where(pattern, found.mean[rows], seen.forced[rows])
    seen.told[rows] = np.where(pattern, held[rows], found.mean[rows])
    seen.sd[rows] = np.where(pattern, np.nan, np.hypot(found.sd[rows], PART * found.mean[rows]))


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


def _expectation(blank: Reading, seen: _Seen, acts: BoolArray, limit: FloatArray) -> Expectation:
    """Turn what is seen into a reading; `acts` (steps, forces) says where limits (forces,) were taken to act."""
    more = ~acts & (np.abs(seen.told) > limit)
    told, acts = np.where(more, np.clip(seen.told, -limit, limit), seen.told), acts | more
    reading = replace(
        blank,
        voltage=np.where(seen.is_voltage, seen.forced, told),
        current=np.where(seen.is_voltage, told, seen.forced),
        in_compliance=acts,
    )
    values = {name: getattr(reading, name) for name in Reading.__dataclass_fields__}
    return Expectation(**values, sd=np.where(more, np.nan, seen.sd))
