"""Follows a run event by event: what was expected, which jumps were seen, and when chip and model part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from nwlab.core.drive import Drive, FloatArray
from nwlab.core.events import BlockArrived, DriveStarted, Event, Expected, Noted
from nwlab.core.expect import Expectation
from nwlab.twin.alarms import Alarms
from nwlab.twin.foresight import Pace, as_read, foresee
from nwlab.twin.held import Held, block_of
from nwlab.twin.scalar import ScalarTwin

_SURE = 0.95  # probability from which on a jump is worth a note
_STRANGE = 3.0  # standard deviations beyond which a residual is not explained
_SMALLEST = 1e-4  # V below which a conductance cannot be told


@dataclass(slots=True)
class Tally:
    """How well the readings were explained."""

    residuals: int = 0
    strange: int = 0
    explained: int = 0  # residuals in a row until now within `_STRANGE`
    longest: int = 0
    square: float = 0.0
    alarms: dict[str, int] = field(default_factory=dict[str, int])

    def take(self, z: FloatArray) -> None:
        """Count residuals (steps,); NaN is none."""
        known = z[np.isfinite(z)]
        strange = np.flatnonzero(np.abs(known) > _STRANGE)
        rows = np.diff(np.concatenate([[-1 - self.explained], strange, [known.size]])) - 1
        self.longest, self.explained = max(self.longest, int(rows.max())), int(rows[-1])
        self.residuals, self.strange = self.residuals + known.size, self.strange + strange.size
        self.square += float(known @ known)

    def told(self) -> dict[str, object]:
        """What the record says of it in the end."""
        share = self.strange / self.residuals if self.residuals else None
        spread = (self.square / self.residuals) ** 0.5 if self.residuals else None
        return {
            "residuals": self.residuals,
            "root mean square": spread,
            "share beyond 3": share,
            "longest row within 3": self.longest,
            "alarms": dict(self.alarms),
        }


class Companion:
    """The twin of a two-terminal chip beside a run."""

    def __init__(self, twin: ScalarTwin, alarms: Alarms) -> None:
        self.tally = Tally()
        self._twin, self._alarms, self._held = twin, alarms, Held()
        self._pace = Pace()
        self._drive: Drive | None = None
        self._places: list[tuple[int, int]] = []  # drive and step of the residuals of the last block

    def __call__(self, event: Event) -> Iterator[Event]:
        """Yield what is to be told after an event."""
        match event:
            case DriveStarted():
                self._drive = event.drive
            case BlockArrived():
                yield from self._follow(event)
            case Noted(kind="resumed"):
                self._held.release(self._pace.end)  # the chip went to rest when the run ended
            case _:
                pass

    @property
    def settings(self) -> dict[str, object]:
        """What the record says about how its alarms come about."""
        return self._alarms.settings

    def summary(self) -> Noted:
        """Return how well readings were explained until now."""
        return Noted("twin", self.tally.told())

    def foresee(self, drive: Drive) -> Expectation:
        """Return what a drive would give now, which changes nothing; raises DriveError for one that is none for it."""
        return foresee(self._twin, self._held, self._pace, drive, _place(drive), _SMALLEST)

    def lose(self) -> None:
        """What comes next follows after a gap of which nothing is known."""
        self._twin.lose()
        self._held = Held()

    def _follow(self, event: BlockArrived) -> Iterator[Event]:
        drive = self._drive
        place = None if drive is None else _place(drive)
        if drive is not None:
            self._pace.take(drive, event)
        if place is None:
            self._held.release(event.reading.start)
        if drive is None or place is None:
            return
        block = block_of(drive, event.first, event.reading, place, _SMALLEST)
        found = self._twin.follow(self._held.steps(block))
        mean, sd = as_read(drive, place, event.reading, found.mean, found.sd)
        shape = event.reading.voltage.shape
        yield Expected(
            event.index,
            event.first,
            _column(shape, place, mean),
            _column(shape, place, sd),
            _column(shape, place, found.z),
            _column(shape, place, found.jump),
        )
        self.tally.take(found.z)
        yield from self._jumps(event, found.jump)
        yield from self._drifts(event, found.z)

    def _jumps(self, event: BlockArrived, jump: FloatArray) -> Iterator[Noted]:
        for step in np.flatnonzero(jump > _SURE):
            yield Noted(
                "jump", {"drive": event.index, "step": event.first + int(step), "probability": float(jump[step])}
            )

    def _drifts(self, event: BlockArrived, z: FloatArray) -> Iterator[Noted]:
        before = self._alarms.steps
        for alarm in self._alarms.take(z):
            self.tally.alarms[alarm.kind] = self.tally.alarms.get(alarm.kind, 0) + 1
            yield Noted(
                "alarm",
                {
                    "kind": alarm.kind,
                    "text": alarm.text,
                    "drive": event.index,
                    "step": event.first + alarm.step - before,
                    "for steps": alarm.step - alarm.since + 1,
                    "false alarm once in steps": self._alarms.false_alarm_steps,
                },
            )


def _place(drive: Drive) -> int | None:
    """Return which force drives the film: the first that has the other terminal at its low side or grounded."""
    for place, force in enumerate(drive.forces):
        low = {force.low} if force.low is not None else set(drive.ground)
        if low == {1 - force.terminal}:
            return place
    return None


def _column(shape: tuple[int, ...], place: int, values: FloatArray) -> FloatArray:
    table = np.full(shape, np.nan)
    table[:, place] = values
    return table
