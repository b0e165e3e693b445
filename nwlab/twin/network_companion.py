"""Follows a run on a chip of many terminals: what was expected of every force, and where chip and model part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, Event, Expected, Noted
from nwlab.core.expect import Expectation
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import DRIVES_APART, SUMMARY
from nwlab.twin.foresight import Pace
from nwlab.twin.network_foresight import foresee
from nwlab.twin.notes import again
from nwlab.twin.passing import Foretold, NetworkTwin, samples_of
from nwlab.twin.spells import Spell, Spells
from nwlab.twin.standing import is_taken_up
from nwlab.twin.tally import Tally

_LOST = "its equations have no solution here ({}); it begins anew with the next samples"

_VOLTMETER = {
    "above": "the voltage is higher than its model expects",
    "below": "the voltage is lower than its model expects",
    "spread": "the voltage fluctuates more than its model expects",
}

_Watched = tuple[int, int | None, int]  # terminal at HI and at LO, and how many forces a sample has


class NetworkCompanion:
    """The twin of a chip of many terminals beside a run.

    Each force has alarms of its own. A false one comes once in `false_alarm_steps` steps from all forces of a sample
    together: with n forces, once in n times as many from each. Alarms listen once the twin has found the chip's state.
    Residuals of a model that learns nothing stay where they once are, so that they raise none.
    """

    def __init__(
        self,
        twin: NetworkTwin[Any],
        terminals: tuple[str, ...],
        false_alarm_steps: float | None,
        about: Mapping[str, object] | None = None,
    ) -> None:
        """`terminals` are those of the twin's chip; None = no alarms. `about` says more of the twin for the record."""
        self.tally = Tally()
        self._twin, self._terminals, self._steps = twin, terminals, false_alarm_steps
        self._about = {} if about is None else dict(about)
        self._drive: Drive | None = None
        self._pace = Pace()
        self._rig: Any = None
        self._alarms: dict[_Watched, Alarms] = {}
        self._lasting, self._lost = Spells(), Spell(DRIVES_APART)
        self._heard = 0  # residuals that alarms have listened to

    def __call__(self, event: Event) -> Iterator[Event]:
        """Yield what is to be told after an event."""
        match event:
            case DriveStarted():
                if not is_taken_up(self._drive, event.drive):
                    self._twin.release()
                self._drive, self._rig = event.drive, self._twin.rig(event.drive)
            case BlockArrived() if event.reading.steps:
                yield from self._follow(event)
            case Noted(kind="cut off"):
                self.lose()  # the chip may have borne what is not on record
            case Noted(kind="resumed"):
                self._twin.release()  # the chip went to rest when the run ended
            case _:
                pass

    @property
    def settings(self) -> dict[str, object]:
        """What the record says about how its alarms come about."""
        if self._steps is None:
            return self._about
        sums = Alarms(self._steps).settings["sums"]
        return {
            **self._about,
            "false alarm once in steps": self._steps,
            "alarms listen after samples": self._twin.settling,
            "sums where one force is read": sums,
        }

    def summary(self) -> Noted:
        """Return how well readings were explained until now."""
        return Noted(SUMMARY, {**self.tally.told(), "heard": self._heard, "listens after": self._twin.settling})

    def foresee(self, drive: Drive) -> Expectation:
        """Return what a drive would give now, which changes nothing; raises DriveError for one that is none for it."""
        return foresee(self._twin, self._terminals, self._pace, self._drive, drive)

    def lose(self) -> None:
        """What comes next follows after a gap of which nothing is known."""
        self._twin.lose()

    def _follow(self, event: BlockArrived) -> Iterator[Event]:
        drive, rig = self._drive, self._rig
        if drive is None or rig is None:
            return
        self._pace.take(drive, event)
        try:
            found = self._twin.follow(rig, samples_of(drive, event.first, event.reading, self._twin.meters))
        except np.linalg.LinAlgError as error:
            self.lose()
            times = self._lost.take(event.index)
            if times:
                told = {"drive": event.index, "step": event.first, "because": _LOST.format(error), "times": times}
                yield Noted("twin skipped", told)
            return
        if not drive.forces:
            return
        yield Expected(event.index, event.first, found.mean, found.sd, found.z.copy(), np.full(found.z.shape, np.nan))
        self.tally.take(found.z.ravel())
        found = found._replace(z=found.z * found.trust)
        if self._steps is not None:
            self._heard += int(np.isfinite(found.z).sum())
            for place in range(len(drive.forces)):
                yield from self._drifts(event, drive, place, found, self._steps)

    def _drifts(
        self, event: BlockArrived, drive: Drive, place: int, found: Foretold, false_alarm_steps: float
    ) -> Iterator[Noted]:
        force, count = drive.forces[place], len(drive.forces)
        key = (force.terminal, force.low, count)
        if key not in self._alarms:
            self._alarms[key] = Alarms(false_alarm_steps * count)
        alarms = self._alarms[key]
        before, reading = alarms.steps, event.reading
        for alarm in alarms.take(_upwards(drive, place, found), found.lean[:, place]):
            self.tally.count(alarm.kind)
            times = self._lasting.take((*key, alarm.kind), alarm.step, alarms.false_alarm_steps)
            if not times:
                continue
            terminal, step = self._terminals[force.terminal], alarm.step - before
            text = _VOLTMETER[alarm.kind] if force.is_voltmeter else alarm.text
            where = terminal if force.low is None else f"{terminal} against {self._terminals[force.low]}"
            yield Noted(
                "alarm",
                {
                    "kind": alarm.kind,
                    "text": again(f"at terminal {where} {text}", times),
                    "terminal": terminal,
                    **({} if force.low is None else {"low": self._terminals[force.low]}),
                    "drive": event.index,
                    "step": event.first + step,
                    "time": float(reading.start + reading.time[step, place]),
                    "for steps": alarm.step - alarm.since + 1,
                    "times": times,
                    "false alarm once in steps": false_alarm_steps,
                },
            )


def _upwards(drive: Drive, place: int, found: Foretold) -> FloatArray:
    """Return the residuals of a force, (steps,), such that a chip that conducts more has positive ones.

    Those of a voltmeter are positive where it reads more than expected.
    """
    if drive.forces[place].is_voltmeter:
        return found.z[:, place]
    is_current = drive.forces[place].quantity is Quantity.CURRENT
    falls = (found.mean[:, place] < 0) != is_current
    return np.where(falls, -found.z[:, place], found.z[:, place])
