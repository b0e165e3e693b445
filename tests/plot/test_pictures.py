"""Pictures are drawn for whatever a run holds, and show what must not be missed."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import image
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.drive import Drive
from nwlab.core.errors import StorageError
from nwlab.core.record import RunInfo
from nwlab.plot.pictures import trace
from nwlab.plot.style import BAND, COLOURS
from nwlab.runs.recording import Run
from nwlab.runs.runner import record_run


def record(folder: Path, *drives: Drive, chip: OhmicChip | None = None) -> Run:
    return record_run(several(*drives), chip or OhmicChip(block=50_000), folder / "r", RunInfo("x", chip="c"))


def has(path: Path, colour: str) -> np.ndarray:
    """Which columns of a picture have pixels of a colour, and how many."""
    wanted = np.array(mpl.colors.to_rgb(colour))
    return (np.abs(image.imread(path)[:, :, :3] - wanted).max(axis=2) < 0.02).sum(axis=0)


@pytest.mark.parametrize("count", [1, 3, 16])
def test_as_many_terminals_as_there_are(tmp_path: Path, count: int) -> None:
    chip = OhmicChip()
    chip.terminals = tuple(f"T{index}" for index in range(count))
    levels = np.linspace(0.1, 1, 20)
    drive = Drive(np.full(20, 0.1), tuple(force(levels * (1 + k), k, low=None) for k in range(count)))
    picture = trace(record(tmp_path, drive, chip=chip), tmp_path / "x.png")
    for colour in COLOURS[: min(count, 8)]:
        assert has(picture, colour).any()


@pytest.mark.parametrize("drives", [(), (Drive(np.array([1.0])),), (volts([0.0, 0.0]),), (volts([1.0]),)])
def test_little_to_draw_is_drawn(tmp_path: Path, drives: tuple[Drive, ...]) -> None:
    picture = trace(record(tmp_path, *drives), tmp_path / "x.png")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_spike_of_one_sample_in_a_million_is_seen(tmp_path: Path) -> None:
    levels = np.full(1_000_000, 0.1)
    levels[777_777] = 3.0
    picture = trace(record(tmp_path, volts(levels, 1e-3)), tmp_path / "x.png")
    tall = np.flatnonzero(has(picture, COLOURS[0]) > 150)
    assert 1 <= tall.size <= 6
    assert 0.65 < tall.mean() / 1280 < 0.85


def test_compliance_is_shaded(tmp_path: Path) -> None:
    levels = np.concatenate([np.full(50, 0.5), np.full(50, 2.0)])
    limited = Drive(np.full(100, 0.1), (force(levels, compliance=1e-4),))
    shaded = has(trace(record(tmp_path, limited), tmp_path / "x.png"), BAND)
    half = shaded.size // 2
    assert np.median(shaded[half + 40 : -160]) > 500
    assert shaded[: half - 150].max() < 30


def test_settings_of_the_user_are_left_alone(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    trace(record(tmp_path, volts([1, 2])), tmp_path / "x.png")
    assert dict(mpl.rcParams) == before


def test_picture_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        trace(record(tmp_path, volts([1, 2])), tmp_path / "nowhere" / "x.png")
