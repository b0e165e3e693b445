"""Files that lack something: what was not measured is no level, is counted, and does not move a fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from nwlab.analysis.identify import FitOptions, fit_law
from nwlab.analysis.readers import read_recording
from nwlab.core.errors import FileError, UsageError

LEFT_OUT = "samples without a voltage are left out, and the level before them lasts on"
OVERFLOWS = "values of 9.9e+37 or more are overflows of a meter, and count as not measured"
TABLE = "Time[s] 8_V[V] 8_I[A] 9_V[V] 9_I[A] 10_V[V]\n"


def write(folder: Path, text: str, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def grown() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time, current and voltage of a film that grows at 3 V."""
    time = 0.1 * np.arange(120)
    voltage = np.where(time < 6, 1.0, 3.0)
    return time, voltage * (1e-5 + 4e-5 * -np.expm1(-0.6 * np.maximum(time - 6, 0))), voltage


def test_a_line_without_a_voltage_leaves_the_level_before_it(tmp_path: Path) -> None:
    recording = read_recording(write(tmp_path, "0 1e-5 1\n1 nan nan\n2 2e-5 nan\n3 nan 2\n4 4e-5 2\n"))
    trace = recording.trace()
    assert trace.time.tolist() == trace.onset.tolist() == [0.0, 3.0, 4.0]
    assert trace.voltage.tolist() == [1.0, 2.0, 2.0]
    assert trace.is_read.tolist() == [True, False, True], "a current alone that is missing was not read"
    assert recording.notes == (f"{LEFT_OUT}: 2 of 5",)


def test_a_missing_line_moves_no_fit_and_is_told(tmp_path: Path) -> None:
    columns = np.stack(grown(), axis=1)
    np.savetxt(tmp_path / "whole.txt", np.delete(columns, 90, axis=0))
    columns[90, 1:] = np.nan
    np.savetxt(tmp_path / "missing.txt", columns)
    whole, missing = (
        fit_law("mean-field", [read_recording(tmp_path / f"{name}.txt")]) for name in ("whole", "missing")
    )
    assert missing.parameters == whole.parameters
    assert missing.remarks == (*whole.remarks, f"missing.txt: {LEFT_OUT}: 1 of 120")


def test_a_driven_channel_keeps_its_level_where_a_line_lacks_it(tmp_path: Path) -> None:
    rows = "0 nan nan 0 nan 0.4\n1 2 1e-5 0 -1e-5 0.4\n2 nan nan nan nan nan\n3 3 3e-5 0 -3e-5 0.6\n"
    recording = read_recording(write(tmp_path, TABLE + rows))
    np.testing.assert_allclose(recording.voltage[:, 0], [np.nan, 2.0, 2.0, 3.0])
    np.testing.assert_allclose(recording.voltage[:, 2], [0.4, 0.4, np.nan, 0.6])
    assert recording.trace().is_read.tolist() == [False, True, False, True]
    text = "samples without the voltage of a terminal that is driven count as held at its last level"
    assert recording.notes == (f"{text}: 8 1 of 4, 9 1 of 4",)


@pytest.mark.parametrize("code", ["9.9e37", "9.91E+37", "-9.9e37", "inf", "-inf"])
def test_an_overflow_was_not_measured(tmp_path: Path, code: str) -> None:
    bare = read_recording(write(tmp_path, f"0 1e-5 1\n1 {code} 1\n2 1e-5 1\n", "bare.txt"))
    smu = f"Time[s] Voltage[V] Current[A]\n0 1 1e-5\n1 1 {code}\n2 1 1e-5\n"
    channels = f"{TABLE}0 1 1e-5 0 -1e-5 0\n1 1 {code} 0 nan 0\n2 1 1e-5 0 -1e-5 0\n"
    for recording in (bare, *(read_recording(write(tmp_path, text)) for text in (smu, channels))):
        trace = recording.trace()
        assert trace.is_read.tolist() == [True, False, True]
        np.testing.assert_allclose(trace.conductance[[0, 2]], 1e-5)
        np.testing.assert_allclose(trace.voltage, 1.0)
        assert recording.notes == (f"{OVERFLOWS}: 1",)


