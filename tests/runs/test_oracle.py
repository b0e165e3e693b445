"""Protocols that ask what a drive would give before they play it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, volts

from nwlab.core.chip import CheckedChip
from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive
from nwlab.core.errors import DriveError, Stopped, TwinError, UsageError, WireError
from nwlab.core.events import DriveStarted, Event, Noted, RunFinished
from nwlab.core.expect import Expect, Expectation
from nwlab.core.reading import join
from nwlab.core.record import RunInfo
from nwlab.runs.continuation import Continuation
from nwlab.runs.interrupts import interrupts
from nwlab.runs.oracle import ASKED
from nwlab.runs.player import Drives, play
from nwlab.runs.recording import Run, load_run
from nwlab.runs.requests import Requests
from nwlab.runs.runner import record_run

INFO = RunInfo("asks")


class Knowing:
    """Expects what a resistor would give, and counts; what it makes of a question is for a test to say."""

    def __init__(self, resistance: float = 1e4, meanwhile: Callable[[int], None] = lambda number: None) -> None:
        self._resistance, self._meanwhile = resistance, meanwhile
        self.asked: list[int] = []
        self.closed = 0

    def ask(self, drive: Drive, after: int) -> Generator[Expectation | None, None, None]:
        self.asked.append(after)
        reading = join(OhmicChip(self._resistance).apply(drive))
        try:
            for number in range(3):
                yield None
                self._meanwhile(number)
            columns = (reading.onset, reading.time, reading.aperture, reading.voltage, reading.current)
            sd = 0.01 * np.abs(reading.current)
            yield Expectation(reading.start, *columns, reading.in_compliance, reading.overflow, sd)
        finally:
            self.closed += 1


def climbing(within: float = 2.0) -> Drives:
    """Climb as long as less than 0.4 mA is expected."""
    level = 1.0
    expected: Expectation = yield Expect(volts([level]), within)
    while expected.current[0, 0] + 2 * expected.sd[0, 0] < 0.4e-3:
        yield volts([level, level])
        level += 1.0
        expected = yield Expect(volts([level]), within)


def played(drives: Drives, oracle: Knowing | None, chip: OhmicChip | CheckedChip, **options: object) -> list[Event]:
    events: list[Event] = []
    try:
        play(drives, chip, (events.append,), oracle=oracle, **options)  # type: ignore[arg-type]
    except BaseException as error:
        events.append(Noted("raised", {"error": error}))
    return events


def notes(events: list[Event]) -> list[Noted]:
    return [event for event in events if isinstance(event, Noted) and event.kind == ASKED]


def test_what_is_expected_decides_and_is_noted() -> None:
    oracle, chip = Knowing(), OhmicChip()
    events = played(climbing(), oracle, chip)
    assert events[-1] == RunFinished("finished", 0)
    assert [event.index for event in events if isinstance(event, DriveStarted)] == [0, 1, 2]
    assert oracle.asked == [-1, 0, 1, 2]
    assert oracle.closed == 4
    assert [note.content["after"] for note in notes(events)] == [-1, 0, 1, 2]
    assert notes(events)[1].content["text"] == "200 uA ± 2 uA expected in the end"
    assert chip.rested == 3


def test_without_a_twin_a_question_is_refused() -> None:
    events = played(climbing(), None, OhmicChip(), label=lambda: "1 climb")
    error = events[-1].content["error"]  # type: ignore[union-attr]
    assert isinstance(error, UsageError)
    assert "step 1 climb asks a twin" in str(error)
    assert "--twin CHIP" in str(error)
    assert "twin = true" in str(error)


def test_what_the_chip_may_not_see_is_not_asked_either() -> None:
    oracle = Knowing()
    events = played((each for each in [Expect(volts([9.0]))]), oracle, CheckedChip(OhmicChip()))  # type: ignore[arg-type]
    assert isinstance(events[-1].content["error"], DriveError)  # type: ignore[union-attr]
    assert events[-2] == RunFinished("failed", 4, events[-2].reason)  # type: ignore[union-attr]
    assert not oracle.asked


def slow(clock: VirtualClock, seconds: float) -> Knowing:
    return Knowing(meanwhile=lambda number: clock.sleep(seconds))


def test_an_answer_that_does_not_come_in_time_ends_the_run_at_rest() -> None:
    clock, chip, beats = VirtualClock(), OhmicChip(), list[float]()
    oracle = slow(clock, 0.9)
    requests = Requests(clock)
    events = played(climbing(2.0), oracle, chip, requests=requests, idle=lambda: beats.append(clock.now()))
    assert events[-1] == RunFinished("finished", 0)  # 2.7 s would be too late, but the third breath comes before 2 s
    assert beats
    clock = VirtualClock()
    events = played(climbing(1.0), slow(clock, 0.9), chip, requests=Requests(clock))
    assert events[-2] == RunFinished(
        "failed", 5, "the twin did not answer within 1 s: it is stopped, stuck or too slow"
    )
    assert isinstance(events[-1].content["error"], TwinError)  # type: ignore[union-attr]
    (note,) = notes(events)
    assert str(note.content["text"]).startswith("no answer: the twin did not answer")


def careless() -> Drives:
    """Go on without a twin that sleeps."""
    for level in (1.0, 2.0, 3.0):
        try:
            yield Expect(volts([level]), 0.5)
        except TwinError:
            level = -level  # noqa: PLW2901
        yield volts([level])


def test_a_protocol_may_do_without_an_answer() -> None:
    clock = VirtualClock()
    oracle = Knowing(meanwhile=lambda number: clock.sleep(1.0 if len(oracle.asked) == 2 else 0.0))
    events = played(careless(), oracle, OhmicChip(), requests=Requests(clock))
    assert events[-1] == RunFinished("finished", 0)
    assert ["failed" in note.content for note in notes(events)] == [False, True, False]
    started = [event.drive.forces[0].levels[0] for event in events if isinstance(event, DriveStarted)]
    assert started == [1.0, -2.0, 3.0]


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_does_not_wait_for_an_answer(presses: int) -> None:
    def strike(number: int) -> None:
        for _ in range(presses):
            os.kill(os.getpid(), signal.SIGINT)

    oracle = Knowing(meanwhile=lambda number: strike(number) if number == 0 and len(oracle.asked) == 2 else None)
    with interrupts():
        events = played(climbing(), oracle, OhmicChip())
    assert events[-2].exit_code == 130  # type: ignore[union-attr]
    assert oracle.closed == 2
    assert len(notes(events)) == 1


def test_a_stop_from_elsewhere_does_not_either() -> None:
    requests = Requests()
    oracle = Knowing(meanwhile=lambda number: requests.stop())
    events = played(climbing(), oracle, OhmicChip(), requests=requests)
    assert isinstance(events[-1].content["error"], Stopped)  # type: ignore[union-attr]


def broken(folder: Path, at: int) -> Run:
    def lose(number: int) -> None:
        if number == at:
            raise WireError("lost")

    with pytest.raises(WireError):
        record_run(climbing(), OhmicChip(block=1, at_block=lose), folder, INFO, oracle=Knowing())
    return load_run(folder)


@pytest.mark.parametrize("at", range(6))
def test_a_run_that_is_continued_remembers_what_was_answered(tmp_path: Path, at: int) -> None:
    """The twin of now knows another chip, and would have stopped the climb at once."""
    old = broken(tmp_path / "old", at)
    whole = record_run(climbing(), OhmicChip(block=1), tmp_path / "whole", INFO, oracle=Knowing())
    after = Continuation(old)
    oracle = Knowing()
    drives = after.feed(climbing())
    run = record_run(drives, OhmicChip(block=1), tmp_path / "new", INFO, after=after, oracle=oracle)
    np.testing.assert_array_equal(run.rows().current, whole.rows().current)
    assert [note["content"] for note in run.notes if note["kind"] == ASKED] == [
        note["content"] for note in whole.notes if note["kind"] == ASKED
    ]
    assert oracle.asked == list(range(at // 2, 3))


def test_a_protocol_that_asks_otherwise_is_not_continued(tmp_path: Path) -> None:
    old = broken(tmp_path / "old", 3)

    def other() -> Drives:
        yield Expect(volts([1.5]))

    with pytest.raises(UsageError, match="asks the twin another question than then"):
        Continuation(old).feed(other())


def test_a_question_that_ended_a_run_is_asked_again(tmp_path: Path) -> None:
    clock = VirtualClock()
    oracle = Knowing(meanwhile=lambda number: clock.sleep(9.0 if len(oracle.asked) == 3 else 0.0))
    with pytest.raises(TwinError):
        record_run(climbing(), OhmicChip(), tmp_path / "old", INFO, oracle=oracle, requests=Requests(clock))
    after, again = Continuation(load_run(tmp_path / "old")), Knowing()
    run = record_run(after.feed(climbing()), OhmicChip(), tmp_path / "new", INFO, after=after, oracle=again)
    assert (run.status, again.asked) == ("finished", [1, 2])


def test_what_was_done_without_an_answer_is_done_so_again(tmp_path: Path) -> None:
    clock = VirtualClock()
    oracle = Knowing(meanwhile=lambda number: clock.sleep(1.0 if len(oracle.asked) == 1 else 0.0))

    def lose(number: int) -> None:
        if number == 2:
            raise WireError("lost")

    chip = OhmicChip(at_block=lose)
    with pytest.raises(WireError):
        record_run(careless(), chip, tmp_path / "old", INFO, oracle=oracle, requests=Requests(clock))
    after, again = Continuation(load_run(tmp_path / "old")), Knowing()
    run = record_run(after.feed(careless()), OhmicChip(), tmp_path / "new", INFO, after=after, oracle=again)
    assert run.rows().voltage.tolist() == [-1.0, 2.0, 3.0]
    assert again.asked == []
