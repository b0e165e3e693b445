"""Time left and room left."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.clock import VirtualClock
from nwlab.core.record import RunInfo
from nwlab.live.run.disk import Disk, look_at
from nwlab.live.run.pace import Pace, fraction
from nwlab.live.scene.scene import Progress
from nwlab.runs.player import play
from nwlab.runs.store import Store


def test_the_rest_takes_as_long_as_the_part_that_was_watched_says() -> None:
    """A late comer does not know how long the first half took, and need not."""
    clock, progress = VirtualClock(), Progress(duration=100.0, done=50.0)
    pace = Pace(clock)
    pace.look(progress)
    assert pace.left(progress) is None
    for _ in range(10):
        clock.sleep(2.0)
        progress.done += 1.0
        pace.look(progress)
    assert pace.left(progress) == pytest.approx(80.0)


def test_pauses_do_not_count() -> None:
    clock, progress = VirtualClock(), Progress(steps=100)
    pace = Pace(clock)
    for paused in (False, True):
        progress.paused = paused
        for _ in range(10):
            clock.sleep(1.0)
            progress.samples += 0 if paused else 5
            pace.look(progress)
    assert pace.left(progress) == pytest.approx(50 / 5, rel=0.2)


def test_nobody_knows_how_long_an_open_run_takes() -> None:
    progress = Progress(samples=5, done=3.0)
    assert fraction(progress) is None
    assert Pace(VirtualClock()).left(progress) is None
    assert fraction(Progress(steps=10, samples=20)) == 1.0


def test_room_for_the_rest_is_judged_by_what_came_before(tmp_path: Path) -> None:
    play(several(volts([1.0] * 100)), OhmicChip(block=1), (Store(tmp_path, RunInfo("x")),))
    taken = sum(path.stat().st_size for path in (tmp_path / "journal.jsonl", tmp_path / "blocks.bin"))
    disk = look_at(tmp_path, Progress(steps=300, samples=100))
    assert disk.needed == pytest.approx(2 * taken)
    assert not disk.is_short
    assert look_at(tmp_path, Progress(samples=100)).needed is None
    assert Disk(free=5e6, needed=1e7).is_short
    assert Disk(free=5e6, needed=None).is_short
    assert not Disk(free=5e6, needed=1e5).is_short
