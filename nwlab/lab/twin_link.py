"""A twin beside a run: hears its events, hands over what the twin's process tells, and passes on questions.

That process reads the record. Questions go to it through the pipe at its stdin, which is never waited for: a frozen
twin reads nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from queue import Empty

from nwlab.core.drive import Drive
from nwlab.core.errors import DriveError, TwinError
from nwlab.core.events import DriveStarted, Event, Noted, RunFinished, RunStarted
from nwlab.core.expect import Expectation
from nwlab.lab.twin_process import Patience, TwinProcess
from nwlab.runs.interrupts import shielded
from nwlab.twin.order import TwinOrder
from nwlab.twin.wire import Answer, Question, encode_question

_AT_ONCE = 3
"""Events of the twin that go into the record at one event of the run."""
_BREATH = 0.05  # s between signs of life while an answer is waited for


class TwinLink:
    """Listens in place of a subscriber in the background; what the twin tells is handed over between events.

    An oracle, too.
    """

    def __init__(
        self,
        order: TwinOrder,
        folder: Path,
        environment: Mapping[str, str],
        *,
        closes: bool = False,
        awaited: bool = True,
        replays: bool = False,
        patience: Patience | None = None,
    ) -> None:
        """Start it and wait until it is ready; raises UsageError when it cannot be.

        Once a run has finished, a twin that is behind is waited for if it is `awaited` and no level stands on the chip
        meanwhile: either the last drive holds none, or the chip `closes` before the end is told. A run that `replays`
        another ends where that broke off, and nothing stands on any chip.
        """
        self._closes, self._awaited, self._replays = closes, awaited, replays
        self._terminals: tuple[str, ...] = ()
        self._asked, self._unsent = 0, b""
        self._is_ended = self._is_finished = self._holds = self._is_closed = False
        process: TwinProcess | None = None
        try:
            with shielded():  # Ctrl-C must not come between its birth and the moment from which on it is known here
                process = TwinProcess(order, folder, environment, patience)
            process.await_ready()
        except BaseException:
            if process is not None:
                process.end()
            raise
        self._process = process

    def __call__(self, event: Event) -> None:
        """Take one event: the twin reads all but the last from the record."""
        match event:
            case RunStarted():
                self._terminals = event.terminals
            case DriveStarted():
                self._holds = event.drive.hold
            case RunFinished():
                self._is_ended, self._is_finished = True, event.status == "finished"
                self._process.hang_up()
            case _:
                pass

    def ask(self, drive: Drive, after: int) -> Generator[Expectation | None, None, None]:
        """Ask what a drive would give once drive number `after` has been read; yields None until that is known.

        Raises DriveError for a drive that the twin cannot answer for, TwinError when it is gone.
        """
        self._asked += 1
        self._unsent += encode_question(Question(self._asked, after, drive), self._terminals)
        while (answer := self._answer()) is None:
            if self._process.is_over:
                raise TwinError("the twin is gone: its process has ended, and nobody else can say what it expected")
            yield None
        if answer.expectation is None:
            raise DriveError(f"the twin cannot say what this drive would give: {answer.refused}")
        yield answer.expectation

    def _answer(self) -> Answer | None:
        """Wait a moment for the answer to the last question; one to an earlier question came too late."""
        self._unsent = self._process.write(self._unsent)  # what the pipe does not take yet is written later
        try:
            answer = self._process.answers.get(timeout=_BREATH)
        except Empty:
            return None
        return answer if answer.number == self._asked else None

    def complaint(self) -> Noted | None:
        """Return what went wrong since the last call, if anything."""
        complaints = self._process.complaints
        return complaints.popleft() if complaints else None

    def findings(self) -> list[Event]:
        """Return what the twin has told since the last call; not much at once while a run goes on, for it waits."""
        told = self._process.told
        count = len(told)
        return [told.popleft() for _ in range(count if self._is_ended else min(count, _AT_ONCE))]

    def close(self) -> None:
        """Let it tell what it still has to, then end it."""
        if not self._is_closed:
            self._is_closed = True
            stands = self._holds and not self._closes
            is_over = self._replays or (self._is_finished and not stands)
            self._process.await_end(patient=is_over and self._awaited)
