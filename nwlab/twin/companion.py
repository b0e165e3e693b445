"""Follows a run event by event: what was expected, which jumps were seen, and when chip and model part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy, deepcopy
from dataclasses import replace

import numpy as np

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import Drive, FloatArray
from nwlab.core.events import BlockArrived, DriveStarted, Event, Expected, Noted
from nwlab.core.expect import Expectation
from nwlab.twin import notes
from nwlab.twin.alarms import Alarm, Alarms
from nwlab.twin.foresight import Pace, as_read, foresee
from nwlab.twin.held import Held, block_of
from nwlab.twin.leaning import Leaning
from nwlab.twin.notes import Where
from nwlab.twin.port import is_tangled, port_of
from nwlab.twin.scalar import Foretold, Twin
from nwlab.twin.spells import Spell, Spells
from nwlab.twin.standing import end, is_taken_up
from nwlab.twin.tally import Tally
from nwlab.twin.watch import Explained, Named, Watch
from nwlab.twin.window import Place

_SURE = 0.95  # probability from which on a jump is worth a note
_FARTHEST = 4.7  # standard deviations up to which a filter's probabilities tell residuals apart
_NOTHING = 1e-30  # S
_BLURRED, _NOISY = 0.3, 0.7
"""Parts of what spreads a residual: where more is due to an offset, or to noise that only a data sheet tells, it says
too little of the film to name what has changed."""
_SMALLEST = 1e-4  # V below which a conductance cannot be told
_JUMPS_APART, _JUMPS = 10, 10  # samples for a note of a jump, and jumps at once that are told each
DRIVES_APART = 10
"""Drives in which one note comes of such as cannot be followed, however many there are."""
SUMMARY = "twin"
"""Kind of the last note of a twin: how well it has explained the run."""


class Companion:
    """The twin of a two-terminal chip beside a run.

    Without `alarms` no drift of the residuals is told, without `watch` no cause of one; `about` goes into the record.
    Without `leaning` the residuals of a chip that has not changed have a mean of 0.
    """

    def __init__(
        self,
        twin: Twin,
        alarms: Alarms | None = None,
        watch: Watch | None = None,
        about: Mapping[str, object] | None = None,
        leaning: Leaning | None = None,
    ) -> None:
        self.tally = Tally(jumps=0)
        self._jumping, self._lasting = Spell(_JUMPS_APART, _JUMPS), Spells()
        self._tangled = Spell(DRIVES_APART)
        self._samples = 0  # that were followed
        self._hidden = 0  # of those that were read, of which the meter tells too little to name what has changed
        self._twin, self._alarms, self._watch = twin, alarms, watch
        self._held = Held(twin.law, twin.conductance)
        self._leaning = leaning
        self._pace, self._about = Pace(), dict(about or {})
        self._drive: Drive | None = None
        self._ends = False  # whether what stood before its first block ended at an unknown time

    def __call__(self, event: Event) -> Iterator[Event]:
        """Yield what is to be told after an event."""
        match event:
            case DriveStarted():
                yield from self._start(event)
            case BlockArrived() if event.reading.steps:
                yield from self._follow(event)
            case Noted(kind="cut off"):
                self.lose()  # the chip may have borne what is not on record
            case Noted(kind="resumed"):
                self._held.release(self._pace.end)  # the chip went to rest when the run ended
            case _:
                pass

    @property
    def settings(self) -> dict[str, object]:
        """What the record says about how it follows, and how its alarms come about."""
        alarms = {} if self._alarms is None else self._alarms.settings
        return {**self._about, **alarms, **({} if self._watch is None else {"windows": self._watch.settings})}

    def summary(self) -> Noted:
        """Return how well readings were explained until now."""
        looked = (
            {}
            if self._watch is None
            else {"windows": self._watch.looks, "hidden": self._hidden, "bent": self._watch.bent}
        )
        return Noted(SUMMARY, {**self.tally.told(), **looked})

    def foresee(self, drive: Drive) -> Expectation:
        """Return what a drive would give now, which changes nothing; raises DriveError for one that is none for it."""
        twin, held = self._twin, self._held
        if not is_taken_up(self._drive, drive):
            twin, held = deepcopy(twin), copy(held)
            held = end(twin, held, self._pace.end, self._pace.gap)
        return foresee(twin, held, self._pace, drive, port_of(drive), _SMALLEST)

    def lose(self) -> None:
        """What comes next follows after a gap of which nothing is known."""
        self._twin.lose()
        self._held = Held(self._twin.law)
        if self._watch is not None:
            self._watch.lose()

    def _start(self, event: DriveStarted) -> Iterator[Noted]:
        """Take a drive, unless nothing in it tells the film's current: after that, nothing is known of it."""
        self._ends = self._ends or not is_taken_up(self._drive, event.drive)
        self._drive = event.drive
        if is_tangled(event.drive):
            self.lose()
            self._drive = None
            times = self._tangled.take(event.index)
            if times:
                yield notes.tangled(event.index, times)

    def _follow(self, event: BlockArrived) -> Iterator[Event]:
        drive = self._drive
        port = None if drive is None else port_of(drive)
        if self._ends:
            self._end(event.reading.start)
        if drive is not None:
            self._pace.take(drive, event)
        if port is None:
            self._held.release(event.reading.start)
        if drive is None or port is None:
            return
        place = port.place
        block = block_of(drive, event.first, event.reading, port, _SMALLEST)
        steps = self._held.steps(block)
        known = self._twin.conductance
        found = self._twin.follow(steps)
        mean, sd = as_read(drive, port, event.reading, found.mean, found.sd)
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
        where = Where(event, block)
        yield from self._jumps(where, found.jump)
        alarms = (
            [] if self._alarms is None else self._alarms.take(_residuals(steps, found), self._lean(steps, known, found))
        )
        first = 0 if self._alarms is None else self._alarms.steps - found.z.size
        for alarm in alarms:
            yield from self._drift(where, alarm, alarm.step - first)
        if self._watch is not None:
            places = [Place(event.index, event.first + step) for step in range(found.z.size)]
            film = _as_film(steps, found)
            self._hidden += int(np.count_nonzero(np.isnan(film.reading) & np.isfinite(steps.reading)))
            for told in self._watch.take(film, places, {alarm.step - first for alarm in alarms}):
                yield self._named(where, told)

    def _end(self, start: float) -> None:
        """Before the first block of a drive that starts so, s on the chip's clock: what stood has ended meanwhile."""
        held, since = self._held, self._pace.end
        self._held, self._ends = end(self._twin, held, since, max(start - since, 0.0)), False
        if self._held is not held and self._watch is not None:
            self._watch.interrupt()

    def _lean(self, steps: Steps, known: float, found: Foretold) -> FloatArray | None:
        """Return how far residuals may lie to one side; `known` in S is where the film was before the first step."""
        if self._leaning is None:
            return None
        there = np.where(np.isfinite(steps.reading), steps.reading, found.mean) - found.offset
        return self._leaning.of(steps, np.append(known, there[:-1]), found.sd)

    def _jumps(self, where: Where, jump: FloatArray) -> Iterator[Noted]:
        """Tell of each jump; of so many that they are none, now and then."""
        first, self._samples = self._samples, self._samples + jump.size
        for step in np.flatnonzero(jump > _SURE).tolist():
            self.tally.jumps = (self.tally.jumps or 0) + 1
            times = self._jumping.take(first + step)
            if times:
                yield notes.jump(where, step, float(jump[step]), times)

    def _drift(self, where: Where, alarm: Alarm, step: int) -> Iterator[Noted]:
        """Tell of an alarm; of one that lasts, now and then."""
        assert self._alarms is not None
        self.tally.count(alarm.kind)
        often = self._alarms.false_alarm_steps
        times = self._lasting.take(alarm.kind, alarm.step, often)
        if times:
            yield notes.drift(where, step, alarm, times, often)

    def _named(self, where: Where, told: Named | Explained) -> Noted:
        if isinstance(told, Explained):
            self._lasting.clear()
            return notes.explained(where, told, self.tally.explained)
        self.tally.count(told.change.what)
        return notes.changed(where, told)


def _as_film(steps: Steps, found: Foretold) -> Steps:
    """Return what was read of the film alone: without the offset of a range, nor where its meter tells too little."""
    blurred = (found.doubt > _BLURRED * found.sd) | (found.noise > _NOISY * found.sd)
    return replace(steps, reading=np.where(blurred, np.nan, steps.reading - found.offset), noise=found.noise)


def _residuals(steps: Steps, found: Foretold) -> FloatArray:
    """Return calibrated residuals, (steps,); beyond what probabilities tell apart, plain ones in sd."""
    far = np.flatnonzero(np.abs(found.z) >= _FARTHEST)
    residuals = found.z.copy()
    residuals[far] = (steps.reading[far] - found.mean[far]) / np.maximum(found.sd[far], _NOTHING)
    return residuals


def _column(shape: tuple[int, ...], place: int, values: FloatArray) -> FloatArray:
    table = np.full(shape, np.nan)
    table[:, place] = values
    return table
