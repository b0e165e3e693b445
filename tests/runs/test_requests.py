"""Stop, pause and continue from another terminal."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive
from nwlab.core.errors import Stopped, StorageError
from nwlab.core.events import BlockArrived, DriveStarted, Event, Noted
from nwlab.core.reading import Reading
from nwlab.core.record import RunInfo
from nwlab.runs.interrupts import interrupts
from nwlab.runs.player import play
from nwlab.runs.recording import load_run
from nwlab.runs.requests import OFTEN, Request, Requests, ask, is_waiting
from nwlab.runs.runner import record_run

INFO = RunInfo("asked")


class Ticking(OhmicChip):
    """Says "the drive goes on, nothing new" before each block."""

    def apply(self, drive: Drive):
        nothing = np.zeros((0, len(drive.forces)))
        tick = Reading(
            0.0, np.zeros(0), nothing, nothing, nothing, nothing, nothing.astype(np.bool_), nothing.astype(np.bool_)
        )
        for block in super().apply(drive):
            yield tick
            yield block


def test_ticks_are_told_to_nobody() -> None:
    events: list[Event] = []
    play(several(volts([1, 2, 3])), Ticking(block=1), (events.append,))
    assert [event.first for event in events if isinstance(event, BlockArrived)] == [0, 1, 2]


def test_a_tick_is_a_moment_to_stop() -> None:
    requests, events = Requests(), []

    class Long(Ticking):
        def apply(self, drive: Drive):
            for block in super().apply(drive):
                requests.stop()
                yield block
                assert block.steps == 0, "played on after the tick"

    chip = Long(block=10)
    with pytest.raises(Stopped):
        play(several(volts([1] * 10)), chip, (events.append,), requests=requests)
    assert not any(isinstance(event, BlockArrived) for event in events)
    assert chip.rested == 1


def test_a_file_in_the_folder_stops_the_run_after_its_block(tmp_path: Path) -> None:
    folder, clock = tmp_path / "r", VirtualClock()

    def at_block(block: int) -> None:
        clock.sleep(0.05)
        if block == 5:
            ask(folder, Request.STOP)

    with pytest.raises(Stopped, match="stopped by `nwlab stop`"):
        record_run(
            several(volts([1] * 100)),
            OhmicChip(block=1, at_block=at_block),
            folder,
            INFO,
            requests=Requests(clock),
        )
    run = load_run(folder)
    assert (run.status, run.exit_code, run.reason) == ("interrupted", 130, "stopped by `nwlab stop`")
    assert 6 <= run.samples <= 6 + OFTEN / 0.05
    assert not is_waiting(folder, Request.STOP)


def test_the_folder_is_looked_at_a_few_times_a_second_at_most(tmp_path: Path) -> None:
    clock, taken = VirtualClock(), []
    requests = Requests(clock)
    requests.watch(tmp_path)
    for _ in range(1000):
        if not is_waiting(tmp_path, Request.CONTINUE):
            ask(tmp_path, Request.CONTINUE)
        requests.look()
        taken.append(not is_waiting(tmp_path, Request.CONTINUE))
        clock.sleep(0.001)
    assert sum(taken) == pytest.approx(1.0 / OFTEN, abs=1)


class Pausing:
    """Asks for a pause at a block, and for its end after some signs of life."""

    def __init__(self, folder: Path, at: int, then: Request = Request.CONTINUE) -> None:
        self.folder, self.at, self.then = folder, at, then
        self.clock, self.idle, self.played = VirtualClock(), 0, []

    def at_block(self, block: int) -> None:
        self.clock.sleep(1.0)
        self.played.append(self.idle)
        if block == self.at:
            ask(self.folder, Request.PAUSE)

    def on_idle(self) -> None:
        self.idle += 1
        if self.idle == 50:
            ask(self.folder, self.then)


def test_a_pause_begins_between_drives_and_is_in_the_record(tmp_path: Path) -> None:
    pausing = Pausing(tmp_path / "r", 1)
    chip = OhmicChip(block=1, at_block=pausing.at_block)
    run = record_run(
        several(volts([1, 2, 3]), volts([4])),
        chip,
        tmp_path / "r",
        INFO,
        requests=Requests(pausing.clock),
        idle=pausing.on_idle,
    )
    assert (run.status, run.samples) == ("finished", 4)
    begin, end = run.notes
    assert (begin["kind"], begin["content"]) == ("pausing", {"drives": 1})
    assert end["kind"] == "paused"
    assert set(end["content"]) == {"from", "until", "s"}
    assert end["content"]["s"] == pytest.approx(5.0, abs=0.5)
    assert pausing.played[:3] == [0, 0, 0]
    assert pausing.idle >= 50
    assert sorted(path.name for path in run.path.iterdir()) == ["blocks.bin", "journal.jsonl", "run.json"]


def test_signs_of_life_come_several_times_a_second(tmp_path: Path) -> None:
    pausing = Pausing(tmp_path / "r", 0)
    times: list[float] = []

    def idle() -> None:
        times.append(pausing.clock.now())
        pausing.on_idle()

    chip = OhmicChip(at_block=pausing.at_block)
    requests = Requests(pausing.clock)
    record_run(several(volts([1]), volts([1])), chip, tmp_path / "r", INFO, requests=requests, idle=idle)
    assert np.diff(times).max() <= 0.25


def test_a_held_level_is_not_left_alone_for_a_pause(tmp_path: Path) -> None:
    pausing, events = Pausing(tmp_path, 0), []
    held = Drive(np.array([0.1]), (force([1]),), hold=True)
    requests = Requests(pausing.clock)
    requests.watch(tmp_path)
    play(
        several(held, held, volts([2]), volts([3])),
        OhmicChip(at_block=pausing.at_block),
        (events.append,),
        requests=requests,
        idle=pausing.on_idle,
    )
    order = [event.index if isinstance(event, DriveStarted) else event.kind for event in events if is_told(event)]
    assert order == [0, 1, 2, "pausing", "paused", 3]


def is_told(event: Event) -> bool:
    return isinstance(event, DriveStarted | Noted)


def test_a_run_is_stopped_while_it_pauses(tmp_path: Path) -> None:
    pausing = Pausing(tmp_path / "r", 0, Request.STOP)
    with pytest.raises(Stopped, match="nwlab stop"):
        record_run(
            several(volts([1]), volts([2])),
            OhmicChip(at_block=pausing.at_block),
            tmp_path / "r",
            INFO,
            requests=Requests(pausing.clock),
            idle=pausing.on_idle,
        )
    run = load_run(tmp_path / "r")
    assert [note["kind"] for note in run.notes] == ["pausing", "paused"]
    assert (run.samples, run.exit_code) == (1, 130)


@pytest.mark.fault(25, "Ctrl-C ends a run that pauses.")
def test_ctrl_c_while_a_run_pauses(tmp_path: Path) -> None:
    pausing = Pausing(tmp_path, 0)
    requests = Requests(pausing.clock)
    requests.watch(tmp_path)

    def idle() -> None:
        pausing.idle += 1
        os.kill(os.getpid(), 2)

    with interrupts(), pytest.raises(KeyboardInterrupt):
        play(several(volts([1]), volts([2])), OhmicChip(at_block=pausing.at_block), requests=requests, idle=idle)
    assert pausing.idle == 1


def test_the_last_of_pause_and_continue_counts(tmp_path: Path) -> None:
    requests = Requests(VirtualClock())
    requests.watch(tmp_path)
    ask(tmp_path, Request.PAUSE)
    ask(tmp_path, Request.CONTINUE)
    requests.look()
    assert not requests.pause
    ask(tmp_path, Request.CONTINUE)
    ask(tmp_path, Request.PAUSE)
    requests = Requests(VirtualClock())
    requests.watch(tmp_path)
    requests.look()
    assert requests.pause


def test_a_request_that_cannot_be_left_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be left"):
        ask(tmp_path / "nowhere", Request.STOP)


def test_the_first_reason_to_stop_counts() -> None:
    requests = Requests()
    threads = [threading.Thread(target=requests.stop, args=(Stopped(str(count)),)) for count in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(Stopped) as first:
        requests.look()
    requests.stop(Stopped("later"))
    with pytest.raises(Stopped) as second:
        requests.look()
    assert first.value is second.value
