"""Plays drives on a chip and tells everyone what happens."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

from nwlab.core.chip import Chip, check
from nwlab.core.clock import utc_now
from nwlab.core.drive import Drive
from nwlab.core.errors import AnswerError, NwlabError, Stopped, Terminated, TwinError, UsageError
from nwlab.core.events import (
    BlockArrived,
    DriveFinished,
    DriveStarted,
    Event,
    Measured,
    Noted,
    Outline,
    RunFinished,
    RunStarted,
    Subscriber,
    Telling,
)
from nwlab.core.expect import Expect, Expectation
from nwlab.core.reading import Reading, join
from nwlab.core.result import RESULT, Result
from nwlab.core.units import show
from nwlab.runs.background import Listener
from nwlab.runs.interrupts import Interrupts, interrupts
from nwlab.runs.oracle import Oracle, note_of
from nwlab.runs.requests import Requests
from nwlab.runs.verdict import FINISHED, verdict

Wanted = Drive | Expect | Result
"""What a protocol may yield."""
Drives = Generator[Wanted, Any, None]
"""A protocol at work: it is sent the Reading of a Drive, the Expectation of an Expect, and None for a Result."""


def play(
    drives: Drives,
    chip: Chip,
    critical: Iterable[Subscriber] = (),
    *,
    background: Iterable[Listener] = (),
    label: Callable[[], str] | None = None,
    outline: Outline | None = None,
    close: bool = False,
    requests: Requests | None = None,
    idle: Callable[[], None] | None = None,
    first: int = 0,
    telling: Telling | None = None,
    oracle: Oracle | None = None,
) -> None:
    """Play every drive of a generator, which is sent the joined reading of each.

    Where it yields an Expect, `oracle` is asked, and the answer is noted; nothing is played then. A Result is noted.

    `critical` subscribers are called in line, and their failure ends the run; `background` ones cannot harm it.
    `label` names the step that made the present drive; `outline` is what a dry run expects.
    `requests` may end or pause the run; `idle` is called several times a second while it pauses. The first drive has
    the index `first`. What `telling` has to tell beside the readings is told between drives, and after the chip was
    closed. However the run ends, the drive under way is aborted to rest and what had arrived is passed on;
    with `close` the chip is closed before the end is told. Raises whatever ended the run.
    """
    requests = requests or Requests()
    with interrupts() as signals, signals.playing(requests.stop):
        player = _Player(chip, tuple(critical), tuple(background), signals, requests, first)
        player.label, player.idle, player.telling = label or player.label, idle or player.idle, telling
        player.oracle = oracle
        try:
            player.play(drives, _started(chip, outline or Outline()))
            signals.finish()
            if close:
                chip.close()
            player.end(FINISHED)
        except BaseException as error:
            signals.drop()
            worse = player.close() if close else None
            player.leave(drives, worse or error)
            player.fail(worse or error)
            if worse is not None:
                raise worse from error
            raise


def reply(drives: Drives, answer: Reading | TwinError | None) -> Wanted:
    """Hand a protocol what it waits for and return what it wants next; raises StopIteration at its end."""
    return drives.throw(answer) if isinstance(answer, TwinError) else drives.send(answer)


def _started(chip: Chip, outline: Outline) -> RunStarted:
    return RunStarted(chip.terminals, outline.steps, outline.duration, outline.drives, outline.values)


class _Player:
    """Signals wait wherever the player itself works; they strike in the chip's code and in the protocol's."""

    def __init__(
        self,
        chip: Chip,
        critical: tuple[Subscriber, ...],
        background: tuple[Listener, ...],
        signals: Interrupts,
        requests: Requests,
        first: int,
    ) -> None:
        self._chip, self._critical, self._background = chip, critical, background
        self._signals, self._requests = signals, requests
        self.label: Callable[[], str] = lambda: ""
        self.idle: Callable[[], None] = lambda: None
        self.telling: Telling | None = None
        self.oracle: Oracle | None = None
        self._index = first - 1
        self._blocks: list[Reading] = []
        self._first = 0
        self._arrived: Reading | None = None
        self._holds = False

    def play(self, drives: Drives, started: RunStarted) -> None:
        self._tell(started)
        self._tell_news()
        wanted = self._advance(partial(next, drives))
        while wanted is not None:
            self._heed()
            wanted = self._advance(partial(reply, drives, self._answer(wanted)))

    def close(self) -> Exception | None:
        """Close the chip after a failure; one that cannot be closed matters more than what came before."""
        try:
            self._chip.close()
        except Exception as worse:
            return worse
        return None

    def leave(self, drives: Drives, error: BaseException) -> None:
        """Let the protocol clean up after itself; what it does wrong then does not hide why the run ended."""
        try:
            with self._signals.foreign():
                drives.close()
        except BaseException as second:
            error.add_note(f"moreover, the protocol's own clean-up failed: {type(second).__name__}: {second}")

    def fail(self, error: BaseException) -> None:
        """Tell how a run ended that did not finish; a store that fails here as well adds to the error."""
        try:
            if not isinstance(error, NwlabError | KeyboardInterrupt | Terminated):
                self._tell(Noted("traceback", {"text": "".join(traceback.format_exception(error))}))
            self.end(verdict(error))
        except Exception as second:
            error.add_note(f"moreover: {second}")
        if isinstance(error, Stopped):
            self._signals.settle()

    def end(self, finished: RunFinished) -> None:
        """Let the background finish first, so that its complaints are kept."""
        self._tell_news()
        for subscriber in self._critical:
            subscriber(Measured())
        for listener in self._background:
            listener(finished)
        for listener in self._background:
            listener.close()
        self._pass_on()
        for subscriber in self._critical:
            subscriber(finished)

    def _answer(self, wanted: Wanted) -> Reading | TwinError | None:
        match wanted:
            case Expect():
                return self._expect(wanted)
            case Result():
                self._tell(Noted(RESULT, {**wanted.found, "name": self.label()}))
                return None
            case _:
                return self._play(wanted)

    def _advance(self, protocol: Callable[[], Wanted]) -> Wanted | None:
        """Let the protocol go on to what it wants next; None at its end."""
        try:
            with self._signals.open():
                return protocol()
        except StopIteration:
            return None
        except SystemExit as error:
            # The program would leave with that exit code, as if all were well.
            raise RuntimeError("a protocol returns or raises, but does not exit the program") from error

    def _heed(self) -> None:
        """Between drives: end or pause if that was asked for. A held level is not left alone for a pause."""
        self._requests.look()
        if self._requests.pause and not self._holds:
            self._pause()

    def _pause(self) -> None:
        begun, clock = utc_now(), self._requests.clock
        since = clock.now()
        self._tell(Noted("pausing", {"drives": self._index + 1}))
        try:
            with self._signals.open():
                self._requests.wait(self.idle)
        finally:
            span = {"from": begun.isoformat(), "until": utc_now().isoformat(), "s": clock.now() - since}
            self._tell(Noted("paused", span))

    def _expect(self, question: Expect) -> Expectation | TwinError:
        """Ask the twin and note its answer; the chip's limits hold for questions, too."""
        if self.oracle is None:
            raise UsageError(
                f"step {self.label()} asks a twin, and there is none: the protocol's file has to say needs = "
                "{ twin = true }, and whoever plays it which model follows the chip: --twin CHIP"
            )
        check(question.drive, self._chip.limits, self._chip.terminals)
        try:
            answer = self._wait_for(self.oracle.ask(question.drive, self._index), question.within)
        except TwinError as error:
            answer = error
        self._tell(note_of(question.drive, self._index, answer))
        return answer

    def _wait_for(self, answers: Generator[Expectation | None, None, None], within: float) -> Expectation:
        """Wait for an answer, and do meanwhile what has to be done while a level may stand."""
        clock = self._requests.clock
        late = clock.now() + within
        with self._signals.open(), closing(answers):
            for answer in answers:
                if answer is not None:
                    return answer
                if clock.now() >= late:
                    break
                self.idle()
                self._requests.look()
        raise TwinError(f"the twin did not answer within {show(within, 's')}: it is stopped, stuck or too slow")

    def _play(self, drive: Drive) -> Reading:
        if not isinstance(drive, Drive):  # pyright: ignore[reportUnnecessaryIsInstance] - a lab's own step may do so
            raise UsageError(f"a protocol yields drives, questions to its twin, and results, not {drive!r}")
        self._index, self._first, self._blocks = self._index + 1, 0, []
        label, closed = self.label(), self._relays()
        with self._signals.open():
            blocks = self._chip.apply(drive)
        try:
            self._tell(DriveStarted(self._index, drive, label))
            self._receive(blocks, drive)
        finally:
            self._rest(blocks, drive)
        if self._first != drive.steps:
            raise AnswerError(f"drive {self._index} has {drive.steps} steps, but {self._first} samples came back")
        self._holds = drive.hold
        relays = self._relays()
        self._tell(DriveFinished(self._index, None if relays is None or closed is None else relays - closed))
        self._tell_news()
        return join(self._blocks)

    def _relays(self) -> int | None:
        return None if self.telling is None else self.telling.relays

    def _tell_news(self) -> None:
        for noted in () if self.telling is None else self.telling.news():
            self._tell(noted)

    def _receive(self, blocks: Iterator[Reading], drive: Drive) -> None:
        signals, requests = self._signals, self._requests
        with signals.open():
            # Kept in an attribute: an interrupt between arrival and record must not lose the block.
            for self._arrived in blocks:
                signals.wait()
                self._keep(drive)
                # A drive whose samples are all there is whole; but levels that it holds must not outlive the run.
                if self._first < drive.steps or drive.hold:
                    requests.look()
                signals.let()

    def _rest(self, blocks: Iterator[Reading], drive: Drive) -> None:
        close = getattr(blocks, "close", None)
        try:
            if close is not None:
                close()
        finally:
            self._keep(drive)

    def _keep(self, drive: Drive) -> None:
        """Record a block. One without steps only says that the drive goes on."""
        block, self._arrived = self._arrived, None
        if block is None or not block.steps:
            return
        first, forces = self._first, len(drive.forces)
        if first + block.steps > drive.steps or block.voltage.shape != (block.steps, forces):
            raise AnswerError(
                f"drive {self._index} has {drive.steps} steps of {forces} forces, but after {first} steps came "
                f"{block.voltage.shape[0]} more of {block.voltage.shape[1]}"
            )
        self._first += block.steps
        self._blocks.append(block)
        self._tell(BlockArrived(self._index, first, block))

    def _tell(self, event: Event) -> None:
        for subscriber in self._critical:
            subscriber(event)
        for listener in self._background:
            listener(event)
        self._pass_on()

    def _pass_on(self) -> None:
        """What listeners found or complain of is kept, too; others in the background read it from the record."""
        for listener in self._background:
            complaint = listener.complaint()
            for event in (*listener.findings(), *(() if complaint is None else (complaint,))):
                for subscriber in self._critical:
                    subscriber(event)
