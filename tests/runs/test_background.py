"""Listeners that are slow or broken."""

from __future__ import annotations

import threading

import numpy as np

from nwlab.core.drive import Drive
from nwlab.core.events import BlockArrived, DriveStarted, Event, RunFinished
from nwlab.core.reading import Reading
from nwlab.runs.background import Background

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


def test_hanging_listener_is_left_behind() -> None:
    gate = threading.Event()
    listener = Background(lambda event: gate.wait(10) and None)
    listener(RunFinished("finished", 0))
    listener.close(0.01)
    gate.set()
