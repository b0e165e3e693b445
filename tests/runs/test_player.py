"""How drives are played, and what everyone is told."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import numpy as np
import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.chip import CheckedChip
from nwlab.core.drive import Drive
from nwlab.core.errors import AnswerError, DriveError, StorageError, UnsafeError, UsageError, WireError
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
)
from nwlab.core.reading import Reading
from nwlab.runs.background import Background
from nwlab.runs.interrupts import Terminated, interrupts
from nwlab.runs.player import play


def played(drives: Generator[Drive, Reading, None], chip: OhmicChip, **options: object) -> list[Event]:
    events: list[Event] = []
    try:
        play(drives, chip, (events.append,), **options)
    except BaseException as error:
        events.append(Noted("raised", {"error": error}))
    return events


def test_tells_everything_in_order_and_sends_back_the_joined_reading() -> None:
    sent: list[Reading] = []

    def protocol() -> Generator[Drive, Reading, None]:
        sent.append((yield volts([1, 2, 3, 4, 5])))
        sent.append((yield volts([6, 7])))

    events = played(protocol(), OhmicChip(block=2), label=lambda: "step", outline=Outline(7))
    kinds = [type(event) for event in events]
    first = [DriveStarted, BlockArrived, BlockArrived, BlockArrived, DriveFinished]
    assert kinds == [RunStarted, *first, DriveStarted, BlockArrived, DriveFinished, Measured, RunFinished]
    assert [event.first for event in events if isinstance(event, BlockArrived)] == [0, 2, 4, 0]
    assert events[0] == RunStarted(("A", "B", "C"), 7, None)
    assert events[-1] == RunFinished("finished", 0)
    np.testing.assert_allclose(sent[0].current[:, 0], np.arange(1, 6) / 1e4)
    assert sent[1].steps == 2


@pytest.mark.parametrize(
    ("number", "error", "code", "blocks"),
    [(signal.SIGINT, KeyboardInterrupt, 130, 3), (signal.SIGTERM, Terminated, 143, 2)],
    ids=["Ctrl-C waits for the block", "SIGTERM does not"],
)
def test_signal_keeps_every_block_that_arrived_and_rests(
    number: signal.Signals, error: type[BaseException], code: int, blocks: int
) -> None:
    def strike(block: int) -> None:
        if block == 2:
            os.kill(os.getpid(), number)

    chip = OhmicChip(block=1, at_block=strike)
    closed: list[bool] = []

    def protocol() -> Generator[Drive, Reading, None]:
        try:
            yield volts([1, 2, 3, 4, 5])
        finally:
            closed.append(True)

    with interrupts():
        events = played(protocol(), chip)
    assert isinstance(events[-1], Noted)
    assert isinstance(events[-1].content["error"], error)
    assert events[-2] == RunFinished("interrupted", code, events[-2].reason)
    assert sum(isinstance(event, BlockArrived) for event in events) == blocks
    assert (chip.rested, closed) == (1, [True])


def test_signal_while_a_block_is_recorded_waits_until_it_is() -> None:
    kept: list[int] = []

    def slow_store(event: Event) -> None:
        if isinstance(event, BlockArrived):
            os.kill(os.getpid(), signal.SIGINT)
            kept.append(event.first)

    with interrupts(), pytest.raises(KeyboardInterrupt):
        play(several(volts([1, 2, 3])), OhmicChip(block=1), (slow_store,))
    assert kept == [0]


def test_hammered_ctrl_c_does_not_interrupt_the_way_to_rest() -> None:
    class Patient(OhmicChip):
        def close(self) -> None:
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGINT)
            super().close()

    chip = Patient(block=1, at_block=lambda block: os.kill(os.getpid(), signal.SIGTERM))
    with interrupts():
        events = played(several(volts([1])), chip, close=True)
    assert chip.closed == 1
    assert isinstance(events[-2], RunFinished)
    assert events[-2].exit_code == 143


@pytest.mark.parametrize(("error", "code"), [(WireError("lost"), 5), (UnsafeError("look"), 7), (ValueError("bug"), 1)])
def test_failure_has_its_exit_code_and_keeps_what_arrived(error: Exception, code: int) -> None:
    def fail(block: int) -> None:
        if block == 1:
            raise error

    chip = OhmicChip(block=2, at_block=fail)
    events = played(several(volts([1, 2, 3])), chip)
    finished = [event for event in events if isinstance(event, RunFinished)]
    assert [(event.status, event.exit_code) for event in finished] == [("failed", code)]
    assert sum(isinstance(event, BlockArrived) for event in events) == 1
    assert chip.rested == 1
    told = [event.content["text"] for event in events if isinstance(event, Noted) and event.kind == "traceback"]
    assert len(told) == (code == 1)


def test_refused_drive_is_not_started() -> None:
    events = played(several(volts([1]), volts([9])), CheckedChip(OhmicChip()))
    assert [event.index for event in events if isinstance(event, DriveStarted)] == [0]
    assert isinstance(events[-1].content["error"], DriveError)
    assert events[-2].exit_code == 4


def test_fewer_samples_than_steps_are_not_taken_for_a_whole_drive() -> None:
    class Forgetful(OhmicChip):
        def apply(self, drive: Drive) -> Generator[Reading, None, None]:
            blocks = list(super().apply(drive))
            yield from blocks[:-1]

    events = played(several(volts([1, 2, 3])), Forgetful(block=1))
    assert isinstance(events[-1].content["error"], AnswerError)
    assert not any(isinstance(event, DriveFinished) for event in events)


def test_protocol_that_yields_something_else_is_told_so() -> None:
    events = played((each for each in ["up"]), OhmicChip())  # type: ignore[arg-type]
    assert isinstance(events[-1].content["error"], UsageError)


def test_critical_failure_stops_the_run_at_rest() -> None:
    chip = OhmicChip(block=1)

    def full(event: Event) -> None:
        if isinstance(event, BlockArrived) and event.first == 1:
            raise StorageError("disk full")

    seen: list[Event] = []
    with pytest.raises(StorageError):
        play(several(volts([1, 2, 3])), chip, (full, seen.append))
    assert chip.rested == 1
    assert seen[-1] == RunFinished("failed", 6, "disk full")


def test_failed_listener_is_noted_once_and_the_run_goes_on() -> None:
    def plot(event: Event) -> None:
        raise RuntimeError("no display")

    events: list[Event] = []
    play(several(volts([1, 2, 3])), OhmicChip(block=1), (events.append,), background=(Background(plot, "plot"),))
    notes = [event for event in events if isinstance(event, Noted)]
    assert [note.kind for note in notes] == ["subscriber failed"]
    assert "no display" in str(notes[0].content)
    assert events[-1] == RunFinished("finished", 0)


def test_chip_that_cannot_be_made_safe_overrules_the_first_error() -> None:
    class Stuck(OhmicChip):
        def close(self) -> None:
            raise UnsafeError("output A is still on")

    def fail(block: int) -> None:
        raise WireError("lost")

    events = played(several(volts([1])), Stuck(at_block=fail), close=True)
    assert isinstance(events[-1].content["error"], UnsafeError)
    assert next(event.exit_code for event in events if isinstance(event, RunFinished)) == 7
