"""Listeners that are slow or broken."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.drive import Drive
from nwlab.core.events import BlockArrived, DriveStarted, Event, RunFinished
from nwlab.core.reading import Reading
from nwlab.core.record import RunInfo
from nwlab.runs.background import Background
from nwlab.runs.player import play
from nwlab.runs.recording import load_run
from nwlab.runs.store import Store

NONE = np.zeros((1, 0))
READING = Reading(0.0, np.zeros(1), NONE, NONE, NONE, NONE, NONE > 0, NONE > 0)


def test_every_event_comes_in_order_and_off_the_caller_s_thread() -> None:
    seen: list[Event] = []
    threads: set[int] = set()

    def listen(event: Event) -> None:
        seen.append(event)
        threads.add(threading.get_ident())

    listener = Background(listen)
    events = [BlockArrived(0, first, READING) for first in range(100)]
    for event in events:
        listener(event)
    listener.close()
    assert seen == events
    assert threads.isdisjoint({threading.get_ident()})
    assert listener.complaint() is None


@pytest.mark.fault(37, "A slow listener loses blocks, but not the end; what waits for it stays bounded.")
def test_slow_listener_loses_blocks_but_not_the_end_and_memory_stays_bounded() -> None:
    gate, seen = threading.Event(), []

    def slow(event: Event) -> None:
        gate.wait(10)
        seen.append(event)

    listener = Background(slow, "plot", size=5)
    for first in range(1000):
        listener(BlockArrived(0, first, READING))
    for index in range(1000):
        listener(DriveStarted(index, Drive(np.ones(1)), ""))
    listener(RunFinished("finished", 0))
    gate.set()
    listener.close(10)
    assert len(seen) <= 4 * 5 + 2
    assert seen[-1] == RunFinished("finished", 0)
    complaint = listener.complaint()
    assert complaint is not None
    assert complaint.content["events"] == 2001 - len(seen)


@pytest.mark.fault(37, "A listener that hangs does not hold the run up.")
def test_hanging_listener_is_left_behind() -> None:
    gate = threading.Event()
    listener = Background(lambda event: gate.wait(10) and None)
    listener(RunFinished("finished", 0))
    listener.close(0.01)
    gate.set()


@pytest.mark.fault(37, "While a listener is stuck every block goes into the journal; what it lost is noted there.")
def test_the_journal_drops_nothing_while_a_listener_is_stuck(tmp_path: Path) -> None:
    gate, seen = threading.Event(), []

    def stuck(event: Event) -> None:
        gate.wait(10)
        seen.append(event)

    def let_go_at_the_end(block: int) -> None:
        if block == 2999:
            gate.set()

    chip = OhmicChip(block=1, at_block=let_go_at_the_end)
    levels = np.linspace(0.1, 2, 3000)
    store, listener = Store(tmp_path / "r", RunInfo("x")), Background(stuck, "plot", size=64)
    play(several(volts(levels)), chip, (store,), background=(listener,))
    run = load_run(tmp_path / "r")
    assert run.status == "finished"
    np.testing.assert_array_equal(run.rows().level, levels)
    (note,) = run.notes
    assert (note["kind"], note["content"]["subscriber"]) == ("dropped", "plot")
    told = sum(isinstance(event, BlockArrived) for event in seen)
    assert told + note["content"]["events"] == 3000
    assert note["content"]["events"] > 2000
