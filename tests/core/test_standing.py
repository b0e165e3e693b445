"""How far a run is."""

from __future__ import annotations

import numpy as np
import pytest

from nwlab.core.drive import Drive
from nwlab.core.events import BlockArrived, DriveFinished, DriveStarted, RunFinished, RunStarted
from nwlab.core.reading import Reading
from nwlab.core.standing import Standing

DRIVE = Drive(np.array([1.0, 2.0, 3.0, 4.0]))


def block(first: int, steps: int) -> BlockArrived:
    none = np.zeros((steps, 0))
    return BlockArrived(0, first, Reading(0.0, np.zeros(steps), none, none, none, none, none > 0, none > 0))


def test_time_and_samples_of_each_block_count() -> None:
    standing = Standing()
    for event in (RunStarted(("A",), 8, 20.0), DriveStarted(0, DRIVE, "1 up"), block(0, 2)):
        standing.take(event)
    assert (standing.samples, standing.played, standing.fraction) == (2, 3.0, 0.15)
    assert standing.line(3.0) == "████░░░░░░░░░░░░░░░░░░░░  15 %  1 up  17 s left  2 samples"
    assert standing.line(3.0, width=0) == "15 %  1 up  17 s left  2 samples"


def test_blocks_that_a_slow_listener_was_not_told_of_count() -> None:
    standing = Standing()
    for event in (RunStarted(("A",), 8, 20.0), DriveStarted(0, DRIVE, "1 up"), block(3, 1), DriveFinished(0)):
        standing.take(event)
    assert (standing.samples, standing.played) == (4, 10.0)
    for event in (DriveStarted(1, DRIVE, "2 up"), DriveFinished(1)):
        standing.take(event)
    assert (standing.samples, standing.played, standing.fraction) == (8, 20.0, 1.0)
    ended = standing.ending(RunFinished("finished", 0), 5.0)
    assert ended == "finished: 8 samples, 20 s on the chip, in 5 s"


@pytest.mark.parametrize(("steps", "fraction"), [(8, 0.5), (None, None)])
def test_without_a_known_duration_samples_count(steps: int | None, fraction: float | None) -> None:
    standing = Standing()
    for event in (RunStarted(("A",), steps), DriveStarted(0, DRIVE, ""), DriveFinished(0)):
        standing.take(event)
    assert standing.fraction == fraction
    assert ("10 s played" in standing.line(1.0)) is (fraction is None)
