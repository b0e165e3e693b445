"""The room that a run asks for before it starts, against the bytes that it really wrote."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from runs.ohmic import OhmicChip, force, several

from nwlab.core.drive import Drive
from nwlab.core.errors import StorageError
from nwlab.core.events import RunStarted
from nwlab.core.record import BLOCKS, JOURNAL, RunInfo
from nwlab.lab.opening import open_bench, open_model
from nwlab.lab.running import Playing, load_protocol
from nwlab.runs.recording import Run
from nwlab.runs.room import record_size
from nwlab.runs.runner import record_run

SPARE = 1_000_000  # bytes that have to be free besides
PROTOCOLS = sorted(path.stem for path in (Path(__file__).parents[2] / "protocols").glob("*.toml"))
PROTOCOLS = [name for name in PROTOCOLS if not name.startswith("program-")]  # nobody knows how long those will be


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def written(run: Run) -> int:
    return sum((run.path / name).stat().st_size for name in (JOURNAL, BLOCKS))


def played(out: Path, name: str, *, model: bool = False) -> Run:
    with open_model("stochastic-2025") if model else open_bench("virtual") as chip:
        return Playing(load_protocol(name), chip, out).play()


@pytest.mark.fault(32, "A run was refused where its record would not have fitted, and started where twice as much did.")
@pytest.mark.parametrize("name", PROTOCOLS)
def test_shipped_protocols_ask_for_what_they_write_or_up_to_twice_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    size = written(played(tmp_path, name))
    free = size - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, SPARE + free))
    with pytest.raises(StorageError, match="this run needs about"):
        played(tmp_path, name)
    free = 2 * size
    assert played(tmp_path, name).samples


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_model_writes_no_more_than_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    size = written(played(tmp_path, name, model=True))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, SPARE + size - 1))
    with pytest.raises(StorageError, match="this run needs about"):
        played(tmp_path, name, model=True)


@pytest.mark.parametrize("forces", [1, 2])
@pytest.mark.parametrize(
    ("drives", "steps", "dwell", "block"), [(400, 2, 1.0, 1), (400, 5, 0.04, 3), (3, 900, 1.0, 1), (1, 5000, 1e-3, 250)]
)
def test_many_drives_several_forces_and_single_samples_are_counted(
    tmp_path: Path, drives: int, steps: int, dwell: float, block: int, forces: int
) -> None:
    ports = (force(np.ones(steps)), force(np.ones(steps), terminal=2, low=None))[:forces]
    drive = Drive(np.full(steps, dwell), ports)
    run = record_run(several(*[drive] * drives), OhmicChip(block=block), tmp_path / "r", RunInfo("x"))
    started = RunStarted(("A", "B", "C"), drives * steps, drives * drive.duration, drives, drives * steps * forces)
    assert written(run) < record_size(started) < 2 * written(run)
