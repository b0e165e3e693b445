"""A run that was kept, as a table and drive by drive."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.drive import Drive
from nwlab.core.errors import UsageError
from nwlab.core.record import RunInfo
from nwlab.core.rows import UNITS
from nwlab.runs.recording import Run, load_run
from nwlab.runs.runner import record_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    two = Drive(np.array([0.1, 0.2, 0.3]), (force([1, 2, 3]), force([0, 0, 5], terminal=2, compliance=1e-4, low=None)))
    rest = Drive(np.array([10.0]))
    return record_run(several(two, rest, volts([4, 5])), OhmicChip(block=2), tmp_path / "r", RunInfo("x"))


def test_table_has_one_row_for_each_step_and_force(run: Run) -> None:
    rows = run.rows()
    assert len(rows) == len(run) == 8
    assert run.samples == 6
    np.testing.assert_array_equal(rows.drive, [0, 0, 0, 0, 0, 0, 2, 2])
    np.testing.assert_array_equal(rows.step, [0, 0, 1, 1, 2, 2, 0, 1])
    np.testing.assert_array_equal(rows.terminal, [0, 2, 0, 2, 0, 2, 0, 0])
    np.testing.assert_array_equal(rows.low, [1, -1, 1, -1, 1, -1, 1, 1])
    np.testing.assert_array_equal(rows.level, [1, 0, 2, 0, 3, 5, 4, 5])
    np.testing.assert_allclose(rows.start, [0, 0, 0.1, 0.1, 0.3, 0.3, 10.6, 10.7])
    np.testing.assert_allclose(rows.time, [0.05, 0.05, 0.2, 0.2, 0.45, 0.45, 10.65, 10.75])
    np.testing.assert_array_equal(rows.in_compliance, [0, 0, 0, 0, 0, 1, 0, 0])
    np.testing.assert_allclose(rows.conductance, [1e-4, np.nan, 1e-4, np.nan, 1e-4, 1e-4, 1e-4, 1e-4])


def test_rows_of_one_terminal(run: Run) -> None:
    np.testing.assert_array_equal(run.rows("C").level, [0, 0, 5])
    with pytest.raises(UsageError, match="A, B, C"):
        run.rows("X")


def test_pieces_give_the_same_table(run: Run) -> None:
    pieces = list(run.pieces(size=3))
    assert len(pieces) > 1
    for name in UNITS:
        whole = run.rows().column(name)
        np.testing.assert_array_equal(np.concatenate([piece.column(name) for piece in pieces]), whole)


def test_drives_are_rebuilt_with_their_readings(run: Run) -> None:
    played = run.drives[-1]
    assert (played.index, played.steps, played.samples, played.finished) == (2, 2, 2, True)
    np.testing.assert_array_equal(played.drive.forces[0].levels, [4, 5])
    np.testing.assert_allclose(played.reading.current[:, 0], [4e-4, 5e-4])
    assert run.drives[1].reading.voltage.shape == (1, 0)
    assert [each.steps for each in run.drives[:2]] == [3, 1]


def test_run_without_a_sample_is_empty_but_whole(tmp_path: Path) -> None:
    def fail(block: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record_run(several(volts([1, 2])), OhmicChip(at_block=fail), tmp_path / "r", RunInfo("x"))
    run = load_run(tmp_path / "r")
    assert (run.status, run.exit_code, run.samples, len(run.rows())) == ("interrupted", 130, 0, 0)
    assert (run.drives[0].finished, run.drives[0].reading.steps) == (False, 0)
    np.testing.assert_array_equal(run.drives[0].drive.forces[0].levels, [1, 2])


def test_xarray_has_coordinates_and_units(run: Run) -> None:
    pytest.importorskip("xarray")
    data = run.to_xarray("A")
    assert data.current.dims == ("time",)
    assert data.current.attrs["units"] == "A"
    np.testing.assert_allclose(data.time, run.rows("A").time)
    assert {"drive", "step", "terminal"} <= set(data.coords)


def test_missing_xarray_is_told_with_the_remedy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(UsageError, match="pip install xarray"):
        run.to_xarray()


MEMORY = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
from peak import peak
from nwlab.runs.export import export
from nwlab.runs.recording import load_run
run = load_run(sys.argv[1])
assert len(run) == 1_000_000
export(run, Path(sys.argv[2]))
print(peak())
"""


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "h5", "nc"])
def test_a_million_samples_need_little_memory(tmp_path: Path, suffix: str) -> None:
    drives = (volts(np.linspace(0, 3, 50_000), 1e-3) for _ in range(20))
    run = record_run(several(*drives), OhmicChip(block=1000), tmp_path / "r", RunInfo("long"))
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", MEMORY, str(run.path), str(tmp_path / f"x.{suffix}")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
    assert float(done.stdout) < 300