def test_results_of_nwnsim_may_lack_something_too(tmp_path: Path) -> None:
    stimulus = {"Signal": np.array([1.0, np.nan, 1.0, 1.0])}
    savemat(tmp_path / "sim.mat", {"sim": {"netC": np.array([1e-5, 1e-5, np.inf, 2e-5]), "Stim": stimulus, "dt": 1.0}})
    recording = read_recording(tmp_path / "sim.mat")
    assert recording.trace().time.tolist() == [1.0, 3.0, 4.0]
    assert recording.trace().is_read.tolist() == [True, False, True]
    assert recording.notes == (f"{OVERFLOWS}: 1", f"{LEFT_OUT}: 1 of 4")


def test_a_file_without_any_voltage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"file\.txt: holds no voltage that was measured"):
        read_recording(write(tmp_path, "0 1e-5 nan\n1 1e-5 inf\n"))


def test_an_empty_field_was_not_measured_and_a_mark_at_the_end_begins_no_column(tmp_path: Path) -> None:
    head, rows = "Voltage,Current,Timestamp,Status", ["1,1e-5,0,ok", "1,,1,", "1,2e-5,2,ok"]
    for end in ("", ",", ",,"):
        text = "\n".join(line + end for line in (head, *rows))
        trace = read_recording(write(tmp_path, text)).trace()
        assert trace.is_read.tolist() == [True, False, True]
    only_below = "\n".join([head, *(f"{line}," for line in rows)])
    assert read_recording(write(tmp_path, only_below)).trace().time.tolist() == [0.0, 1.0, 2.0]
    bare = read_recording(write(tmp_path, "0,1e-5,1\n1,1e-5,\n2,,1\n")).trace()
    assert bare.time.tolist() == [0.0, 2.0]
    assert bare.is_read.tolist() == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "Time [s]\tVoltage_prog [V]\tVoltage [V]\tCurrent [A]\n0\t1\t1\t1e-5\n1\t2\t2\t\n2\t2\t2\t3e-5\n",
        "time [s]\t8_V [V]\t8_I [A]\t9_V [V]\n0\t1\t1e-5\t0\n1\t2\t\t0\n2\t2\t3e-5\t0\n",
        "0\t1e-5\t1\t\n1\t\t2\t\n2\t3e-5\t2\t\n",
        "Time[s]\tVoltage[V]\tCurrent[A]\n0 1 1e-5\n1 2 nan\n2 2 3e-5\n",
    ],
)
def test_fields_between_tabs_may_hold_blanks_or_nothing(tmp_path: Path, text: str) -> None:
    recording = read_recording(write(tmp_path, text))
    sink = "9" if "9" in recording.terminals else None
    trace = recording.trace(sink=sink)
    assert trace.voltage.tolist() == [1.0, 2.0, 2.0]
    np.testing.assert_allclose(trace.current, [1e-5, np.nan, 3e-5])


def test_tabs_that_only_line_columns_up_are_blanks(tmp_path: Path) -> None:
    text = "Time[s]\t\tVoltage[V]\tCurrent[A]\n0\t\t1\t\t1e-5\n1\t\t2\t\t3e-5\n"
    assert read_recording(write(tmp_path, text)).trace().voltage.tolist() == [1.0, 2.0]


def test_a_file_of_marks_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="has 0 columns here, but 3 are needed"):
        read_recording(write(tmp_path, ",,\n,,\n"))


def test_a_recording_that_is_given_twice_is_told(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "one.txt", np.stack(grown(), axis=1))
    (tmp_path / "copy.txt").write_bytes((tmp_path / "one.txt").read_bytes())
    once = fit_law("mean-field", [read_recording(tmp_path / "one.txt")])
    assert not any("the same recording" in text for text in once.remarks)
    twice = fit_law("mean-field", [read_recording(tmp_path / name) for name in ("one.txt", "copy.txt")])
    told = f"copy.txt is the same recording as {tmp_path / 'one.txt'}: it counts as often as it is given"
    assert [text for text in twice.remarks if text.startswith(told)] == [twice.remarks[-1]]


def test_a_recording_without_any_reading_is_refused_by_the_stochastic_law(tmp_path: Path) -> None:
    path = write(tmp_path, "0 nan 1\n1 nan 1\n2 nan 1\n")
    with pytest.raises(UsageError, match="no conductance was read in any recording"):
        fit_law("rate-balance", [read_recording(path)], FitOptions(source="A", sink="B"))
