"""A run followed from outside gives the events that its own listeners got, whenever one comes and however one reads."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.errors import FileError
from nwlab.core.events import BlockArrived, DriveStarted, Event, Expected, Measured, Noted, RunFinished
from nwlab.core.reading import join
from nwlab.core.record import BLOCKS, JOURNAL, RunInfo
from nwlab.runs.following import Follower
from nwlab.runs.player import play
from nwlab.runs.recording import load_run
from nwlab.runs.store import Store


def same(one: Event, other: Event) -> bool:
    """Whether two events say the same; a note that was read also has its time."""
    assert type(one) is type(other)
    match one, other:
        case BlockArrived(), BlockArrived():
            alike = all(
                np.array_equal(getattr(one.reading, name), getattr(other.reading, name), equal_nan=True)
                for name in ("start", "onset", "time", "aperture", "voltage", "current", "in_compliance", "overflow")
            )
            return alike and (one.index, one.first) == (other.index, other.first)
        case DriveStarted(), DriveStarted():
            levels = zip(one.drive.forces, other.drive.forces, strict=True)
            alike = all(np.array_equal(mine.levels, yours.levels) for mine, yours in levels)
            return alike and (one.index, one.label, one.drive.steps) == (other.index, other.label, other.drive.steps)
        case Expected(), Expected():
            mine, yours = ((each.mean, each.sd, each.z, each.jump) for each in (one, other))
            pairs = list(zip(mine, yours, strict=True))
            assert all((a is None) == (b is None) for a, b in pairs)
            return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs if a is not None and b is not None)
        case Noted(), Noted():
            return one.kind == other.kind and dict(one.content).items() <= dict(other.content).items()
        case _:
            return one == other


class Told:
    """A critical listener beside the store, which keeps what was told and looks at the folder after each event."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.events = folder, list[Event]()
        self.follower: Follower | None = None
        self.seen: list[Event] = []

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Measured):  # which is only for the store itself
            self.events.append(event)
        self.follower = self.follower or Follower(self.folder)
        self.seen += self.follower.poll()
        if isinstance(event, RunFinished):
            self.follower.close()


def played(folder: Path, block: int = 2) -> Told:
    told = Told(folder)
    chip = OhmicChip(block=block)
    play(several(volts([1, 2, 3, 0, 5]), volts([0.5] * 7)), chip, (Store(folder, RunInfo("x")), told))
    assert told.follower is not None
    return told


def test_each_event_is_seen_as_soon_as_it_was_acknowledged(tmp_path: Path) -> None:
    told = played(tmp_path / "r")
    assert len(told.seen) == len(told.events) > 8
    assert all(map(same, told.seen, told.events))
    assert told.follower is not None
    assert told.follower.is_over
    assert not told.follower.damage


def test_who_comes_after_the_end_sees_the_same(tmp_path: Path) -> None:
    told = played(tmp_path / "r")
    with Follower(tmp_path / "r") as late:
        events = late.poll()
    assert all(map(same, events, told.events))
    assert isinstance(events[-1], RunFinished)


def test_a_long_run_comes_in_portions(tmp_path: Path) -> None:
    told = played(tmp_path / "r", block=1)
    with Follower(tmp_path / "r") as late:
        portions = []
        while portion := late.poll(most=3):
            assert late.is_level == (len(portion) < 3)
            assert len(portion) <= 3
            portions += portion
    assert all(map(same, portions, told.events))


def test_any_cut_of_the_journal_gives_whole_events_and_the_rest_when_it_comes(tmp_path: Path) -> None:
    told = played(tmp_path / "r")
    whole = (tmp_path / "r" / JOURNAL).read_bytes()
    other = tmp_path / "o"
    other.mkdir()
    (other / BLOCKS).write_bytes((tmp_path / "r" / BLOCKS).read_bytes())
    for cut in range(0, len(whole), 41):
        (other / JOURNAL).write_bytes(whole[:cut])
        with Follower(other) as follower:
            events = follower.poll()
            assert len(events) == whole[:cut].count(b"\n")
            with (other / JOURNAL).open("ab") as more:
                more.write(whole[cut:])
            events += follower.poll()
        assert all(map(same, events, told.events))
        assert len(events) == len(told.events)


