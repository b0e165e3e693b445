"""The time of day is set while a run goes on."""

from __future__ import annotations

import ast
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, several, volts

import nwlab
from nwlab.core.clock import VirtualClock
from nwlab.core.events import BlockArrived, Event
from nwlab.core.record import RunInfo
from nwlab.lab.opening import open_bench
from nwlab.runs.player import play
from nwlab.runs.recording import Run, load_run
from nwlab.runs.runner import record_run
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
    (note,) = (note for note in run.notes if note["kind"] == "clock step")
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


class SetClock(datetime):
    """The time of day of a computer whose clock is set an hour back, whenever that is said."""

    back = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now().astimezone() - cls.back


@pytest.mark.fault(38, "Set back by an hour in a run on a bench: it goes on, times and samples as if nothing was.")
def test_a_bench_does_not_notice_the_time_of_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def played(folder: Path, back: timedelta) -> Run:
        def step(event: Event) -> None:
            if isinstance(event, BlockArrived) and event.first:
                monkeypatch.setattr(SetClock, "back", back)

        with open_bench("virtual", chip="resistor-10k", separate=True) as chip:
            drives = several(volts(np.linspace(0.1, 2, 40)))
            record_run(drives, chip, folder, RunInfo("x"), subscribers=(step,))
        monkeypatch.setattr(SetClock, "back", timedelta())
        return load_run(folder)

    monkeypatch.setattr("nwlab.core.clock.datetime", SetClock)
    still, run = played(tmp_path / "still", timedelta()), played(tmp_path / "set", timedelta(hours=1))
    assert (run.status, run.samples, steps_of(still)) == ("finished", 40, [])
    assert steps_of(run) == [pytest.approx(-3600, abs=1)]
    for name in ("time", "start", "voltage", "current"):
        np.testing.assert_array_equal(getattr(run.rows(), name), getattr(still.rows(), name))
    assert run.ended is not None
    assert run.started is not None
    assert run.ended < run.started  # as the clock on the wall has it; both with their offset
    assert run.ended.utcoffset() is not None


@pytest.mark.fault(38, "No clock is read but in one place, and what is measured there for durations never steps.")
def test_nothing_else_reads_a_clock() -> None:
    clocks = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "now", "utcnow", "today", "sleep"}
    root = Path(nwlab.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in clocks:
                asked = node.value.id in ("time", "datetime", "date")
                assert not asked or path == root / "core" / "clock.py", f"{path}:{node.lineno}"
            assert not (isinstance(node, ast.ImportFrom) and node.module == "time"), f"{path}:{node.lineno}"
