"""Killed, cut and altered runs give an exact prefix of what was acknowledged."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.errors import FileError, StorageError, UsageError
from nwlab.core.events import RunStarted
from nwlab.core.record import BLOCKS, JOURNAL, MANIFEST, RunInfo
from nwlab.runs.index import Index, scan
from nwlab.runs.recording import load_run
from nwlab.runs.recover import recover
from nwlab.runs.runner import record_run
from nwlab.runs.store import Store


@pytest.fixture
def small(tmp_path: Path) -> tuple[bytes, bytes]:
    """Journal and samples of two drives with three blocks in all."""
    run = record_run(several(volts([1, 2, 3]), volts([4])), OhmicChip(block=2), tmp_path / "small", RunInfo("small"))
    return (run.path / JOURNAL).read_bytes(), (run.path / BLOCKS).read_bytes()


def kept(index: Index) -> tuple[list[int], list[int], list[int]]:
    return list(index.lines), list(index.samples), list(index.offset)


def is_prefix(part: Index, whole: Index) -> bool:
    drives, blocks = len(part.lines), len(part.offset)
    return (
        part.lines == whole.lines[:drives]
        and part.offset == whole.offset[:blocks]
        and part.length == whole.length[:blocks]
        and part.notes == whole.notes[: len(part.notes)]
        and part.end in ({}, whole.end)
        and part.run in ({}, whole.run)
        and sum(part.samples) <= sum(whole.samples)
    )


def scanned(journal: bytes, blocks: bytes) -> Index:
    return scan(io.BytesIO(journal), io.BytesIO(blocks))


@pytest.mark.fault(33, "A journal cut at any byte: the whole lines before it, and a word on what was dropped.")
def test_journal_cut_anywhere_gives_the_lines_before(small: tuple[bytes, bytes]) -> None:
    journal, blocks = small
    whole = scanned(journal, blocks)
    for end in range(len(journal)):
        part = scanned(journal[:end], blocks)
        lines = journal[:end].count(b"\n")
        acknowledged = [b'"event":"block"' in line for line in journal.split(b"\n")[:lines]]
        assert is_prefix(part, whole)
        assert len(part.offset) == sum(acknowledged)
        assert part.dropped.journal_bytes == end - journal[:end].rfind(b"\n") - 1
        assert not part.end


@pytest.mark.fault(33, "Samples cut at any byte: the whole frames before it.")
def test_samples_cut_anywhere_give_the_whole_frames_before(small: tuple[bytes, bytes]) -> None:
    journal, blocks = small
    whole = scanned(journal, blocks)
    ends = [offset + length for offset, length in zip(whole.offset, whole.length, strict=True)]
    for end in range(len(blocks)):
        part = scanned(journal, blocks[:end])
        assert is_prefix(part, whole)
        assert len(part.offset) == sum(last <= end for last in ends)
        assert part.dropped.lines > 0
        assert part.dropped.reason


@pytest.mark.fault(33, "Any bit of journal or samples flipped: an exact prefix, never a wrong number.")
@pytest.mark.parametrize("which", [0, 1])
def test_no_flipped_bit_is_accepted(small: tuple[bytes, bytes], which: int) -> None:
    whole = scanned(*small)
    for at in range(len(small[which])):
        for bit in range(8):
            altered = bytearray(small[which])
            altered[at] ^= 1 << bit
            files = (small[0], bytes(altered)) if which else (bytes(altered), small[1])
            part = scanned(*files)
            assert is_prefix(part, whole)
            assert part.dropped
            assert not part.end


@pytest.mark.fault(33, "Lines lost, doubled or swapped: an exact prefix.")
def test_lines_of_another_run_are_not_joined(small: tuple[bytes, bytes]) -> None:
    journal, blocks = small
    lines = journal.splitlines(keepends=True)
    swapped = b"".join([*lines[:2], *lines[3:]])
    assert is_prefix(scanned(swapped, blocks), scanned(journal, blocks))
    assert len(scanned(swapped, blocks).offset) == 0
    assert len(scanned(journal + lines[2], blocks).offset) == 3


CHILD = """
import sys, numpy as np
from nwlab.core.events import BlockArrived
from nwlab.core.record import RunInfo
from nwlab.runs.player import play
from nwlab.runs.store import Store
from runs.ohmic import OhmicChip, several, volts

