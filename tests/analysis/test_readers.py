"""Recordings of the field's own formats: what they mean, and what is said about those that mean nothing."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, force, several, volts
from scipy.io import savemat

import nwlab
from nwlab.analysis.readers import read_recording
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import FileError, UsageError
from nwlab.core.reading import Reading
from nwlab.core.record import RunInfo
from nwlab.core.units import G0
from nwlab.runs.runner import record_run

DATA = os.environ.get("NWLAB_TEST_DATA")
INFO = RunInfo("recorded")
needs_data = pytest.mark.skipif(not DATA, reason="NWLAB_TEST_DATA names no folder of measured files")


def write(folder: Path, text: str, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_run_says_when_levels_began_and_what_rests_lay_between(tmp_path: Path) -> None:
    force = Force(0, Quantity.VOLTAGE, np.array([0.2, 1.0]), compliance=1e-3, low=1)
    drive = Drive(np.array([0.1, 0.3]), (force,))
    with nwlab.open_model("resistor-10k") as chip:
        protocol = nwlab.load_protocol(write(tmp_path, _TWICE, "twice.toml"))
        run = nwlab.run(protocol, chip, out=tmp_path)
    recording = read_recording(run.path)
    trace = recording.trace()
    assert recording.terminals == ("A", "B")
    assert recording.driven() == ("A", "B")
    np.testing.assert_allclose(trace.voltage, [0.2, 1.0, 0.0, 0.2, 1.0, 0.0])
    assert trace.is_read.tolist() == [True, True, False] * 2
    np.testing.assert_allclose(trace.conductance[trace.is_read], 1e-4, rtol=1e-6)
    np.testing.assert_allclose(np.diff(trace.onset)[:2], drive.dwell)
    assert np.diff(trace.onset)[2] == pytest.approx(0.5)
    assert bool((np.diff(trace.time) > 0).all())


class Overflowing(OhmicChip):
    """A chip whose meters have too small a range for what is forced to 1 V or 1 mA."""

    def _blocks(self, drive: Drive, start: float) -> Generator[Reading, None, None]:
        for block in super()._blocks(drive, start):
            levels = np.stack([force.levels for force in drive.forces], axis=1)
            beyond = np.isin(levels, (1.0, 1e-3))
            is_forced = np.array([force.quantity is Quantity.VOLTAGE for force in drive.forces])
            current = np.where(beyond & is_forced, np.nan, block.current)
            voltage = np.where(beyond & ~is_forced, np.nan, block.voltage)
            yield replace(block, voltage=voltage, current=current, overflow=beyond)


def test_an_overflow_hides_only_what_was_not_forced(tmp_path: Path) -> None:
    forces = (force([0.1, 1.0, 0.1]), Force(2, Quantity.CURRENT, np.array([1e-3, 1e-5, 1e-5]), 20.0))
    drive = Drive(np.full(3, 0.1), forces, hold=True)
    recording = read_recording(record_run(several(drive), Overflowing(), tmp_path / "run", INFO).path)
    np.testing.assert_allclose(recording.voltage[:, 0], [0.1, 1.0, 0.1])
    np.testing.assert_allclose(recording.current[:, 0], [1e-5, np.nan, 1e-5])
    np.testing.assert_allclose(recording.voltage[:, 2], [np.nan, 0.1, 0.1])
    np.testing.assert_allclose(recording.current[:, 2], [1e-3, 1e-5, 1e-5])
    np.testing.assert_allclose(recording.trace("A", "B").voltage, [0.1, 1.0, 0.1])
    assert recording.forced == ("C",)


def test_what_was_forced_and_not_measured_is_what_was_asked_for(tmp_path: Path) -> None:
    class Blind(OhmicChip):
        def _blocks(self, drive: Drive, start: float) -> Generator[Reading, None, None]:
            for block in super()._blocks(drive, start):
                yield replace(block, voltage=np.full_like(block.voltage, np.nan))

    recording = read_recording(record_run(several(volts([0.1, 0.4])), Blind(), tmp_path / "run", INFO).path)
    np.testing.assert_allclose(recording.trace().voltage, [0.1, 0.4, 0.0])
    np.testing.assert_allclose(recording.trace().conductance[:2], 1e-4)


def test_a_voltmeter_drives_nothing(tmp_path: Path) -> None:
    meter = Force(2, Quantity.CURRENT, np.zeros(3), 1.0)
    drive = Drive(np.full(3, 0.1), (force([0.1, 0.3, 0.2]), meter))
    recording = read_recording(record_run(several(drive), OhmicChip(), tmp_path / "run", INFO).path)
    assert recording.driven() == ("A", "B")
    assert recording.pair() == ("A", "B")
    assert recording.forced == ()
    np.testing.assert_allclose(recording.voltage[:, 2], [0.0, 0.0, 0.0, np.nan])


def test_what_a_run_ties_to_ground_is_its_sink(tmp_path: Path) -> None:
    tied = Drive(np.full(3, 0.1), (force([0.1, 0.3, 0.2], low=None),), ground=(2,))
    recording = read_recording(record_run(several(tied), OhmicChip(), tmp_path / "run", INFO).path)
    assert recording.pair() == ("A", "C")
    np.testing.assert_allclose(recording.trace().conductance[:3], 1e-4)
    both = Drive(np.full(3, 0.1), (force([0.1, 0.3, 0.2], low=None),), ground=(1, 2))
    with pytest.raises(UsageError, match=r"which terminal is the sink.*B, C; name it with --sink"):
        read_recording(record_run(several(both), OhmicChip(), tmp_path / "both", INFO).path).pair()
    mixed = Drive(np.full(3, 0.1), (force([0.1, 0.3, 0.2]),), ground=(2,))
    recording = read_recording(record_run(several(mixed), OhmicChip(), tmp_path / "mixed", INFO).path)
    assert recording.pair() == ("A", "B"), "where a current is measured, that is the sink"


def test_a_dry_run_is_no_measurement_and_says_so(tmp_path: Path) -> None:
    played = {
        name: read_recording(record_run(several(volts([0.1, 0.4])), OhmicChip(), tmp_path / name, RunInfo(name)).path)
        for name in ("mine", "mine-dry-run")
    }
    assert played["mine"].notes == ()
    assert played["mine-dry-run"].notes == ("it is a dry run: a model foretold all of it, and nothing was measured",)


_TWICE = """
name = "twice"
[[step]]
do = "list"
source = "A"
sink = "B"
levels = ["0.2 V", "1 V"]
dwells = ["0.1 s", "0.3 s"]
counts = [1, 1]
compliance = "1 mA"
[[step]]
do = "rest"
duration = "0.5 s"
[[step]]
do = "list"
source = "A"
sink = "B"
levels = ["0.2 V", "1 V"]
dwells = ["0.1 s", "0.3 s"]
counts = [1, 1]
compliance = "1 mA"
"""


@needs_data
@pytest.mark.parametrize(("number", "conductance"), [("011", 1.959e-4), ("837", 2.159e-5)])
def test_measured_channel_tables_show_source_ground_and_conductance(number: str, conductance: float) -> None:
    (path,) = Path(DATA or "", "rcbench").glob(f"{number}*.txt")
    recording = read_recording(path)
    assert len(recording.terminals) == 16
    assert recording.driven() == ("8", "17")
    assert recording.grounds() == ("17",)
    trace = recording.trace()
    assert np.mean(trace.conductance) == pytest.approx(conductance, rel=2e-3)
    assert np.nanmean(recording.current[:, 0]) > 0


@needs_data
def test_the_measured_pulse_is_read_with_its_uneven_steps() -> None:
    trace = read_recording(Path(DATA or "", "grid_graph_pulse_3V.txt")).trace()
    assert trace.time.size == 3000
    assert np.median(np.diff(trace.time[:2000])) == pytest.approx(51.05e-3, rel=1e-3)
    assert np.median(np.diff(trace.time[2000:])) == pytest.approx(249.4e-3, rel=1e-3)
    np.testing.assert_allclose(trace.conductance[[0, 1999]], [1.850e-3, 2.543e-3], rtol=1e-3)


def test_channel_tables_in_csv_name_their_roles(tmp_path: Path) -> None:
    head = "Time[s],SRC_13_V[V],SRC_13_I[A],GND_4_V[V],GND_4_I[A],Node14_V[V]\n"
    path = write(tmp_path, head + "0.1,1.0,-1e-5,0.001,9.9e-6,0.4\n0.2,2.0,-2e-5,0.001,nan,0.8\n", "data.csv")
    recording = read_recording(path)
    assert recording.terminals == ("13", "4", "14")
    trace = recording.trace()
    np.testing.assert_allclose(trace.current, [9.9e-6, 2e-5])  # into the source, where nobody looked at the sink
    np.testing.assert_allclose(trace.voltage, [0.999, 1.999])
    assert np.isnan(recording.current[:, 2]).all()
    np.testing.assert_allclose(recording.trace("14", "4").voltage, [0.399, 0.799])


def test_keithley_tables_of_both_kinds(tmp_path: Path) -> None:
    head = "Time[s] Voltage_prog[V] Voltage_read[V] Current[A] Resistance[ohm] Temperature[K] GNorm[G0]\n"
    smu = read_recording(write(tmp_path, f"{head}0.5 1 0.5 {G0 / 2} 1 303 1\n1.5 1 1 {G0} 1 303 1\n"))
    np.testing.assert_allclose(smu.trace().conductance, [G0, G0])
    pmu = read_recording(write(tmp_path, "Voltage,Current,Timestamp,Status\n1,1e-3,1e-8,ok\n1,2e-3,2e-8,ok\n"))
    np.testing.assert_allclose(pmu.trace().conductance, [1e-3, 2e-3])
    assert smu.kind != pmu.kind


def test_results_of_nwnsim(tmp_path: Path) -> None:
    conductance, signal = np.array([1e-6, 2e-6, 3e-6]), np.array([0.5, 1.0, 2.0])
    saved = {"netC": conductance, "Stim": {"Signal": signal}, "dt": 1e-3}
    savemat(tmp_path / "sim.mat", {"sim": saved})
    trace = read_recording(tmp_path / "sim.mat").trace()
    np.testing.assert_allclose(trace.time, [1e-3, 2e-3, 3e-3])
    np.testing.assert_allclose(trace.conductance, conductance)
    savemat(tmp_path / "bad.mat", {"sim": {"netC": conductance}})
    with pytest.raises(FileError, match=r"bad\.mat: holds no sim\.Stim\.Signal"):
        read_recording(tmp_path / "bad.mat")
    write(tmp_path, "no matlab at all", "text.mat")
    with pytest.raises(FileError, match=r"text\.mat: is no \.mat file"):
        read_recording(tmp_path / "text.mat")


def nwnsim(**fields: object) -> dict[str, dict[str, object]]:
    """A result of three samples, some of its fields changed."""
    whole = {"netC": np.array([1e-6, 2e-6, 3e-6]), "Stim": {"Signal": np.array([0.5, 1.0, 2.0])}, "dt": 1e-3}
    return {"sim": {**whole, **fields}}


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"Stim": {"Signal": np.ones(2)}}, "sim.Stim.Signal has 2 samples, but sim.netC 3"),
        ({"netI": np.ones(2)}, "sim.netI has 2 samples, but sim.netC 3"),
        ({"dt": np.array([])}, "sim.dt is empty; it should hold the time between samples in s"),
        ({"dt": 0.0}, "holds no times that ascend"),
        ({"netC": np.ones(3) + 1j}, "sim.netC holds complex numbers"),
        ({"Stim": {"Signal": np.ones(3) * 1j}}, "sim.Stim.Signal holds complex numbers"),
        ({"netC": np.array([])}, "sim.netC is empty"),
        ({"netC": "many"}, "sim.netC holds something else than numbers"),
    ],
)
def test_results_of_nwnsim_that_do_not_fit_together(tmp_path: Path, fields: dict[str, object], complaint: str) -> None:
    savemat(tmp_path / "sim.mat", nwnsim(**fields))
    with pytest.raises(FileError) as caught:
        read_recording(tmp_path / "sim.mat")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("0 1 2\n1 2\n", ":2: has 2 columns here, but 3 are needed"),
        ("0 1 2\n\n1 x 2\n", ":3: 'x' is not a number"),
        ("0 1 2\n1 1 2\n1 1 2\n", ":3: times must ascend, but 1 s follows 1 s"),
        ("0 1 2\nnan 1 2\n", ":2: this sample has no time"),
        ("Time[s] 8_V[V] 8_I[A]\n", ":1: holds no line of numbers"),
        ("Time[s] 8_V[V] 8_V[V]\n0 1 1\n", ":1: has two columns for V of channel 8"),
        ("apples pears\n1 2\n", ":1: has a header that no reader knows: 'apples pears'"),
    ],
)
def test_complaints_name_file_and_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(FileError) as caught:
        read_recording(write(tmp_path, text))
    assert str(caught.value).startswith(f"{tmp_path / 'file.txt'}")
    assert complaint in str(caught.value)


def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such file or folder"):
        read_recording(tmp_path / "nothing")
    with pytest.raises(FileError, match="is not the folder of a run"):
        read_recording(tmp_path)
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    with pytest.raises(FileError, match="is neither a run's folder nor a text file"):
        read_recording(tmp_path / "binary")


def test_a_pair_that_cannot_be_found_is_asked_for(tmp_path: Path) -> None:
    head = "Time[s] 1_V[V] 1_I[A] 2_V[V] 2_I[A] 3_V[V] 3_I[A]\n"
    recording = read_recording(write(tmp_path, f"{head}0 1 1e-5 1 1e-5 0 -2e-5\n1 1 1e-5 1 1e-5 0 -2e-5\n"))
    with pytest.raises(UsageError, match=r"which terminal is the source.*1, 2; name it with --source"):
        recording.trace()
    with pytest.raises(UsageError, match="no terminal 'A'; the recording has 1, 2, 3"):
        recording.trace("A")
    np.testing.assert_allclose(recording.trace("1", "3").voltage, 1.0)
