"""Plays drives on a chip and tells everyone what happens."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing

from nwlab.core.chip import Chip
from nwlab.core.drive import Drive
from nwlab.core.errors import AnswerError, NwlabError, UsageError
from nwlab.core.events import (
    BlockArrived,
    DriveFinished,
    DriveStarted,
    Event,
    Noted,
    RunFinished,
    RunStarted,
    Subscriber,
)
from nwlab.core.reading import Reading, join
from nwlab.runs.background import Background
from nwlab.runs.interrupts import held
from nwlab.runs.verdict import FINISHED, verdict

Drives = Generator[Drive, Reading, None]


def play(
    drives: Drives,
    chip: Chip,
    critical: Iterable[Subscriber] = (),
    *,
    background: Iterable[Background] = (),
    label: Callable[[], str] | None = None,
    steps: int | None = None,
    duration: float | None = None,
    close: bool = False,
) -> None:
    """Play every drive of a generator, which is sent the joined reading of each.

    `critical` subscribers are called in line, and their failure ends the run; `background` ones cannot harm it.
    `label` names the step that made the present drive; `steps` and `duration` (s) are what a dry run expects. However
    the run ends, the drive under way is aborted to rest and what had arrived is passed on; with `close` the chip is
    closed before the end is told. Raises whatever ended the run.
    """
    player = _Player(chip, tuple(critical), tuple(background), label or (lambda: ""))
    try:
        player.play(drives, RunStarted(chip.terminals, steps, duration))
        if close:
            chip.close()
    except BaseException as error:
        if close:
            player.close_after(error)
        player.fail(error)
        raise
    player.end(FINISHED)


class _Player:
    def __init__(
        self,
        chip: Chip,
        critical: tuple[Subscriber, ...],
        background: tuple[Background, ...],
        label: Callable[[], str],
    ) -> None:
        self._chip, self._critical, self._background, self._label = chip, critical, background, label
        self._index = -1
        self._blocks: list[Reading] = []
        self._first = 0
        self._arrived: Reading | None = None

    def play(self, drives: Drives, started: RunStarted) -> None:
        self._tell(started)
        with closing(drives):
            drive = next(drives, None)
            while drive is not None:
                reading = self._play(drive)
                try:
                    drive = drives.send(reading)
                except StopIteration:
                    return

    def close_after(self, error: BaseException) -> None:
        """Close the chip after a failure; a chip that cannot be closed matters more than what came before."""
        with held():
            try:
                self._chip.close()
            except Exception as worse:
                self.fail(worse)
                raise worse from error

    def fail(self, error: BaseException) -> None:
        """Tell how a run ended that did not finish; a store that fails here as well adds to the error."""
        with held():
            try:
                if isinstance(error, Exception) and not isinstance(error, NwlabError):
                    self._tell(Noted("traceback", {"text": "".join(traceback.format_exception(error))}))
                self.end(verdict(error))
            except Exception as second:
                error.add_note(f"moreover: {second}")

    def end(self, finished: RunFinished) -> None:
        """Let the background finish first, so that its complaints are kept."""
        with held():
            for listener in self._background:
                listener(finished)
            for listener in self._background:
                listener.close()
            self._pass_on_complaints()
            for subscriber in self._critical:
                subscriber(finished)

    def _play(self, drive: Drive) -> Reading:
        if not isinstance(drive, Drive):  # pyright: ignore[reportUnnecessaryIsInstance] - a lab's own step may do so
            raise UsageError(f"a protocol yields drives, not {drive!r}")
        self._index, self._first, self._blocks = self._index + 1, 0, []
        label = self._label()
        blocks = self._chip.apply(drive)
        try:
            self._tell(DriveStarted(self._index, drive, label))
            # Kept in an attribute: an interrupt between arrival and record must not lose the block.
            for self._arrived in blocks:
                self._keep(drive)
        finally:
            with held():
                self._rest(blocks)
                self._keep(drive)
        if self._first != drive.steps:
            raise AnswerError(f"drive {self._index} has {drive.steps} steps, but {self._first} samples came back")
        self._tell(DriveFinished(self._index))
        return join(self._blocks)

    def _rest(self, blocks: Iterator[Reading]) -> None:
        close = getattr(blocks, "close", None)
        if close is not None:
            close()

    def _keep(self, drive: Drive) -> None:
        with held():
            block, self._arrived = self._arrived, None
            if block is None:
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
        self._pass_on_complaints()

    def _pass_on_complaints(self) -> None:
        for listener in self._background:
            complaint = listener.complaint()
            if complaint is not None:
                for subscriber in self._critical:
                    subscriber(complaint)