def acknowledge(event):
    if isinstance(event, BlockArrived):
        sys.stdout.write(f"{event.index} {event.first + event.reading.steps}\\n"); sys.stdout.flush()

drives = (volts(np.arange(1, 301) * (1e-3 + 1e-6 * index)) for index in range(2000))
play(several(*drives), OhmicChip(block=3), (Store(sys.argv[1], RunInfo("killed")), acknowledge))
"""


@pytest.mark.parametrize("after", [1, 40, 333, 1000, 2500])
def test_killed_program_loses_nothing_that_was_acknowledged(tmp_path: Path, after: int) -> None:
    """SIGKILL strikes whenever it comes after so many blocks were read from the child's pipe."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"}
    command = [sys.executable, "-c", CHILD, str(tmp_path / "r")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=root) as child:
        assert child.stdout is not None
        for _ in range(after):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().splitlines(keepends=True)
    told = [line for line in rest if line.endswith(b"\n")]
    recovery = recover(tmp_path / "r")
    run = recovery.run
    assert run.status == "interrupted"
    assert run.exit_code is None
    assert sorted(path.name for path in run.path.iterdir()) == [BLOCKS, JOURNAL, MANIFEST]
    blocks = after + len(told)
    assert blocks * 3 <= run.samples <= (blocks + 1) * 3
    rows = run.rows()
    np.testing.assert_array_equal(rows.voltage, (rows.step + 1) * (1e-3 + 1e-6 * rows.drive))
    if told:
        drive, samples = (int(word) for word in told[-1].split())
        assert len(run.drives) - 1 == drive or (len(run.drives) - 2 == drive and samples == 300)


@pytest.mark.fault(33, "`recover` says what it dropped, and alters neither journal nor samples.")
def test_recovery_says_what_it_dropped_and_leaves_the_samples_alone(tmp_path: Path) -> None:
    folder = record_run(several(volts([1, 2, 3])), OhmicChip(block=1), tmp_path / "r", RunInfo("x")).path
    blocks = (folder / BLOCKS).read_bytes()
    (folder / BLOCKS).write_bytes(blocks[:-5])
    recovery = recover(folder)
    assert recovery.run.samples == 2
    assert "dropped 3 journal lines" in str(recovery)
    assert "frame 3 is cut off" in str(recovery)
    assert (folder / BLOCKS).read_bytes() == blocks[:-5]
    assert (recovery.run.status, recovery.run.exit_code) == ("interrupted", None)
    assert "recovered later" in recovery.run.reason


@pytest.mark.fault(40, "A run.json that is half or missing: the run is read from its journal.")
def test_run_without_its_manifest_is_read_from_its_journal(tmp_path: Path) -> None:
    folder = record_run(several(volts([1, 2])), OhmicChip(), tmp_path / "r", RunInfo("x")).path
    (folder / MANIFEST).write_text("{ half")
    run = load_run(folder)
    assert (run.info.name, run.terminals, run.status, run.samples) == ("x", ("A", "B", "C"), "finished", 2)
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    (folder / JOURNAL).write_bytes(b"".join(lines[:-1]))
    assert recover(folder).run.samples == 2
    (folder / MANIFEST).unlink()
    (folder / JOURNAL).write_bytes(b"")
    with pytest.raises(FileError, match="not the folder of a run"):
        load_run(folder)


def test_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="not the folder of a run"):
        load_run(tmp_path)


def test_run_that_is_being_written_is_not_recovered(tmp_path: Path) -> None:
    store = Store(tmp_path / "r", RunInfo("x"))
    store(RunStarted(("A",)))
    with pytest.raises(UsageError, match="still being written"):
        recover(tmp_path / "r")
    store.close()
    assert recover(tmp_path / "r").run.status == "interrupted"


@pytest.mark.fault(33, "Samples that are altered after the run was opened are not handed out.")
def test_samples_altered_after_loading_are_not_handed_out(tmp_path: Path) -> None:
    run = record_run(several(volts([1, 2])), OhmicChip(), tmp_path / "r", RunInfo("x"))
    content = bytearray((run.path / BLOCKS).read_bytes())
    content[-20] ^= 1
    (run.path / BLOCKS).write_bytes(content)
    with pytest.raises(StorageError, match="was altered"):
        run.rows()