def test_damage_ends_the_view_with_a_reason_and_keeps_what_came_before(tmp_path: Path) -> None:
    played(tmp_path / "r")
    path = tmp_path / "r" / BLOCKS
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with Follower(tmp_path / "r") as follower:
        events = follower.poll()
        assert "checksum" in follower.damage
        assert follower.is_over
        assert follower.poll() == []
    kept = sum(event.reading.steps for event in events if isinstance(event, BlockArrived))
    assert kept == load_run(tmp_path / "r").samples == 11


def test_a_run_that_has_not_begun_is_waited_for_and_no_folder_is_a_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    with Follower(folder) as early:
        assert early.poll() == []
        play(several(volts([1, 2])), OhmicChip(), (Store(folder, RunInfo("x")),))
        assert isinstance(early.poll()[-1], RunFinished)
    with pytest.raises(FileError, match="not the folder of a run"):
        Follower(tmp_path / "nothing")


@pytest.mark.parametrize("more", [(), (np.array([[0.3], [np.nan]]), np.array([[0.9], [0.1]]))])
def test_what_a_twin_expected_is_kept_beside_the_samples(tmp_path: Path, more: tuple[np.ndarray, ...]) -> None:
    store = Store(tmp_path / "r", RunInfo("x"))
    expected = Expected(0, 1, np.full((2, 1), 1e-4), np.full((2, 1), 1e-6), *more)

    def twin(event: Event) -> None:
        store(event)
        if isinstance(event, BlockArrived) and event.first == 2:
            store(expected)

    play(several(volts([1, 2, 3, 4])), OhmicChip(block=2), (twin,))
    with Follower(tmp_path / "r") as follower:
        events = follower.poll()
    (seen,) = [event for event in events if isinstance(event, Expected)]
    assert same(seen, expected)
    run = load_run(tmp_path / "r")
    assert not run.dropped
    assert join([each.reading for each in run.drives]).steps == 4


def test_an_expectation_of_samples_that_never_came_is_damage(tmp_path: Path) -> None:
    store = Store(tmp_path / "r", RunInfo("x"))

    def twin(event: Event) -> None:
        store(event)
        if isinstance(event, BlockArrived):
            store(Expected(0, 3, np.ones((2, 1)), np.ones((2, 1))))

    play(several(volts([1, 2, 3, 4])), OhmicChip(block=4), (twin,))
    assert "an expectation of drive 0" in str(load_run(tmp_path / "r").dropped)


def test_a_line_that_is_seen_before_its_frame_is_waited_for_while_the_run_lives(tmp_path: Path) -> None:
    """As where a network shows the sizes of two files at different times."""
    folder, whole = tmp_path / "r", b""
    store = Store(folder, RunInfo("x"))
    seen: list[Event] = []
    follower = Follower(folder)

    def late(event: Event) -> None:
        nonlocal whole
        store(event)
        if isinstance(event, BlockArrived) and event.first == 2:
            whole = (folder / BLOCKS).read_bytes()
            os.truncate(folder / BLOCKS, len(whole) - 5)
            seen.extend(follower.poll())
            assert not follower.damage
            assert [each.first for each in seen if isinstance(each, BlockArrived)] == [0]
            (folder / BLOCKS).write_bytes(whole)
            seen.extend(follower.poll())

    play(several(volts([1, 2, 3, 4])), OhmicChip(block=2), (late,))
    seen.extend(follower.poll())
    follower.close()
    assert [each.first for each in seen if isinstance(each, BlockArrived)] == [0, 2]
    assert isinstance(seen[-1], RunFinished)
    os.truncate(folder / BLOCKS, len(whole) - 5)
    with Follower(folder) as after:
        after.poll()
        assert "is cut off" in after.damage
