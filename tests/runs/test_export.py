"""Exports open in other programs with the same numbers, units and coordinates."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.drive import Drive
from nwlab.core.errors import StorageError, UsageError
from nwlab.core.record import Document, RunInfo
from nwlab.core.rows import UNITS
from nwlab.runs.export import export
from nwlab.runs.recording import Run
from nwlab.runs.runner import record_run

INFO = RunInfo(
    "loop",
    {"bench": Document("bench.toml", 'name = "µ"')},
    {"peak": "2 V"},
    {"a": "KEITHLEY INSTRUMENTS,MODEL 2636B"},
    {"nwlab": "0.1.0"},
    seed=4,
    bench="lab16",
    chip="nw16",
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    levels = np.linspace(-1, 1, 7)
    two = Drive(np.full(7, 0.1), (force(levels), force(-levels, terminal=2, low=None)))
    return record_run(several(two, volts(levels / 3)), OhmicChip(block=3), tmp_path / "r", INFO)


def test_csv_has_units_in_its_header_and_every_bit(run: Run, tmp_path: Path) -> None:
    with export(run, tmp_path / "x.csv").open(newline="") as file:
        header, *lines = csv.reader(file)
    assert header[:6] == ["drive", "step", "terminal", "low", "quantity", "start (s)"]
    assert {"voltage (V)", "current (A)", "conductance (S)"} <= set(header)
    column = dict(zip(header, zip(*lines, strict=True), strict=True))
    np.testing.assert_array_equal(np.array(column["current (A)"], float), run.rows().current)
    assert column["terminal"][:2] == ("A", "C")
    assert column["low"][:2] == ("B", "common")


def test_csv_of_one_terminal(run: Run, tmp_path: Path) -> None:
    lines = export(run, tmp_path / "x.csv", "C").read_text().splitlines()
    assert len(lines) == 1 + 7


def test_hdf5_follows_nexus(run: Run, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(export(run, tmp_path / "x.h5")) as file:
        entry = file[file.attrs["default"]]
        assert entry.attrs["NX_class"] == "NXentry"
        data = entry[entry.attrs["default"]]
        assert data.attrs["NX_class"] == "NXdata"
        assert data[data.attrs["signal"]].attrs["units"] == "S"
        assert list(data.attrs["axes"]) == ["time"]
        for name, unit in UNITS.items():
            assert data[name].attrs["units"] == unit
            np.testing.assert_array_equal(data[name][:], run.rows().column(name))
            assert name == "time" or data[name].dims[0][0] == data["time"]
        assert entry["program_name"][()] == b"nwlab"
        assert entry["program_name"].attrs["version"] == "0.1.0"
        assert run.started is not None
        assert entry["start_time"][()].decode() == run.started.isoformat()
        assert entry["instrument/a/identity"][()].startswith(b"KEITHLEY")
        assert entry["configuration/bench"][()].decode() == 'name = "µ"'


def test_hdf5_opens_in_xarray(run: Run, tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    path = export(run, tmp_path / "x.h5")
    with xarray.open_dataset(path, engine="h5netcdf", group="entry/data") as data:
        check(data, run)


def test_netcdf_opens_in_xarray(run: Run, tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(export(run, tmp_path / "x.nc"), engine="scipy") as data:
        check(data, run)
        assert data.attrs["bench_file"] == 'name = "µ"'
        assert data.attrs["bench"] == "lab16"


def check(data: object, run: Run) -> None:
    rows = run.rows()
    assert dict(data.sizes) == {"time": len(rows)}
    assert set(data.data_vars) == {"level", "voltage", "current", "conductance", "in_compliance", "overflow"}
    for name in UNITS:
        np.testing.assert_array_equal(data[name], rows.column(name))
        assert data[name].attrs["units"] == UNITS[name]
    assert data.low.attrs["flag_meanings"] == "common A B C"
    np.testing.assert_array_equal(data.where(data.terminal == 2, drop=True).current, run.rows("C").current)


@pytest.mark.parametrize("suffix", ["csv", "h5", "nc"])
def test_run_without_samples_is_exported_too(tmp_path: Path, suffix: str) -> None:
    run = record_run(several(), OhmicChip(), tmp_path / "r", INFO)
    assert export(run, tmp_path / f"x.{suffix}").stat().st_size > 0


def test_unknown_ending_is_told_with_the_known_ones(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.h5.*\.nc.*\.csv"):
        export(run, tmp_path / "x.xlsx")


def test_missing_h5py_is_told_with_the_remedy(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(UsageError, match=r'pip install "nwlab\[hdf5\]"'):
        export(run, tmp_path / "x.h5")
    assert not list(tmp_path.glob(".x*"))


def test_export_that_cannot_be_written_leaves_the_old_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        export(run, tmp_path / "file" / "x.csv")
