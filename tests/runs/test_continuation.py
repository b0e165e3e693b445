"""A run that ended early and its continuation hold what an unbroken run holds, and the gap."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.drive import Drive
from nwlab.core.errors import FileError, UsageError, WireError
from nwlab.core.events import BlockArrived, DriveStarted, Event, Outline, RunStarted
from nwlab.core.reading import Reading
from nwlab.core.record import BLOCKS, JOURNAL, MANIFEST, RunInfo, decode_line, encode_line
from nwlab.core.rows import UNITS
from nwlab.runs.continuation import Continuation
from nwlab.runs.player import Drives
from nwlab.runs.recording import Run, load_run
from nwlab.runs.recover import recover
from nwlab.runs.runner import record_run
from nwlab.runs.store import Store

INFO = RunInfo("long")
SAME = [name for name in UNITS if name not in ("start", "time")]


class Adaptive:
    """A protocol whose next levels depend on the last reading; notes what it is sent."""

    def __init__(self, factor: float = 1.1) -> None:
        self.sent: list[Reading] = []
        self.factor, self.left = factor, False

    def __call__(self) -> Drives:
        level = 0.5
        try:
            for _ in range(4):
                reading = yield volts(level * np.array([1.0, 1.1, 1.2, 1.3, 1.4]))
                self.sent.append(reading)
                level = float(reading.current[-1, 0]) * 1e4 / 1.4 * self.factor
            yield Drive(np.array([2.0]))
            yield Drive(
                np.full(3, 0.1), (force([1, 2, 3]), force([0, 0, 1], terminal=2, low=None)), (), np.full(3, 0.05)
            )
        finally:
            self.left = True


def broken(folder: Path, at: int, block: int = 2) -> Run:
    """The run, with a link that is lost before block number `at`."""

    def lose(number: int) -> None:
        if number == at:
            raise WireError("lost")

    with pytest.raises(WireError):
        record_run(Adaptive()(), OhmicChip(block=block, at_block=lose), folder, INFO, label=lambda: "1 up")
    return load_run(folder)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def resume(run: Run, folder: Path, protocol: Callable[[], Drives] | None = None, **options: object) -> Run:
    after = Continuation(run)
    drives = after.feed((protocol or Adaptive())())
    return record_run(drives, OhmicChip(block=2), folder, INFO, label=lambda: "1 up", after=after, **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[Reading]]:
    protocol = Adaptive()
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return record_run(protocol(), OhmicChip(block=2), folder, INFO), protocol.sent


@pytest.mark.parametrize("at", range(15))
def test_the_table_is_that_of_an_unbroken_run(tmp_path: Path, whole: tuple[Run, list[Reading]], at: int) -> None:
    expected, sent = whole
    old = broken(tmp_path / "old", at)
    before = content(old.path)
    protocol = Adaptive()
    run = resume(old, tmp_path / "new", protocol)
    assert (run.status, run.exit_code, len(run.drives)) == ("finished", 0, len(expected.drives))
    for name in SAME:
        np.testing.assert_array_equal(run.rows().column(name), expected.rows().column(name), err_msg=name)
    assert all(drive.finished for drive in run.drives)
    assert all(drive.label == "1 up" for drive in run.drives)
    for mine, theirs in zip(protocol.sent, sent, strict=True):
        np.testing.assert_array_equal(mine.voltage, theirs.voltage)
        assert mine.steps == theirs.steps
        assert (np.diff(mine.onset) > 0).all()
    assert content(old.path) == before
    assert run.started == old.started


@pytest.mark.parametrize("at", [3, 4, 11])
def test_the_gap_is_seen_on_the_time_axis_and_in_the_record(tmp_path: Path, at: int) -> None:
    old = broken(tmp_path / "old", at)
    after = Continuation(old, "began anew")
    drives = after.feed(Adaptive()())
    chip = OhmicChip(block=2)
    chip.clock.sleep(12345.0)
    east = old.last_written.astimezone(timezone(timedelta(hours=9))) + timedelta(hours=1)
    on, after.on = after.on, lambda chip: on(chip, lambda: east)
    run = record_run(drives, chip, tmp_path / "new", INFO, after=after)
    rows = run.rows()
    assert (np.diff(rows.time) >= 0).all()
    last, first = rows.start[len(old) - 1], rows.start[len(old)]
    assert first - last == pytest.approx(3600.0 + 0.1, abs=1e-6)
    np.testing.assert_array_equal(rows.start[: len(old)], old.rows().start)
    (note,) = [note for note in run.notes if note["kind"] == "resumed"]
    assert note["content"]["gap"] == pytest.approx(3600.0)
    assert (note["content"]["from"], note["content"]["samples"]) == ("old", old.samples)
    assert note["content"]["drives"] == sum(drive.finished for drive in old.drives)
    assert datetime.fromisoformat(note["content"]["until"]).utcoffset() is not None
    assert note["content"]["remark"] == "began anew"


def killed(run: Run, *, at: str | None, drop: int = 1) -> Run:
    """The record as a program leaves it that was killed, its last block written at `at`, its files much later."""
    lines = [decode_line(line) for line in (run.path / JOURNAL).read_bytes().splitlines(keepends=True)[:-drop]]
    for line in lines:
        if line["event"] == "block":
            assert datetime.fromisoformat(line.pop("at")).utcoffset() is not None
            if at is not None:
                line["at"] = at
        elif line["event"] == "drive":
            line["at"] = "2011-01-01T00:00:00+02:00"
    (run.path / JOURNAL).write_bytes(b"".join(map(encode_line, lines)))
    (run.path / MANIFEST).unlink()
    os.utime(run.path / JOURNAL, (2e9, 2e9))
    return load_run(run.path)


@pytest.mark.parametrize(
    ("at", "since"),
    [
        ("2001-09-09T03:46:40+02:00", datetime.fromtimestamp(1e9, UTC)),
        (None, datetime(2010, 12, 31, 22, tzinfo=UTC)),  # a record from before blocks had a time
    ],
)
def test_the_gap_of_a_killed_run_counts_from_its_last_block(tmp_path: Path, at: str | None, since: datetime) -> None:
    old = killed(broken(tmp_path / "old", 3), at=at)
    assert old.last_written == since
    after = Continuation(old)
    drives = after.feed(Adaptive()())
    on, after.on = after.on, lambda chip: on(chip, lambda: since + timedelta(days=1))
    run = record_run(drives, OhmicChip(), tmp_path / "new", INFO, after=after)
    (note,) = [note for note in run.notes if note["kind"] == "resumed"]
    assert note["content"]["gap"] == 86400.0
    rows = run.rows()
    assert rows.start[len(old)] - rows.start[len(old) - 1] == pytest.approx(86400.0 + 0.1)


@pytest.mark.fault(27, "steps that the chip may have borne after the last block were noted when the run was continued")
@pytest.mark.parametrize(("drop", "drive", "step"), [(1, 1, 2), (2, 1, 0)])
def test_steps_that_nobody_recorded_are_noted(tmp_path: Path, drop: int, drive: int, step: int) -> None:
    """The last block on record is the first of drive 1, or the last of drive 0; the instrument played on."""
    old = killed(broken(tmp_path / "old", 4), at="2001-09-09T03:46:40+02:00", drop=drop)
    assert (len(old.drives) - 1, old.drives[-1].samples) == (drive, step)
    run = resume(old, tmp_path / "new")
    (note,) = [note["content"] for note in run.notes if note["kind"] == "cut off"]
    assert (note["drive"], note["label"], note["step"], note["more"]) == (drive, "1 up", step, 5 - step)
    assert f"up to {5 - step} more steps" in note["remark"]


def test_a_run_that_broke_off_between_drives_has_nothing_unrecorded(tmp_path: Path) -> None:
    old = killed(broken(tmp_path / "old", 3), at="2001-09-09T03:46:40+02:00", drop=2)
    assert old.drives[-1].finished
    run = resume(old, tmp_path / "new")
    assert [note["kind"] for note in run.notes] == ["resumed"]


def test_a_run_cut_anywhere_is_continued_to_the_same_end(tmp_path: Path, whole: tuple[Run, list[Reading]]) -> None:
    """The program was killed, or the disk lost its last bytes: whatever is acknowledged is kept, the rest is played."""
    expected = whole[0]
    journal, blocks = (expected.path / JOURNAL).read_bytes(), (expected.path / BLOCKS).read_bytes()
    ends = [at for at, byte in enumerate(journal) if byte == ord("\n")][:-1]
    for end in [*ends, *range(ends[4] + 1, ends[5], 37)]:
        folder = tmp_path / str(end)
        folder.mkdir()
        (folder / JOURNAL).write_bytes(journal[: end + 1])
        (folder / BLOCKS).write_bytes(blocks)
        run = resume(load_run(folder), tmp_path / f"{end} on")
        assert run.status == "finished"
        assert not run.dropped
        for name in SAME:
            np.testing.assert_array_equal(run.rows().column(name), expected.rows().column(name))


def refused(folder: Path) -> str:
    """What is told when a damaged record is to be continued."""
    before = content(folder)
    with pytest.raises(FileError) as caught:
        Continuation(load_run(folder))
    assert content(folder) == before
    return str(caught.value)


@pytest.mark.fault(33, "a record with a bit flipped anywhere in it was not continued, and the line was named")
@pytest.mark.parametrize("killed", [False, True])
def test_a_record_with_a_flipped_bit_is_not_continued(tmp_path: Path, killed: bool) -> None:
    old = broken(tmp_path / "old", 5)
    if killed:
        (old.path / MANIFEST).unlink()
        lines = (old.path / JOURNAL).read_bytes().splitlines(keepends=True)
        (old.path / JOURNAL).write_bytes(b"".join(lines[:-1]))
    random = np.random.default_rng(3)
    for name in (JOURNAL, BLOCKS):
        whole = (old.path / name).read_bytes()
        for place in range(0, len(whole), 3):
            spoilt = bytearray(whole)
            spoilt[place] ^= 1 << int(random.integers(8))
            (old.path / name).write_bytes(spoilt)
            told = refused(old.path)
            line = whole[:place].count(b"\n") + 1
            if name == JOURNAL and not (killed and line == 1):
                assert f"{JOURNAL}:{line}: is damaged: " in told
        (old.path / name).write_bytes(whole)
    assert resume(load_run(old.path), tmp_path / "new").status == "finished"


@pytest.mark.fault(33, "a journal with lines missing, doubled, or overwritten with zeros was not continued")
def test_a_record_that_lost_something_in_its_middle_is_not_continued(tmp_path: Path) -> None:
    old = broken(tmp_path / "old", 5)
    lines = (old.path / JOURNAL).read_bytes().splitlines(keepends=True)
    for left, where in (
        (lines[:4] + lines[5:], 5),
        (lines[:4] + lines[3:], 5),
        ([*lines[:4], lines[4][:20], *lines[5:]], 5),
        ([*lines[:-1], bytes(300)], len(lines)),
        ([*lines, b"x"], len(lines) + 1),
    ):
        (old.path / JOURNAL).write_bytes(b"".join(left))
        assert f"{JOURNAL}:{where}: is damaged: " in refused(old.path)
    (old.path / JOURNAL).write_bytes(b"".join(lines[:6]))
    told = refused(old.path)
    assert f"run.json tells of {old.samples} samples, but only {load_run(old.path).samples} are on record" in told
    assert "start a new run" in told
    (old.path / JOURNAL).write_bytes(b"".join(lines))
    (old.path / BLOCKS).write_bytes((old.path / BLOCKS).read_bytes()[:-1])
    assert "is cut off" in refused(recover(old.path).run.path)


def test_what_was_continued_is_continued_again(tmp_path: Path, whole: tuple[Run, list[Reading]]) -> None:
    run = broken(tmp_path / "0", 1)
    for count in range(1, 5):
        after = Continuation(run)

        def lose(number: int) -> None:
            if number == 2:
                raise WireError("lost again")

        chip = OhmicChip(block=2, at_block=lose)
        with pytest.raises(WireError):
            record_run(after.feed(Adaptive()()), chip, tmp_path / str(count), INFO, after=after)
        run = load_run(tmp_path / str(count))
    run = resume(run, tmp_path / "end")
    np.testing.assert_array_equal(run.rows().current, whole[0].rows().current)
    notes = [note["content"] for note in run.notes if note["kind"] == "resumed"]
    assert [note["from"] for note in notes] == ["0", "1", "2", "3", "4"]
    assert (np.diff(run.rows().start) > 0).mean() > 0.8


def test_a_drive_that_is_whole_but_was_not_ended_is_not_played_again(tmp_path: Path) -> None:
    held = Drive(np.full(2, 0.1), (force([1, 2]),), hold=True)

    class Deaf(OhmicChip):
        def apply(self, drive: Drive) -> Generator[Reading, None, None]:
            yield from super().apply(drive)
            raise WireError("no answer at the end")

    with pytest.raises(WireError):
        record_run(several(held, volts([3])), Deaf(), tmp_path / "old", INFO)
    old = load_run(tmp_path / "old")
    assert (old.samples, old.drives[0].finished) == (2, False)
    run = resume(old, tmp_path / "new", lambda: several(held, volts([3])))
    assert list(run.rows().level) == [1, 2, 3]
    assert all(drive.finished for drive in run.drives)


def test_recovery_does_not_hinder_it(tmp_path: Path) -> None:
    old = broken(tmp_path / "old", 5)
    assert resume(recover(old.path).run, tmp_path / "new").status == "finished"


@pytest.mark.parametrize(
    ("protocol", "why"),
    [
        (Adaptive(1.2), "drive 1 .* step 1 forces A to 600 mV; on record is 550 mV \\(4 more steps differ as well\\)"),
        (lambda: several(volts([0.5])), "drive 0 .* it has 1 step; on record are 5"),
        (
            lambda: several(replace(next(Adaptive()()), hold=True)),
            "drive 0 .* it holds its last levels in the end; on record it goes to rest",
        ),
        (lambda: several(Drive(np.full(5, 0.1))), "drive 0 .* it forces nothing; on record is A"),
        (lambda: several(next(Adaptive()())), "drive 1 .* has ended before"),
    ],
    ids=["levels", "dwell", "hold", "forces", "length"],
)
def test_a_protocol_that_asks_for_something_else_is_refused(
    tmp_path: Path, protocol: Callable[[], Drives], why: str
) -> None:
    old = broken(tmp_path / "old", 4)
    before = content(old.path)
    with pytest.raises(UsageError, match=why):
        resume(old, tmp_path / "new", protocol)
    assert content(old.path) == before
    assert not (tmp_path / "new").exists()


def test_a_finished_run_and_one_that_goes_on_are_not_continued(
    tmp_path: Path, whole: tuple[Run, list[Reading]]
) -> None:
    with pytest.raises(UsageError, match="has finished"):
        Continuation(whole[0])
    store = Store(tmp_path / "r", INFO)
    store(RunStarted(("A", "B", "C")))
    with pytest.raises(UsageError, match="still being played"):
        Continuation(load_run(tmp_path / "r"))
    store.close()


def test_the_protocol_is_left_when_the_rest_fails(tmp_path: Path) -> None:
    old = broken(tmp_path / "old", 3)
    protocol, after = Adaptive(), Continuation(old)

    def lose(number: int) -> None:
        raise WireError("lost again")

    chip = OhmicChip(at_block=lose)
    with pytest.raises(WireError):
        record_run(after.feed(protocol()), chip, tmp_path / "new", INFO, after=after)
    assert protocol.left
    assert chip.rested == 1


def test_listeners_expect_what_is_left(tmp_path: Path) -> None:
    old, seen = broken(tmp_path / "old", 4), []

    class Listener:
        def __call__(self, event: Event) -> None:
            seen.append(event)

    resume(old, tmp_path / "new", outline=Outline(24, 4.3), subscribers=[Listener()])
    assert seen[0] == RunStarted(("A", "B", "C"), 24 - old.samples, pytest.approx(4.3 - 0.1 * old.samples))
    begun, first = seen[1], seen[2]
    assert isinstance(begun, DriveStarted)
    assert isinstance(first, BlockArrived)
    levels = begun.drive.forces[0].levels
    np.testing.assert_allclose(levels / levels[0], [1.0, 1.3 / 1.2, 1.4 / 1.2])
    assert (begun.index, begun.drive.steps, begun.label) == (1, 3, "1 up")
    assert (first.index, first.first) == (1, 0)
