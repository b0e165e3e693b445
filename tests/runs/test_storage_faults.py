"""Disks that are full, read-only or gone, and programs that are killed while they write."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.chip import CheckedChip
from nwlab.core.clock import VirtualClock
from nwlab.core.errors import FileError, StorageError
from nwlab.core.record import MANIFEST, RunInfo
from nwlab.runs.player import play
from nwlab.runs.recording import load_run
from nwlab.runs.runner import record_run
from nwlab.runs.store import Store, new_folder

LEVELS = np.linspace(0.1, 2, 20_000)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only the system's administrator makes a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


@pytest.mark.fault(
    32, "A disk of 2 MB fills up: the run ends at rest with code 6, every sample of the prefix is right."
)
@pytest.mark.parametrize("block", [1, 100])
def test_a_full_disk(tiny: Path, block: int) -> None:
    chip = OhmicChip(block=block)
    with pytest.raises(StorageError) as caught:
        record_run(several(*[volts(LEVELS)] * 10), chip, tiny / "r", RunInfo("x"), close=True)
    run = load_run(tiny / "r")
    assert chip.closed == 1
    assert (run.status, run.exit_code) == ("failed", 6)
    assert 0 < run.samples < 10 * LEVELS.size
    np.testing.assert_array_equal(run.rows().voltage, np.tile(LEVELS, 10)[: run.samples])
    assert not run.dropped
    assert f"{run.samples} samples" in str(caught.value)


@pytest.mark.fault(32, "A disk that cannot be written: told before the chip is touched.")
def test_a_read_only_disk(tiny: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)
    chip = OhmicChip()
    with pytest.raises(StorageError, match=r"Read-only|read-only"):
        new_folder(tiny, "x")
    with pytest.raises(StorageError, match=r"Read-only|read-only"):
        record_run(several(volts([1])), chip, tiny / "r", RunInfo("x"))
    assert chip.rested == 0


@pytest.mark.fault(
    32, "A disk that becomes read-only in the midst of a run, as after an error of its own: at rest, code 6."
)
def test_a_disk_that_fails_in_the_midst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(5, "Input/output error")

    chip = OhmicChip(block=1, at_block=lambda block: monkeypatch.setattr(os, "write", fail) if block == 50 else None)
    with pytest.raises(StorageError, match="Input/output error"):
        record_run(several(volts(LEVELS)), chip, tmp_path / "r", RunInfo("x"), close=True)
    monkeypatch.undo()
    run = load_run(tmp_path / "r")
    assert (chip.closed, run.samples) == (1, 50)
    assert (run.status, run.exit_code) == ("failed", 6)


def gone(folder: Path, how: object) -> None:
    """Play until the folder vanishes under the run."""
    clock = VirtualClock()

    def at_block(block: int) -> None:
        clock.sleep(0.1)
        if block == 50:
            how(folder)  # type: ignore[operator]

    chip = OhmicChip(block=1, at_block=at_block)
    store = Store(folder, RunInfo("x"), clock)
    with pytest.raises(StorageError, match="cannot be reached any more"):
        play(several(volts(LEVELS)), chip, (store,), close=True)
    assert chip.closed == 1
    assert store.samples <= 51 + 10, "it was noticed at the next look, about a second later"
    store.close()


@pytest.mark.fault(32, "The folder is deleted under the run: noticed within about a second, at rest, code 6.")
def test_a_folder_that_vanishes(tmp_path: Path) -> None:
    gone(tmp_path / "r", shutil.rmtree)
    with pytest.raises(FileError):
        load_run(tmp_path / "r")


@pytest.mark.fault(32, "The drive is taken away under the run: noticed within about a second, at rest, code 6.")
def test_a_drive_that_vanishes(tiny: Path) -> None:
    gone(tiny / "r", lambda _: subprocess.run(["umount", "-l", str(tiny)], check=True))


@pytest.mark.fault(32, "A run shorter than a second whose folder has gone does not pass for finished.")
def test_a_folder_that_vanishes_at_the_last_moment(tmp_path: Path) -> None:
    chip = OhmicChip(block=1, at_block=lambda block: shutil.rmtree(tmp_path / "r") if block == 2 else None)
    with pytest.raises(StorageError):
        record_run(several(volts([1, 2, 3])), CheckedChip(chip), tmp_path / "r", RunInfo("x"), close=True)
    assert chip.closed == 1


WRITER = """
import itertools, sys
from pathlib import Path
from nwlab.runs.appender import replace_json
path = Path(sys.argv[1])
for count in itertools.count():
    replace_json(path, {"count": count, "text": "x" * (count % 7 * 3000)})
    if count == 0:
        print("ready", flush=True)
"""


@pytest.mark.fault(34, "Killed at random moments while it replaces run.json for ever: always one whole version.")
def test_a_manifest_is_whole_whenever_its_writer_is_killed(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    path = tmp_path / MANIFEST
    for trial in range(8):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            killer = threading.Timer(0.013 * trial, writer.send_signal, (signal.SIGKILL,))
            killer.start()
            while writer.poll() is None:
                check(path)
        check(path)


def check(path: Path) -> None:
    content = json.loads(path.read_text())
    assert content["text"] == "x" * (content["count"] % 7 * 3000)


@pytest.mark.fault(
    34, "The disk fails as the run ends: the old run.json, whole; no line says finished before its samples."
)
@pytest.mark.parametrize(("broken", "status"), [("fsync", "failed"), ("replace", "finished")])
def test_the_end_of_a_run_on_a_disk_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, status: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "the disk is gone")

    chip = OhmicChip(at_block=lambda block: monkeypatch.setattr(os if broken == "fsync" else Path, broken, fail))
    with pytest.raises(StorageError, match="the disk is gone"):
        record_run(several(volts([1, 2])), CheckedChip(chip), tmp_path / "r", RunInfo("x"), close=True)
    monkeypatch.undo()
    assert json.loads((tmp_path / "r" / MANIFEST).read_text())["status"] == "running"
    run = load_run(tmp_path / "r")
    assert (run.status, run.samples, chip.closed) == (status, 2, 1)
