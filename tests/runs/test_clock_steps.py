"""The time of day is set while a run goes on."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.clock import VirtualClock
from nwlab.core.record import RunInfo
from nwlab.runs.player import play
from nwlab.runs.recording import Run, load_run
from nwlab.runs.store import Store

EAST = timezone(timedelta(hours=2))


class Times:
    """A monotonic clock and a time of day, which agree until the latter is set."""

    def __init__(self) -> None:
        self.clock, self.set = VirtualClock(), timedelta()

    def wall(self) -> datetime:
        return datetime(2026, 10, 25, 2, 59, tzinfo=EAST) + timedelta(seconds=self.clock.now()) + self.set


def recorded(folder: Path, steps: dict[int, float], each: float = 0.4) -> Run:
    """A run of 40 blocks, `each` s apart; before block n the time of day is set by steps[n] s."""
    times = Times()

    def at_block(block: int) -> None:
        times.clock.sleep(each)
        times.set += timedelta(seconds=steps.get(block, 0.0))

    store = Store(folder, RunInfo("x"), times.clock, times.wall)
    play(several(volts(np.linspace(0, 1, 40))), OhmicChip(block=1, at_block=at_block), (store,))
    return load_run(folder)


def steps_of(run: Run) -> list[float]:
    return [note["content"]["s"] for note in run.notes if note["kind"] == "clock step"]


@pytest.mark.fault(38, "The time of day is set forth or back: noted with its size; times of samples are not touched.")
@pytest.mark.parametrize("step", [3600.0, -3600.0, 1.5, -1.5])
def test_a_step_of_the_time_of_day_is_noted(tmp_path: Path, step: float) -> None:
    run, still = recorded(tmp_path / "r", {7: step}), recorded(tmp_path / "s", {})
    assert steps_of(run) == [pytest.approx(step, abs=1e-3)]
    (note,) = run.notes
    came, went = (datetime.fromisoformat(note["content"][key]) for key in ("from", "to"))
    assert (went - came).total_seconds() == pytest.approx(step, abs=1e-3)
    np.testing.assert_array_equal(run.rows().time, still.rows().time)
    assert steps_of(still) == []


@pytest.mark.fault(38, "A clock that is slewed by an NTP daemon is no step; two steps are two notes, the last one too.")
def test_slow_corrections_are_no_steps_and_late_ones_count(tmp_path: Path) -> None:
    assert steps_of(recorded(tmp_path / "slewed", dict.fromkeys(range(40), 0.2))) == []
    assert steps_of(recorded(tmp_path / "late", {5: 10.0, 39: -20.0})) == pytest.approx([10.0, -20.0], abs=1e-3)


@pytest.mark.fault(38, "Wall times are kept with their offset from UTC, also through a change to winter time.")
def test_wall_times_have_their_offset(tmp_path: Path) -> None:
    run = recorded(tmp_path / "r", {})
    assert run.started is not None
    assert run.ended is not None
    assert run.started.utcoffset() == timedelta(hours=2)
    assert (run.ended - run.started).total_seconds() == pytest.approx(40 * 0.4, abs=0.5)

    times, winter = Times(), timezone(timedelta(hours=1))

    def changing() -> datetime:
        return times.wall().astimezone(EAST if times.clock.now() < 60 else winter)

    store = Store(tmp_path / "winter", RunInfo("x"), times.clock, changing)
    chip = OhmicChip(block=1, at_block=lambda block: times.clock.sleep(40))
    play(several(volts([1, 2, 3, 4])), chip, (store,))
    run = load_run(tmp_path / "winter")
    assert run.started is not None
    assert run.ended is not None
    assert (run.started.utcoffset(), run.ended.utcoffset()) == (timedelta(hours=2), timedelta(hours=1))
    assert (run.ended - run.started).total_seconds() == pytest.approx(160.0)
    assert steps_of(run) == []
