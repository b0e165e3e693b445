"""Blocks that are followed together tell what each would have told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from twin.records import LAW, START, STEP_SD, VOLT, record

from nwlab.core.events import BlockArrived, Event, Expected, Noted
from nwlab.twin.alarms import Alarms
from nwlab.twin.batches import Batches
from nwlab.twin.companion import Companion
from nwlab.twin.scalar import ScalarTwin


def told(events: Iterable[Event]) -> list[Event]:
    companion = Companion(ScalarTwin(LAW, START, VOLT * 0.3 * STEP_SD), Alarms())
    return [each for event in events for each in companion(event)]


def test_what_is_told_is_the_same() -> None:
    events = list(record([(LAW, 300)], seed=3).events(1))
    together, alone = told(Batches()(events)), told(events)
    (mine,) = (each for each in together if isinstance(each, Expected))
    yours = [each for each in alone if isinstance(each, Expected)]
    assert len(yours) == 300
    assert mine.mean == pytest.approx(np.concatenate([each.mean for each in yours]), rel=1e-9)
    assert mine.z == pytest.approx(np.concatenate([each.z for each in yours if each.z is not None]), abs=1e-6)
    notes = [[each.content["step"] for each in told if isinstance(each, Noted)] for told in (together, alone)]
    assert notes[0] == notes[1]
    assert notes[0]


def sizes(events: Iterable[Event]) -> list[int]:
    """How many samples each event has; 0 for what is no block."""
    return [each.reading.steps if isinstance(each, BlockArrived) else 0 for each in Batches()(events)]


def test_what_does_not_follow_is_not_joined() -> None:
    started, *blocks = record([(LAW, 100)], seed=3).events(10)
    assert sizes([started, *blocks]) == [0, 100]
    assert sizes([started, *blocks[:2], Noted("resumed"), *blocks[2:]]) == [0, 20, 0, 80]
    assert sizes([started, *blocks[:2], *blocks[3:]]) == [0, 20, 70]
    late = [
        replace(block, reading=replace(block.reading, onset=block.reading.onset + 5.0 * (number > 4)))
        for number, block in enumerate(blocks)
        if isinstance(block, BlockArrived)
    ]
    assert sizes([started, *late]) == [0, 50, 50]
    assert sizes(blocks) == [10] * 10  # of a drive that is not known
