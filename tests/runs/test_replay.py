"""A run on record as a chip: the same drives give the same record, and nothing else is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.clock import PacedClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError, Stopped, StorageError, UsageError, WireError
from nwlab.core.events import RunStarted
from nwlab.core.frames import Kind, encode_frame, encode_reading
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading
from nwlab.core.record import BLOCKS, JOURNAL, Document, RunInfo, encode_line
from nwlab.core.rows import UNITS
from nwlab.runs.player import Drives
from nwlab.runs.recording import Run, load_run
from nwlab.runs.replay import UNKNOWN, ReplayChip
from nwlab.runs.runner import record_run
from nwlab.runs.store import Store

INFO = RunInfo("long")
PULSES = volts([1.0, 0.1, 1.0, 0.1, 1.0, 0.1, 1.0])
LOOK = Drive(
    np.full(3, 0.1),
    (force([1, 2, 3]), Force(2, Quantity.CURRENT, np.array([1e-5, 0, 2e-5]), 1.0, None, (2, 1))),
    read_delay=np.full(3, 0.05),
)
PARTS = (PULSES, Drive(np.array([20.0, 0.5])), LOOK)


def adaptive() -> Drives:
    """What it asks for depends on what it reads, and on the time between."""
    level = 0.5
    for _ in range(3):
        reading = yield volts([level, 2 * level, level])
        level = float(reading.current[1, 0]) * 5e3 + 1e-3 * reading.start


class Late(OhmicChip):
    """The host takes its time between drives, as real ones do."""

    def apply(self, drive: Drive):
        self.clock.sleep(1 / 3)
        return super().apply(drive)


def record(folder: Path, drives: Drives, info: RunInfo = INFO, block: int = 2) -> Run:
    return record_run(drives, Late(block=block), folder, info, label=lambda: "1 up")


def blocks(run: Run) -> list[tuple[object, ...]]:
    with (run.path / BLOCKS).open("rb") as file:
        return [
            (block.start, *(getattr(block, name).tobytes() for name in ("onset", "time", "aperture", "voltage")))
            for played in run.drives
            for block in played.read_blocks(file)
        ]


@pytest.mark.parametrize("protocol", [adaptive, lambda: several(*PARTS)], ids=["adaptive", "fixed"])
def test_the_same_protocol_leaves_the_same_record(tmp_path: Path, protocol: Callable[[], Drives]) -> None:
    old = record(tmp_path / "old", protocol())
    chip = ReplayChip(old)
    new = record_run(protocol(), chip, tmp_path / "new", INFO, label=lambda: "1 up")
    assert blocks(new) == blocks(old)
    for name in UNITS:
        np.testing.assert_array_equal(new.rows().column(name), old.rows().column(name))
    assert (new.status, new.origin) == ("finished", old.origin)
    last = old.drives[-1]
    assert chip.clock.now() == last.reading.start + last.reading.onset[-1] + last.drive.dwell[-1]


def test_the_clock_stands_where_the_chips_clock_stood(tmp_path: Path) -> None:
    chip = ReplayChip(record(tmp_path / "old", several(*PARTS)))
    for drive in PARTS:
        (first, *_) = list(chip.apply(drive))
        assert first.start <= chip.clock.now()
        assert chip.clock.now() == pytest.approx(first.start + drive.duration, rel=1e-12)


def test_time_that_is_held_back_yields_the_same_samples_in_parts(tmp_path: Path) -> None:
    old = record(tmp_path / "old", several(*PARTS), block=100)
    chip = ReplayChip(old, PacedClock(1e4, old.origin), 0.25)
    parts = [list(chip.apply(drive)) for drive in PARTS]
    assert [sum(part.steps > 0 for part in each) for each in parts] == [4, 2, 2]
    assert sum(part.steps == 0 for part in parts[1]) > 50, "ticks while it rests"
    assert max(part.steps for part in parts[0]) == 2
    new = record_run(several(*PARTS), ReplayChip(old, None, 0.25), tmp_path / "new", INFO)
    for name in UNITS:
        np.testing.assert_array_equal(new.rows().column(name), old.rows().column(name))


OTHERS: dict[str, tuple[Drive, str]] = {
    "levels": (volts([1.0, 0.1, 1.0, 0.1, 2.0, 0.1, 1.5]), r"step 5 forces A to 2 V; on record is 1 V \(one more step"),
    "close levels": (volts([1.0, 0.1 + 1e-13, 1.0, 0.1, 1.0, 0.1, 1.0]), r"step 2 forces A to 100\.0000000001 mV; on"),
    "steps": (volts([1.0, 0.1]), "it has 2 steps; on record are 7"),
    "dwell": (
        volts([1.0, 0.1, 1.0, 0.1, 1.0, 0.1, 1.0], dwell=0.2),
        "step 1 lasts 200 ms; on record is 100 ms .6 more",
    ),
    "terminal": (Drive(PULSES.dwell, (force(PULSES.forces[0].levels, 2),)), "it forces C; on record is A"),
    "nothing": (Drive(PULSES.dwell), "it forces nothing; on record is A"),
    "compliance": (
        Drive(PULSES.dwell, (force(PULSES.forces[0].levels, compliance=5e-4),)),
        "its compliance at A is 500 uA; on record is 1 mA",
    ),
    "low": (
        Drive(PULSES.dwell, (force(PULSES.forces[0].levels, low=None),)),
        "its source at A has its LO side at common; on record is B",
    ),
    "quantity": (
        Drive(PULSES.dwell, (Force(0, Quantity.CURRENT, np.full(7, 1e-5), 1.0, 1),)),
        "it forces a current at A; on record is a voltage",
    ),
    "range": (
        Drive(PULSES.dwell, (replace(PULSES.forces[0], range=1e-4),)),
        "its source at A measures on a range of 100 uA; on record is the smallest range that holds its compliance",
    ),
    "ground": (replace(PULSES, ground=(2,)), "it grounds C; on record is nothing"),
    "delay": (replace(PULSES, read_delay=np.full(7, 0.01)), "its read delay is 10 ms in step 1; on record is none"),
    "hold": (replace(PULSES, hold=True), "it holds its last levels in the end; on record it goes to rest"),
}


@pytest.mark.parametrize("name", list(OTHERS))
def test_another_drive_is_refused_with_what_differs(tmp_path: Path, name: str) -> None:
    old = record(tmp_path / "old", several(*PARTS))
    other, why = OTHERS[name]
    with pytest.raises(DriveError, match=f"drive 0 is not the one in .*old .step 1 up.: {why}.* set the parameters"):
        ReplayChip(old).apply(other)


@pytest.mark.parametrize(
    ("sense", "why"),
    [
        (None, "its source at C reads the voltage between its own terminals; on record is C and B"),
        ((2, 0), "reads the voltage between C and A"),
    ],
)
def test_another_pair_to_read_across_is_refused(tmp_path: Path, sense: tuple[int, int] | None, why: str) -> None:
    chip = ReplayChip(record(tmp_path / "old", several(LOOK)))
    with pytest.raises(DriveError, match=why):
        chip.apply(replace(LOOK, forces=(LOOK.forces[0], replace(LOOK.forces[1], sense=sense))))
    late = replace(LOOK, read_delay=np.array([0.05, 0.05, 0.06]))
    with pytest.raises(DriveError, match="step 3 has a read delay of 60 ms; on record is 50 ms"):
        chip.apply(late)


def test_a_refused_drive_leaves_the_replay_where_it_was(tmp_path: Path) -> None:
    chip = ReplayChip(record(tmp_path / "old", several(*PARTS)))
    with pytest.raises(DriveError):
        chip.apply(LOOK)
    assert sum(block.steps for block in chip.apply(PULSES)) == PULSES.steps


def test_more_drives_than_a_finished_run_holds_are_refused(tmp_path: Path) -> None:
    old = record(tmp_path / "old", several(PULSES))
    with pytest.raises(DriveError, match=r"old holds 1 drive, and this protocol asks for one more\. A replay answers"):
        record_run(several(PULSES, PULSES), ReplayChip(old), tmp_path / "new", INFO)
    new = load_run(tmp_path / "new")
    assert (new.status, new.exit_code, new.samples) == ("failed", 4, 7)


def lost(folder: Path, at: int) -> Run:
    """A run whose link is lost before block number `at`; three come back of each drive of pulses."""

    def lose(number: int) -> None:
        if number == at:
            raise WireError("the link is lost")

    with pytest.raises(WireError):
        record_run(several(*[PULSES] * 3), OhmicChip(block=3, at_block=lose), folder, INFO)
    return load_run(folder)


@pytest.mark.parametrize(
    ("at", "samples", "where"),
    [(5, 13, "in drive 1, after 6 of its 7 steps"), (3, 7, "in drive 1, after 0 of its 7 steps")],
)
def test_where_the_record_breaks_off_the_replay_does(tmp_path: Path, at: int, samples: int, where: str) -> None:
    old = lost(tmp_path / "old", at)
    with pytest.raises(Stopped, match=f"old breaks off {where}: the run failed then .the link is lost"):
        record_run(several(*[PULSES] * 3), ReplayChip(old), tmp_path / "new", INFO)
    new = load_run(tmp_path / "new")
    assert (new.status, new.exit_code, new.samples) == ("interrupted", 130, samples)
    np.testing.assert_array_equal(new.rows().current, old.rows().current)
    assert not new.drives[-1].finished


def test_a_run_that_was_stopped_between_drives_breaks_off_there(tmp_path: Path) -> None:
    def stop() -> Drives:
        yield PULSES
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(tmp_path / "old", stop())
    chip = ReplayChip(load_run(tmp_path / "old"))
    list(chip.apply(PULSES))
    with pytest.raises(Stopped, match=r"breaks off after 1 drive: the run was interrupted then \(Ctrl-C\)"):
        chip.apply(PULSES)


def test_a_run_without_an_end_and_a_damaged_one_break_off_with_their_reason(tmp_path: Path) -> None:
    old = record(tmp_path / "old", several(PULSES, PULSES), block=3)
    journal = old.path / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:7]))
    with pytest.raises(Stopped, match="breaks off in drive 1, after 0 of its 7 steps: the program that played it left"):
        record_run(several(PULSES, PULSES), ReplayChip(load_run(old.path)), tmp_path / "new", INFO)
    journal.write_bytes(b"".join([*lines[:7], b"{}\n", *lines[8:]]))
    with pytest.raises(Stopped, match=r"in drive 1, after 0 .* the rest of the record is damaged"):
        record_run(several(PULSES, PULSES), ReplayChip(load_run(old.path)), tmp_path / "again", INFO)


def test_a_run_that_is_being_played_is_not_replayed(tmp_path: Path) -> None:
    store = Store(tmp_path / "r", INFO)
    store(RunStarted(("A", "B", "C")))
    with pytest.raises(UsageError, match="still being played"):
        ReplayChip(load_run(tmp_path / "r"))
    store.close()


def test_the_limits_are_those_of_the_files_on_record(tmp_path: Path) -> None:
    chip = Document("c.toml", 'name = "c"\n[limits]\nvoltage = "4 V"\n')
    bench = Document("b.toml", '[limits]\nvoltage = "3 V"\ncurrent = "2 mA"\n')
    known = {
        "none": ({}, UNKNOWN),
        "chip": ({"chip": chip}, Limits(4.0, 1e-3)),
        "silent": ({"chip": chip, "bench": Document("b.toml", "")}, Limits(4.0, 1e-3)),
        "both": ({"chip": chip, "bench": bench}, Limits(3.0, 1e-3)),
    }
    for name, (documents, limits) in known.items():
        run = record(tmp_path / name, several(PULSES), RunInfo("r", documents=documents))
        assert ReplayChip(run).limits == limits


def test_a_record_with_more_samples_than_steps_is_no_chip(tmp_path: Path) -> None:
    old = record(tmp_path / "old", several(PULSES), block=7)
    lines = (old.path / JOURNAL).read_bytes().splitlines(keepends=True)
    whole = old.drives[0].reading
    more = encode_frame(Kind.READING, 2, encode_reading(whole))
    with (old.path / BLOCKS).open("ab") as file:
        place = file.tell()
        file.write(more)
    words = {"n": 3, "event": "block", "drive": 0, "first": 7, "steps": 7, "forces": 1, "start": whole.start}
    extra = encode_line({**words, "frame": 2, "offset": place, "length": len(more)})
    (old.path / JOURNAL).write_bytes(b"".join([*lines[:3], extra]))
    assert load_run(old.path).samples == 14
    with pytest.raises(StorageError, match="drive 0 has more samples than steps"):
        ReplayChip(load_run(old.path)).apply(PULSES)


def test_a_fingerprint_tells_records_apart(tmp_path: Path) -> None:
    runs = [record(tmp_path / name, several(PULSES)) for name in ("one", "two")]
    assert runs[0].fingerprint == load_run(runs[0].path).fingerprint
    assert runs[0].fingerprint != runs[1].fingerprint, "they were played at different times"


def test_a_protocol_that_ends_before_the_record_does_is_content(tmp_path: Path) -> None:
    old = record(tmp_path / "old", several(*PARTS))
    new = record_run(several(PARTS[0]), ReplayChip(old), tmp_path / "new", INFO)
    assert (new.status, new.samples) == ("finished", 7)


def test_a_reading_is_the_very_one(tmp_path: Path) -> None:
    """Values that no arithmetic leaves as they are come through: NaN, overflow, minus zero."""

    class Odd(OhmicChip):
        def _blocks(self, drive: Drive, start: float):
            for block in super()._blocks(drive, start):
                current = np.array([[np.nan], [-0.0]])
                yield replace(block, current=current, overflow=np.array([[True], [False]]))

    old = record_run(several(volts([1.0, 0.0])), Odd(), tmp_path / "old", INFO)
    (found,) = ReplayChip(old).apply(volts([1.0, 0.0]))
    assert isinstance(found, Reading)
    assert np.isnan(found.current[0, 0])
    assert np.signbit(found.current[1, 0])
    assert found.overflow[:, 0].tolist() == [True, False]
