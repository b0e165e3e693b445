"""Blocks that are followed together tell what each would have told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from twin.records import LAW, START, STEP_SD, VOLT, record

from nwlab.core.events import BlockArrived, Event, Expected, Noted
from nwlab.twin.alarms import Alarms
from nwlab.twin.batches import Batches, parted
from nwlab.twin.companion import Companion
from nwlab.twin.scalar import ScalarTwin


def companion() -> Companion:
    return Companion(ScalarTwin(LAW, START, VOLT * 0.3 * STEP_SD), Alarms())


def in_batches(events: list[Event]) -> list[Event]:
    twin, batches = companion(), Batches()
    told: list[Event] = []
    for batch in batches(events):
        for each in twin(batch.event):
            told += parted(each, batch.sizes) if isinstance(each, Expected) else [each]
    return told


def test_what_is_told_is_the_same() -> None:
    events = list(record([(LAW, 300)], seed=3).events(1))
    alone, twin = list[Event](), companion()
    for event in events:
        alone += twin(event)
    together = in_batches(events)
    mine, yours = ([each for each in told if isinstance(each, Expected)] for told in (together, alone))
    assert [each.first for each in mine] == [each.first for each in yours] == list(range(300))
    for one, other in zip(mine, yours, strict=True):
        assert one.mean == pytest.approx(other.mean, rel=1e-9)
        assert one.z == pytest.approx(other.z, abs=1e-6)
    notes = [[each.content.get("step") for each in told if isinstance(each, Noted)] for told in (together, alone)]
    assert notes[0] == notes[1]


def test_what_does_not_follow_is_not_joined() -> None:
    started, *blocks = record([(LAW, 100)], seed=3).events(10)
    assert [batch.sizes for batch in Batches()([started, *blocks])] == [(), (10,) * 10]
    note = Noted("resumed")
    assert [batch.sizes for batch in Batches()([started, *blocks[:2], note, *blocks[2:]])] == [
        (),
        (10, 10),
        (),
        (10,) * 8,
    ]
    assert [batch.sizes for batch in Batches()([started, *blocks[:2], *blocks[3:]])] == [(), (10, 10), (10,) * 7]
    late = [
        replace(block, reading=replace(block.reading, onset=block.reading.onset + 5.0 * (number > 4)))
        for number, block in enumerate(blocks)
        if isinstance(block, BlockArrived)
    ]
    assert [batch.sizes for batch in Batches()([started, *late])] == [(), (10,) * 5, (10,) * 5]
    assert np.concatenate([batch.sizes for batch in Batches()(blocks)]).tolist() == [10] * 10  # drive unknown
