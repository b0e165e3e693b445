"""A run that ended early and is continued: what is on record is fed to the protocol, the rest is played."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from nwlab.core.chip import Chip
from nwlab.core.clock import utc_now
from nwlab.core.drive import Drive
from nwlab.core.errors import FileError, TwinError, UsageError
from nwlab.core.events import BlockArrived, DriveFinished, DriveStarted, Event, Noted, RunStarted, Subscriber
from nwlab.core.expect import Expect, Expectation
from nwlab.core.reading import Reading, join
from nwlab.core.record import JOURNAL, MANIFEST
from nwlab.core.result import RESULT, Result
from nwlab.runs.difference import difference
from nwlab.runs.later import Later
from nwlab.runs.oracle import ASKED, recalled
from nwlab.runs.played import PlayedDrive
from nwlab.runs.player import Drives, Wanted, reply
from nwlab.runs.recording import Run


class Continuation:
    """What a run that ended early left, and how the rest joins on to it.

    The drives on record keep their indices. One that was cut off goes on at its next step: what is left of it is played
    as a drive of its own, but told and recorded as more blocks of the same drive. As instruments play by themselves,
    the chip may have borne those steps already; a note "cut off" says so: `drive` and `step` where the record breaks
    off, `more` steps that may have followed.
    """

    def __init__(self, run: Run, remark: str = "") -> None:
        """`remark` goes into the record, beside the gap.

        Raises UsageError when there is nothing to continue, FileError naming the line when the record is damaged.
        """
        _check_early(run)
        self.run, self._remark = run, remark
        last = run.drives[-1] if len(run.drives) else None
        self._cut = last if last is not None and last.samples < last.steps else None
        self.first = len(run.drives) - (self._cut is not None)
        """Index of the first drive that is still to be played, in whole or in part."""
        self._played = 0.0  # s of all drives on record, as asked
        self._joint: float | None = None  # s on the chip's clock of then: start of the drive that was cut off
        self._end: float | None = None  # s on the chip's clock of then: end of the last sample
        self._gap = self._shift = 0.0  # s
        self._resumed = ""  # wall time
        self._answers = _answers(run)
        self._results = sum(note["kind"] == RESULT for note in run.notes)  # that the protocol has told, and not again

    def feed(self, drives: Drives) -> Drives:
        """Run a protocol through what is on record and return what it has still to play.

        Raises UsageError naming the drive when the protocol does not ask for what was played.
        """
        wanted = self._answered(drives, next(drives, None))
        for index in range(self.first):
            reading = self._pass(wanted, self.run.drives[index])
            wanted = self._answered(drives, _send(drives, reading))
        if self._cut is None:
            return _rest(drives, wanted)
        reading = self._pass(wanted, self._cut)
        if reading.steps:
            self._joint = reading.start
        return _rest_of_cut(drives, self._cut.drive, reading)

    def on(self, chip: Chip, wall: Callable[[], datetime] = utc_now) -> Chip:
        """Return the chip with its times after those on record, by as much as the gap really was."""
        now = wall()
        self._resumed = now.isoformat()
        self._gap = max(0.0, (now - self.run.last_written).total_seconds())
        self._shift = 0.0 if self._end is None else self._end + self._gap - chip.clock.now()
        return Later(chip, self._shift, self._joint)

    def keeping(self, store: Subscriber) -> Subscriber:
        """Return the store as a listener to the rest: it is told of the gap first."""
        return _Joined(store, self._cut, self._opening)

    def watching(self, subscriber: Subscriber) -> Subscriber:
        """Return another listener to the rest: it expects what is left to play, and what is left of a drive is one."""
        return _Left(subscriber, self._left)

    def _answered(self, drives: Drives, wanted: Wanted | None) -> Wanted | None:
        """Answer what a protocol asks of a twin as the twin did then, pass over results; return what it wants next.

        That is a question or a result where the record ends with it: a twin of now has to answer, the result is noted.
        """
        while (isinstance(wanted, Expect) and self._answers) or (isinstance(wanted, Result) and self._results):
            wanted = _send(drives, self._recalled(wanted))
        return wanted

    def _recalled(self, wanted: Expect | Result) -> Expectation | TwinError | None:
        """Return what a protocol was sent then for what is no drive; raises UsageError for another question."""
        if isinstance(wanted, Result):
            self._results -= 1
            return None
        answer = recalled(self._answers.popleft(), wanted.drive)
        if answer is None:
            raise UsageError(
                f"{self.run.path} cannot be continued: the protocol asks the twin another question than then. The "
                "protocol has changed, or what it does depends on more than its parameters, its readings and the "
                "twin's answers; nothing was touched"
            )
        return answer

    def _pass(self, drive: Wanted | None, played: PlayedDrive) -> Reading:
        """Compare a drive with the one on record and return what came back then."""
        recorded, reading = played.drive, played.reading
        if isinstance(drive, Expect):
            found = "it asks a twin first, whose answer is not on record"
        elif isinstance(drive, Result):
            found = "it tells a result first, which is not on record"
        else:
            found = (
                "the protocol has ended before" if drive is None else difference(drive, recorded, self.run.terminals)
            )
        if played.index < self.first and reading.steps < recorded.steps:
            found = f"only {reading.steps} of its {recorded.steps} samples are on record, and others follow"
        if found:
            raise UsageError(
                f"{self.run.path} cannot be continued: drive {played.index} (step {played.label}) is not what the "
                f"protocol asks for now: {found}. The protocol has changed, or what it does depends on more than "
                "its parameters and its readings; nothing was touched"
            )
        self._played += float(recorded.dwell[: reading.steps].sum())
        if reading.steps:
            last = reading.steps - 1
            self._end = float(reading.start + reading.onset[last] + recorded.dwell[last])
        return reading

    def _opening(self, event: RunStarted) -> Iterator[Event]:
        yield event
        if self.first and not self.run.drives[self.first - 1].finished:
            yield DriveFinished(self.first - 1)
        if self._cut is not None:
            yield Noted("cut off", _unrecorded(self._cut))
        content = {
            "from": self.run.path.name,
            "drives": self.first,
            "samples": self.run.samples,
            "gap": self._gap,
            "until": self._resumed,
            "shift": self._shift,
        }
        yield Noted("resumed", {**content, "remark": self._remark} if self._remark else content)

    def _left(self, event: RunStarted) -> RunStarted:
        steps = None if event.steps is None else event.steps - self.run.samples
        return replace(event, steps=steps, duration=None if event.duration is None else event.duration - self._played)


class _Joined:
    """Hands events on to the store, those of the rest of a drive that was cut off as more blocks of that drive."""

    def __init__(
        self, subscriber: Subscriber, cut: PlayedDrive | None, opening: Callable[[RunStarted], Iterator[Event]]
    ) -> None:
        self._subscriber, self._opening = subscriber, opening
        self._index, self._samples = (-1, 0) if cut is None else (cut.index, cut.samples)

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                for each in self._opening(event):
                    self._subscriber(each)
            case DriveStarted() if event.index == self._index:
                pass  # it stands in the record already
            case BlockArrived() if event.index == self._index:
                self._subscriber(replace(event, first=event.first + self._samples))
            case _:
                self._subscriber(event)


class _Left:
    """Hands events on, the first one as it is for the rest."""

    def __init__(self, subscriber: Subscriber, left: Callable[[RunStarted], RunStarted]) -> None:
        self._subscriber, self._left = subscriber, left

    def __call__(self, event: Event) -> None:
        self._subscriber(self._left(event) if isinstance(event, RunStarted) else event)


def _answers(run: Run) -> deque[dict[str, Any]]:
    """Return what a twin answered then, in order; what it owed when the run ended is asked again."""
    answers = deque(note["content"] for note in run.notes if note["kind"] == ASKED)
    while answers and "failed" in answers[-1] and answers[-1].get("after") == len(run.drives) - 1:
        answers.pop()
    return answers


def _check_early(run: Run) -> None:
    if run.status == "running":
        raise UsageError(f"{run.path} is still being played; wait for its end or stop it with: nwlab stop {run.path}")
    _check_whole(run)
    if run.status == "finished":
        raise UsageError(f"{run.path} has finished: there is nothing to continue")


def _check_whole(run: Run) -> None:
    """Refuse a record that was altered: only of one that merely breaks off is known what the chip has borne."""
    dropped, claimed = run.dropped, run.claimed
    if dropped.damaged:
        why, line = f"{dropped.reason}; {dropped.lines} lines from there on cannot be used", dropped.line
    elif claimed is not None and claimed > run.samples:
        why, line = f"{MANIFEST} tells of {claimed} samples, but only {run.samples} are on record", None
    else:
        return
    raise FileError(
        f"is damaged: {why}. What the chip has borne since then is not known, so the run is not continued; nothing was "
        f"touched. Put back an undamaged copy of the folder if there is one; else save what is readable with: nwlab "
        f"export {run.path}, look at the chip, and start a new run",
        run.path / JOURNAL,
        line,
    )


def _send(drives: Drives, answer: Reading | TwinError | None) -> Wanted | None:
    try:
        return reply(drives, answer)
    except StopIteration:
        return None


def _unrecorded(cut: PlayedDrive) -> dict[str, object]:
    """Return what to note about steps that an instrument may have played without anybody keeping what came back."""
    left = cut.steps - cut.samples
    remark = f"the chip may have borne up to {left} more steps of this drive than are on record; they are played again"
    return {"drive": cut.index, "label": cut.label, "step": cut.samples, "more": left, "remark": remark}


def _rest(drives: Drives, wanted: Wanted | None) -> Drives:
    try:
        while wanted is not None:
            try:
                answer: Reading | TwinError | None = yield wanted
            except TwinError as error:  # the protocol itself may know what to do without a twin
                answer = error
            wanted = _send(drives, answer)
    finally:
        drives.close()


def _rest_of_cut(drives: Drives, cut: Drive, before: Reading) -> Drives:
    try:
        after = yield _tail(cut, before.steps)
        wanted = _send(drives, join([before, after]) if before.steps else after)
        yield from _rest(drives, wanted)
    finally:
        drives.close()


def _tail(drive: Drive, first: int) -> Drive:
    forces = tuple(replace(force, levels=force.levels[first:]) for force in drive.forces)
    delay = None if drive.read_delay is None else drive.read_delay[first:]
    return replace(drive, dwell=drive.dwell[first:], forces=forces, read_delay=delay)
