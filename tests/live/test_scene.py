"""What the window shows of a run, built from its events alone."""

from __future__ import annotations

import numpy as np
import pytest
from live.experiment import Experiment
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.events import BlockArrived, DriveFinished, DriveStarted, Event, Expected, Noted, RunStarted
from nwlab.core.reading import Reading
from nwlab.live.scene.roles import Role
from nwlab.live.scene.scene import Scene
from nwlab.live.scene.spells import Spells
from nwlab.runs.player import play

OHM = 1e4


def shown(*drives: Drive, block: int = 2) -> Scene:
    scene = Scene()
    play(several(*drives), OhmicChip(block=block), (scene.take,))
    return scene


def test_curves_are_what_was_measured() -> None:
    scene = shown(volts([1, 2, 0, 4]), volts([2] * 5))
    (line,) = scene.lines.values()
    points = line.conductance.view(-1, 1e3, 1000)
    assert points.value == pytest.approx(np.full(8, 1 / OHM))
    assert line.current.view(-1, 1e3, 1000).value == pytest.approx(np.array([1, 2, 0, 4, 2, 2, 2, 2, 2]) / OHM)
    assert scene.progress.samples == 9
    assert scene.progress.drives == 2
    assert scene.progress.done == pytest.approx(volts([1] * 4).duration + volts([2] * 5).duration)
    assert line.last == {"V": 2.0, "A": pytest.approx(2 / OHM), "S": pytest.approx(1 / OHM)}


def test_voltage_is_a_staircase() -> None:
    scene = shown(volts([1, 2]))
    (line,) = scene.lines.values()
    points = line.voltage.view(-1, 1e3, 1000)
    assert points.value.tolist() == [1, 1, 2, 2]
    assert points.time[1] == points.time[2]


def test_the_rest_between_drives_is_a_gap_and_no_rest_is_none() -> None:
    scene = Scene()
    scene.take(RunStarted(("A", "B")))
    for index, start in enumerate((5.0, 6.0, 17.0)):
        drive = volts([1.0] * 10)
        scene.take(DriveStarted(index, drive, "step"))
        scene.take(BlockArrived(index, 0, reading(drive, start)))
    (line,) = scene.lines.values()
    points = line.current.view(-1, 1e3, 1000)
    assert points.time[points.after_rest].tolist() == pytest.approx([0.05, 12.05])  # what came first, and after 10 s


def reading(drive: Drive, start: float) -> Reading:
    onset = np.cumsum(drive.dwell) - drive.dwell
    shape = (drive.steps, len(drive.forces))
    middle = np.repeat((onset + drive.dwell / 2)[:, None], shape[1], axis=1)
    volt = np.stack([each.levels for each in drive.forces], axis=1)
    no = np.zeros(shape, np.bool_)
    return Reading(start, onset, middle, np.full(shape, 1e-3), volt, volt / OHM, no, no)


def test_each_terminal_has_its_role() -> None:
    scene = Scene()
    scene.take(RunStarted(tuple("ABCDEF")))
    assert scene.roles == [Role.OPEN] * 6
    drive = Drive(
        np.full(2, 0.1),
        (
            Force(0, Quantity.CURRENT, np.array([1e-6, 0.0]), 1.0, low=1, sense=(2, 3)),
            Force(4, Quantity.VOLTAGE, np.zeros(2), 1e-3),
        ),
        ground=(5,),
    )
    scene.take(DriveStarted(0, drive, ""))
    assert scene.roles == [Role.DRIVEN, Role.LOW, Role.SENSED, Role.SENSED, Role.READ, Role.GROUNDED]


def test_terminals_are_at_rest_after_a_drive_and_stay_driven_when_it_holds() -> None:
    assert shown(volts([1, 2])).roles == [Role.OPEN] * 3
    roles: list[list[Role]] = []
    scene = Scene()

    def look(event: Event) -> None:
        scene.take(event)
        roles.append(list(scene.roles))

    held = Drive(np.full(2, 0.1), (force([1, 1]),), hold=True)
    play(several(held, volts([1])), OhmicChip(), (look,))
    assert roles[3][0] is Role.DRIVEN


