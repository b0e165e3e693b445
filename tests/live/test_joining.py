"""Joined blocks say what the single ones said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.events import BlockArrived, DriveFinished, DriveStarted, Event, Expected, Noted
from nwlab.live.scene.joining import Joiner
from nwlab.live.scene.scene import Scene
from nwlab.runs.player import play


def played(block: int) -> list[Event]:
    events: list[Event] = []
    play(several(volts(np.arange(1, 41)), volts([2] * 7)), OhmicChip(block=block), (events.append,))
    return events


def shown(events: list[Event]) -> Scene:
    scene = Scene()
    for event in events:
        scene.take(event)
    return scene


@given(block=some.integers(1, 50), cuts=some.lists(some.integers(1, 30), max_size=6))
@settings(max_examples=30, deadline=None)
def test_whoever_draws_joined_blocks_draws_the_same(block: int, cuts: list[int]) -> None:
    events, joiner = played(block), Joiner()
    joined: list[Event] = []
    for first, last in zip([0, *np.cumsum(cuts)], [*np.cumsum(cuts), len(events)], strict=True):
        joined += joiner(events[first:last])
    one, other = shown(events), shown(joined)
    assert other.progress == one.progress
    for name in ("conductance", "voltage", "current"):
        mine, theirs = (getattr(scene.lines[0, 1], name).view(-1, 99, 1000) for scene in (other, one))
        assert mine.time == pytest.approx(theirs.time)
        assert mine.value == pytest.approx(theirs.value)
        assert mine.after_rest.tolist() == theirs.after_rest.tolist()


def test_blocks_of_one_drive_become_one() -> None:
    kinds = [type(event) for event in Joiner()(played(1))]
    assert kinds.count(BlockArrived) == 2
    assert kinds.count(DriveStarted) == kinds.count(DriveFinished) == 2


def test_a_gap_within_a_drive_stays_one() -> None:
    """The rest of a drive that was cut off and resumed comes late."""
    start, *blocks = (event for event in played(4) if isinstance(event, BlockArrived | DriveStarted))
    first, second, third = (event for event in blocks[:3] if isinstance(event, BlockArrived))
    late = [
        replace(block, reading=replace(block.reading, onset=block.reading.onset + 5.0)) for block in (second, third)
    ]
    joined = list(Joiner()([start, first, *late]))
    assert [event.reading.steps for event in joined if isinstance(event, BlockArrived)] == [4, 8]


def test_expectations_come_after_their_blocks_and_notes_keep_their_place() -> None:
    start, first, second, *_ = played(4)[1:]
    expected = Expected(0, 0, np.ones((4, 1)), np.ones((4, 1)))
    note = Noted("alarm", {"text": "now"})
    joined = list(Joiner()([start, first, expected, second, note]))
    assert [type(event) for event in joined] == [DriveStarted, BlockArrived, Expected, Noted]
