"""What is kept while a run goes on, and what a broken disk leaves of it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, several, volts
from small_disk import small_files

from nwlab.core.clock import SystemClock, VirtualClock
from nwlab.core.errors import StorageError
from nwlab.core.events import BlockArrived, DriveFinished, Event, Noted, Outline
from nwlab.core.record import BLOCKS, JOURNAL, MANIFEST, Document, RunInfo
from nwlab.runs.appender import Appender, replace_json
from nwlab.runs.player import play
from nwlab.runs.recording import load_run
from nwlab.runs.runner import record_run
from nwlab.runs.store import Store, new_folder

INFO = RunInfo("loop", {"chip": Document("c.toml", "name = 'c'")}, {"peak": "2 V"}, versions={"nwlab": "0.1"}, seed=3)


def test_finished_run_tells_what_was_done(tmp_path: Path) -> None:
    run = record_run(several(volts([1, 2, 3]), volts([4])), OhmicChip(block=2), tmp_path / "r", INFO)
    assert (run.status, run.exit_code, run.samples, len(run.drives)) == ("finished", 0, 4, 2)
    assert run.info == INFO
    assert run.started is not None
    assert run.started.utcoffset() is not None
    assert not run.dropped
    manifest = json.loads((run.path / MANIFEST).read_text())
    assert (manifest["status"], manifest["samples"], manifest["units"]["voltage"]) == ("finished", 4, "V")


def test_journal_opens_in_pandas_as_it_stands(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    run = record_run(several(volts([1, 2, 3])), OhmicChip(block=1), tmp_path / "r", INFO, label=lambda: "1 up")
    journal = pandas.read_json(run.path / JOURNAL, lines=True)
    assert list(journal.event) == ["run", "drive", "block", "block", "block", "drive-end", "end"]
    assert list(journal.label.dropna()) == ["1 up"]


def test_block_is_on_its_way_to_the_disk_when_the_store_returns(tmp_path: Path) -> None:
    """A second program sees every block that was acknowledged, while the run goes on."""
    store, seen = Store(tmp_path / "r", INFO), []

    def look(event: Event) -> None:
        if isinstance(event, BlockArrived):
            run = load_run(tmp_path / "r")
            seen.append((run.status, run.samples))

    play(several(volts([1, 2, 3])), OhmicChip(block=1), (store, look))
    assert seen == [("running", 1), ("running", 2), ("running", 3)]


def test_folders_of_the_same_second_are_numbered(tmp_path: Path) -> None:
    names = [new_folder(tmp_path / "runs", "my loop/2").name for _ in range(12)]
    assert len(set(names)) == 12
    assert all("_my-loop-2" in name for name in names)


def test_existing_run_is_never_written_over(tmp_path: Path) -> None:
    record_run(several(volts([1])), OhmicChip(), tmp_path / "r", INFO)
    before = (tmp_path / "r" / BLOCKS).read_bytes()
    with pytest.raises(StorageError, match="already holds a run"):
        record_run(several(volts([2])), OhmicChip(), tmp_path / "r", INFO)
    assert (tmp_path / "r" / BLOCKS).read_bytes() == before


@pytest.mark.fault(32, "No folder for the run can be made: told before the chip is touched.")
def test_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        new_folder(tmp_path / "file", "x")
    with pytest.raises(StorageError):
        Store(tmp_path / "file" / "run", INFO)


@pytest.mark.fault(32, "Too little room for what is expected: refused before the chip is touched.")
def test_too_little_room_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    chip = OhmicChip()
    with pytest.raises(StorageError, match="free"):
        record_run(several(volts([1])), chip, tmp_path / "r", INFO, outline=Outline(10**15))
    assert chip.rested == 0
    assert (load_run(tmp_path / "r").status, load_run(tmp_path / "r").exit_code) == ("failed", 6)


def test_disk_is_told_about_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted while samples come, as real seconds would: the disk gets its turn before the next block."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    clock, counts = VirtualClock(), list[int]()
    store = Store(tmp_path / "r", INFO, clock)

    def at_block(block: int) -> None:
        assert soon(lambda: store._keeper.behind == 0)
        counts.append(len(synced))
        clock.sleep(0.3)

    play(several(volts(np.linspace(0, 1, 20))), OhmicChip(block=1, at_block=at_block), (store,))
    in_between = counts[-1] - counts[0]
    assert 2 * (int(19 * 0.3) - 2) <= in_between <= 2 * int(19 * 0.3)  # two files


def test_the_disk_has_all_before_anybody_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    store = Store(
        tmp_path / "r", INFO, VirtualClock()
    )  # on which the second after which the disk is asked never passes
    counts: list[int] = []

    class Thoughtful:
        def __call__(self, event: Event) -> None:
            if isinstance(event, DriveFinished):
                counts.append(len(synced))

        def complaint(self) -> Noted | None:
            return None

        def findings(self) -> list[Event]:
            return []

        def close(self) -> None:
            assert soon(lambda: len(synced) >= counts[0] + 2)  # two files

    play(several(volts(np.linspace(0, 1, 20))), OhmicChip(), (store,), background=(Thoughtful(),))
    assert load_run(tmp_path / "r").status == "finished"


def soon(holds: Callable[[], bool]) -> bool:
    clock = SystemClock()
    end = clock.now() + 10.0
    while not holds() and clock.now() < end:
        clock.sleep(0.001)
    return holds()


@pytest.mark.fault(32, "Files cannot grow any more: the run ends at rest, what was acknowledged is read back exactly.")
@pytest.mark.parametrize("block", [1, 7])
def test_full_disk_ends_the_run_at_rest_with_an_exact_prefix(tmp_path: Path, block: int) -> None:
    chip, drive = OhmicChip(block=block), volts(np.linspace(0.1, 2, 500))
    with pytest.raises(StorageError) as caught, small_files(12_000):
        record_run(several(drive), chip, tmp_path / "r", INFO)
    run = load_run(tmp_path / "r")
    assert chip.rested == 1
    assert 0 < run.samples < 500
    assert not any(path.name.startswith(".") for path in run.path.iterdir())
    np.testing.assert_array_equal(run.rows().voltage, drive.forces[0].levels[: run.samples])
    assert f"{run.samples} samples" in str(caught.value)
    assert "free there" in str(caught.value)
    assert (run.status, run.exit_code) == ("failed", 6)


@pytest.mark.fault(32, "Writes that take only a part are completed.")
def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:7]))
    file = Appender(tmp_path / "f")
    assert [file.append(b"0123456789" * 3), file.append(b"end")] == [0, 30]
    file.close()
    assert (tmp_path / "f").read_bytes() == b"0123456789" * 3 + b"end"


@pytest.mark.fault(34, "The disk fails while run.json is written: the old one is there, whole.")
@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_manifest_is_old_or_new_but_never_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "the disk is gone")

    path = tmp_path / MANIFEST
    replace_json(path, {"state": "old"})
    monkeypatch.setattr(os if broken == "fsync" else Path, broken, fail)
    with pytest.raises(OSError, match="disk is gone"):
        replace_json(path, {"state": "new", "much": list(range(1000))})
    monkeypatch.undo()
    assert json.loads(path.read_text()) == {"state": "old"}
    assert [each.name for each in tmp_path.iterdir()] == [MANIFEST]


def test_notes_are_kept_with_their_content(tmp_path: Path) -> None:
    store = Store(tmp_path / "r", INFO)

    def noting(event: Event) -> None:
        if isinstance(event, BlockArrived):
            store(Noted("clock step", {"seconds": 2.5, "by": ("ntp", np.int64(1))}))

    play(several(volts([1])), OhmicChip(), (store, noting))
    notes = load_run(tmp_path / "r").notes
    assert [(note["kind"], note["content"]) for note in notes] == [("clock step", {"seconds": 2.5, "by": ["ntp", 1]})]


def test_a_run_whose_last_block_took_long_ends_well(tmp_path: Path) -> None:
    clock = VirtualClock()
    chip = OhmicChip(at_block=lambda block: clock.sleep(1000.0))
    play(several(volts([1, 2])), chip, (Store(tmp_path / "r", INFO, clock),))
    assert (load_run(tmp_path / "r").status, load_run(tmp_path / "r").samples) == ("finished", 2)


@pytest.mark.parametrize("also_writing", [False, True])
def test_what_the_disk_refused_beside_the_run_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, also_writing: bool
) -> None:
    """And the end is told, also where a block could not be written meanwhile."""
    clock, samples, writing = VirtualClock(), list[int](), threading.Event()
    store = Store(tmp_path / "r", INFO, clock)

    def fail(*_: object) -> None:
        assert not also_writing or writing.wait(10.0)
        raise OSError(5, "the disk is gone")

    def fail_as_well(*_: object) -> None:
        writing.set()
        assert soon(lambda: store._keeper._failure is not None)
        raise OSError(5, "the disk is gone")

    def at_block(block: int) -> None:
        if block == 20:
            monkeypatch.setattr(os, "fsync", fail)
            clock.sleep(1.0)
        if block == 21 and also_writing:
            monkeypatch.setattr(Appender, "append", once(Appender.append, fail_as_well))
        if block == 21 and not also_writing:
            assert soon(lambda: store._keeper._failure is not None)
        samples.append(block)

    chip = OhmicChip(block=1, at_block=at_block)
    with pytest.raises(StorageError, match="the disk is gone"):
        play(several(volts(np.linspace(0, 1, 500))), chip, (store,))
    monkeypatch.undo()
    run = load_run(tmp_path / "r")
    assert len(samples) <= 23
    assert (run.status, run.exit_code) == ("failed", 6)
    assert 19 <= run.samples <= 23


def once(usual: Callable[..., int], fail: Callable[..., None]) -> Callable[..., int]:
    """Return what fails the first time and works then."""
    failures = iter([fail])

    def write(*arguments: object) -> int:
        for each in failures:
            each(*arguments)
        return usual(*arguments)

    return write


def test_a_slow_disk_is_told_once_and_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = threading.Event()
    usual, clock = os.fsync, VirtualClock()
    store = Store(tmp_path / "r", INFO, clock)

    def at_block(block: int) -> None:
        if block == 60:
            stuck.set()
        assert 2 < block < 60 or soon(lambda: store._keeper.behind == 0)
        if block == 2:
            monkeypatch.setattr(os, "fsync", lambda file: stuck.wait(60.0) and usual(file))
        clock.sleep(1.0)

    play(several(volts(np.linspace(0, 1, 80))), OhmicChip(block=1, at_block=at_block), (store,))
    (note,) = load_run(tmp_path / "r").notes
    assert note["kind"] == "remark"
    assert "the disk has not finished keeping the record for 10 s" in note["content"]["text"]
