"""What memory has thinned out comes back from the record, at the moment and with the value that was measured."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from live.experiment import Experiment
from live.showing import Shown
from live.test_plots_export import exported
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nwlab.core.events import DriveFinished, Event, Expected
from nwlab.core.record import BLOCKS, RunInfo
from nwlab.live.plots.plots import PlotArea
from nwlab.live.scene.detail import RecordDetail, close_look
from nwlab.live.scene.scene import Scene
from nwlab.runs.following import Follower
from nwlab.runs.index import Index
from nwlab.runs.store import Store


def told_once(events: Iterable[Event]) -> Iterator[Event]:
    """What is expected of all blocks of a drive comes at its end."""
    kept: list[Expected] = []
    for event in events:
        if isinstance(event, Expected):
            kept.append(event)
            continue
        if kept and isinstance(event, DriveFinished):
            mean, sd = (np.concatenate([getattr(each, name) for each in kept]) for name in ("mean", "sd"))
            yield Expected(kept[0].index, kept[0].first, mean, sd)
            kept.clear()
        yield event


def recorded(folder: Path, experiment: Iterable[Event]) -> tuple[Scene, RecordDetail]:
    """Keep a run and return what a window has of it."""
    store = Store(folder, RunInfo("x"))
    for event in experiment:
        store(event)
    store.close()
    scene = Scene()
    with Follower(folder) as follower:
        while events := follower.poll():
            for event in events:
                scene.take(event)
        index = follower.index
    return scene, RecordDetail(folder, lambda: index)


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("block", [1, 7, 400])
def test_a_stretch_of_the_record_has_its_samples_and_no_far_ones(tmp_path: Path, block: int, once: bool) -> None:
    experiment = Experiment(lines=2, drives=5, steps=400, block=block, noise=0.1, expected=True, rest=0.2)
    scene, detail = recorded(tmp_path / "r", told_once(experiment) if once else experiment)
    begin, end = 1.3, 2.1  # from drive 2, step 100, over a rest, to drive 3, step 300
    close = close_look(detail(begin, end), scene.lines, begin, end)
    for pair, line in close.lines.items():
        known = scene.lines[pair]
        assert (line.name, line.number) == (known.name, known.number)
        for trace in ("conductance", "current", "voltage", "residual", "lower", "upper"):
            mine, all_of_it = (getattr(each, trace).view(0, 10, 4000) for each in (line, known))
            inside = (all_of_it.time >= begin) & (all_of_it.time <= end)
            ours = (mine.time >= begin) & (mine.time <= end)
            assert np.array_equal(mine.time[ours], all_of_it.time[inside])
            assert np.array_equal(mine.value[ours], all_of_it.value[inside])
            assert mine.after_rest[ours].sum() == 1
        assert line.conductance.samples <= 600 + 2 * block + 400
    assert len(close.lines) == 2


def test_compliance_and_levels_are_those_of_the_step(tmp_path: Path) -> None:
    scene, detail = recorded(tmp_path / "r", Experiment(steps=300, block=10, limited=(123, 131)))
    close = close_look(detail(0.1, 0.2), scene.lines, 0.1, 0.2)
    ((begin, end),) = close.lines[0, 1].limited.spells
    assert (begin, end) == pytest.approx((0.123, 0.131))


def test_before_and_after_everything_there_is_nothing(tmp_path: Path) -> None:
    _, detail = recorded(tmp_path / "r", Experiment())
    assert [taken.column.time.size for taken in detail(-5.0, -4.0)] == []
    assert [taken.column.time[-1] for taken in detail(9.0, 10.0)] == pytest.approx([0.0995])  # what lies before it
    assert list(RecordDetail(tmp_path / "r", Index)(0.0, 1.0)) == []


def zoomed(plots: PlotArea, begin: float, end: float) -> None:
    """Look at a stretch of time as after some zooming."""
    stretch = plots._sight.stretch
    stretch.follow, stretch.begin, stretch.width = False, begin, end - begin
    plots._canvas._moved()
    QApplication.processEvents()


def waited(plots: PlotArea) -> None:
    """Wait for what was asked of the record."""
    for _ in range(2000):
        QApplication.processEvents()
        if plots._sight.close is not None or plots._sight.hint.startswith("coarse"):
            return
        QTest.qWait(5)
    raise AssertionError("nothing came")


def long_run(folder: Path) -> tuple[Scene, RecordDetail]:
    return recorded(folder, Experiment(drives=4, steps=50_000, block=1000, noise=0.05, rest=0.1))


def test_detail_replaces_coarse_points_where_one_zooms_in(shown: Shown, tmp_path: Path) -> None:
    scene, detail = long_run(tmp_path / "r")
    plots = shown(scene)
    zoomed(plots, 20.0, 21.0)
    (coarse,) = plots._sight.lines
    assert coarse.conductance.view(20.0, 21.0, 2000).time.size < 400
    plots.detail = detail
    zoomed(plots, 20.0, 21.0)
    waited(plots)
    (fine,) = plots._sight.lines
    points = fine.conductance.view(20.0, 21.0, 2000)
    inside = (points.time >= 20.0) & (points.time <= 21.0)
    assert inside.sum() == 1000
    assert np.isin(coarse.conductance.view(20.0, 21.0, 2000).value[1:-1], points.value).all()
    QApplication.processEvents()
    assert plots._sight.hint == ""
    zoomed(plots, 20.2, 20.3)  # inside of what has come
    assert plots._sight.lines == (fine,)
    zoomed(plots, 150.0, 200.0)  # memory has that
    assert plots._sight.lines == (coarse,)


def test_a_table_of_the_past_has_every_sample(shown: Shown, tmp_path: Path) -> None:
    scene, detail = long_run(tmp_path / "r")
    plots = shown(scene)
    plots.detail = detail
    zoomed(plots, 10.0, 40.0)
    exported(plots, tmp_path / "seen.csv")
    with (tmp_path / "seen.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert len(rows) == 30_000
    time, conductance, voltage, current = np.array([row[1:] for row in rows], dtype=float).T
    assert time == pytest.approx(10.0005 + 1e-3 * np.arange(30_000), abs=1e-6)
    assert current / voltage == pytest.approx(conductance)


def test_a_record_that_was_altered_is_told_and_the_coarse_picture_stays(shown: Shown, tmp_path: Path) -> None:
    scene, detail = long_run(tmp_path / "r")
    path = tmp_path / "r" / BLOCKS
    content = bytearray(path.read_bytes())
    content[len(content) // 4 :: 1000] = bytes(len(content[len(content) // 4 :: 1000]))
    path.write_bytes(content)
    plots = shown(scene)
    plots.detail = detail
    zoomed(plots, 60.0, 61.0)
    waited(plots)
    assert "cannot be read" in plots._sight.hint
    assert plots._sight.lines == tuple(scene.lines.values())