def test_a_prediction_becomes_a_band_and_residuals() -> None:
    scene = Scene()
    scene.take(RunStarted(("A", "B")))
    drive = volts([1.0, 2.0, 0.0, 4.0])
    scene.take(DriveStarted(0, drive, ""))
    scene.take(BlockArrived(0, 0, reading(drive, 3.0)))
    mean = drive.forces[0].levels[:, None] / OHM * 1.1
    scene.take(Expected(0, 1, mean[1:], np.full((3, 1), 1e-5)))
    scene.take(Expected(7, 0, mean, np.full((4, 1), 1e-5)))  # of a drive that nobody knows
    (line,) = scene.lines.values()
    residual = line.residual.view(-1, 9, 100)
    assert residual.value == pytest.approx((drive.forces[0].levels[1:] / OHM - mean[1:, 0]) / 1e-5)
    low, high = line.lower.view(-1, 9, 100).value, line.upper.view(-1, 9, 100).value
    assert low == pytest.approx((mean[[1, 3], 0] - 2e-5) / np.array([2, 4]))
    assert high == pytest.approx((mean[[1, 3], 0] + 2e-5) / np.array([2, 4]))


def test_what_was_expected_of_several_blocks_may_be_told_once() -> None:
    drive = volts([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    mean, sd = drive.forces[0].levels[:, None] / OHM * 1.1, np.full((6, 1), 1e-5)
    scenes = [shown(drive, block=block) for block in (6, 2)]
    for scene in scenes:
        scene.take(Expected(0, 1, mean[1:5], sd[1:5], z=np.arange(4.0)[:, None]))
    whole, parts = (next(iter(scene.lines.values())) for scene in scenes)
    for name in ("residual", "lower", "upper"):
        one, other = (getattr(line, name).view(-1, 9, 100) for line in (whole, parts))
        assert other.time.tolist() == one.time.tolist()
        assert other.value.tolist() == one.value.tolist()
    assert parts.residual.view(-1, 9, 100).value.tolist() == [0, 1, 2, 3]


def test_a_forced_current_is_expected_in_volts() -> None:
    scene = Scene()
    scene.take(RunStarted(("A", "B")))
    drive = Drive(np.full(2, 0.1), (Force(0, Quantity.CURRENT, np.full(2, 1e-4), 5.0, low=1),))
    scene.take(DriveStarted(0, drive, ""))
    no = np.zeros((2, 1), np.bool_)
    volt, ampere = np.full((2, 1), 1.0), np.full((2, 1), 1e-4)
    scene.take(BlockArrived(0, 0, Reading(0.0, np.array([0, 0.1]), volt * 0.05, volt, volt, ampere, no, no)))
    scene.take(Expected(0, 0, np.full((2, 1), 1.2), np.full((2, 1), 0.1)))
    (line,) = scene.lines.values()
    assert line.residual.view(-1, 9, 100).value == pytest.approx([-2, -2])
    assert line.lower.view(-1, 9, 100).value == pytest.approx([1e-4 / 1.4] * 2)
    assert line.upper.view(-1, 9, 100).value == pytest.approx([1e-4 / 1.0] * 2)


def test_residuals_are_shown_as_the_twin_calibrated_them() -> None:
    scene = Scene()
    scene.take(RunStarted(("A", "B")))
    drive = volts([1.0, 2.0, 4.0])
    scene.take(DriveStarted(0, drive, ""))
    scene.take(BlockArrived(0, 0, reading(drive, 3.0)))
    one = np.ones((3, 1))
    scene.take(Expected(0, 0, one * 1e-4, one * 1e-5, z=np.array([[0.5], [np.nan], [-7.0]]), jump=one * 0.1))
    (line,) = scene.lines.values()
    assert line.residual.view(-1, 9, 100).value == pytest.approx([0.5, -7.0])


def test_pairs_fill_a_matrix_and_published_images_are_kept() -> None:
    scene = shown(volts([1, 1]), Drive(np.full(1, 0.1), (force([1], terminal=2, low=None),), ground=(0,)))
    assert scene.matrix[0, 1] == scene.matrix[1, 0] == pytest.approx(1 / OHM)
    assert scene.matrix[0, 2] == scene.matrix[2, 0] == pytest.approx(1 / OHM)
    assert np.isnan(scene.matrix[1, 2])
    scene.take(Noted("image", {"title": "map", "unit": "S", "values": [[1, None], [3, 4]]}))
    scene.take(Noted("image", {"title": "nonsense", "values": [[1], [2, 3]]}))
    assert list(scene.images) == ["map"]
    assert np.isnan(scene.images["map"].values[0, 1])


def test_alarms_and_notes_are_marks_at_their_moment() -> None:
    scene = shown(volts([1, 2]))
    scene.take(Noted("alarm", {"text": "the mean has changed", "at": "2026-01-01T00:00:00+00:00"}))
    assert [mark.text for mark in scene.alarms] == ["alarm: the mean has changed"]
    assert scene.alarms[0].time == pytest.approx(volts([1, 2]).duration)


def test_what_a_twin_tells_of_a_sample_is_marked_where_that_was_read() -> None:
    """However late it tells it; other notes are marked where the run stands."""
    scene = Scene()
    scene.take(RunStarted(("A", "B")))
    for index, start in enumerate((5.0, 6.0)):
        drive = volts([1.0] * 10)
        scene.take(DriveStarted(index, drive, "step"))
        scene.take(BlockArrived(index, 0, reading(drive, start)))
    (line,) = scene.lines.values()
    read = line.conductance.view(-1, 1e3, 1000).time
    for kind in ("jump", "alarm", "explained", "a lab's own"):
        scene.take(Noted(kind, {"drive": 0, "step": 3, "time": 5.0 + read[3]}))
    assert [mark.time for mark in scene.marks] == pytest.approx([read[3]] * 3 + [scene.now])
    assert scene.alarms[0].time == pytest.approx(read[3])
    assert scene.marks[0].text == "jump: drive 0, step 3"


def test_what_the_bench_tells_is_kept_apart_from_what_the_chip_did() -> None:
    scene = shown(volts([1, 2]))
    scene.take(Noted("subscriber failed", {"subscriber": "Twin", "error": "no room"}))
    scene.take(Noted("traceback", {"text": "Traceback\n  File x\nValueError: no\n"}))
    scene.take(Noted("safe state", {"text": "safe state confirmed: off", "confirmed": True}))
    assert [mark.text for mark in scene.remarks] == [
        "subscriber failed: subscriber Twin, error no room",
        "traceback: ValueError: no",
    ]
    assert not scene.marks
    assert scene.safe_state is not None
    assert scene.safe_state["confirmed"]
    scene.take(DriveStarted(2, volts([1]), "again"))
    assert scene.safe_state is None


def test_relays_are_counted_where_the_bench_counts_them() -> None:
    scene = shown(volts([1]))
    assert scene.progress.relays is None
    scene.take(DriveFinished(1, 4))
    scene.take(DriveFinished(2))
    scene.take(DriveFinished(3, 2))
    assert scene.progress.relays == 6


def test_spells_join_when_they_touch_and_stay_few() -> None:
    spells = Spells()
    spells.add(0, 1)
    spells.add(1, 2)
    spells.add(5, 6)
    assert spells.spells == [(0, 2), (5, 6)]
    assert spells.between(3, 5.5) == [(5, 6)]
    many = Spells()
    for begin in np.cumsum(np.random.default_rng(2).uniform(0.2, 3, 20_000)):
        many.add(float(begin), float(begin) + 0.1)
    assert len(many.spells) <= 1000
    assert many.spells[0][0] < 4
    assert many.spells[-1][1] == pytest.approx(float(begin) + 0.1)


def test_long_blocks_do_not_fill_the_memory() -> None:
    """The newest block is always there for a prediction of it, and of older ones as many samples as there is room."""
    scene = Scene()
    for event in Experiment(lines=4, drives=1, steps=400_000, block=20_000):
        scene.take(event)
    kept = sum(reading.time.size for *_, reading in scene._blocks)
    assert 120_000 < kept <= 200_000
    scene = Scene()
    for event in Experiment(lines=4, drives=2, steps=100_000, block=100_000, expected=True):
        scene.take(event)
    assert all(line.upper.samples for line in scene.lines.values())
