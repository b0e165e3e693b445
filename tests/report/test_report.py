"""The report says what is on record, in numbers that can be checked by hand, and is one file that reaches nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from report.reading import read
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.drive import Drive
from nwlab.core.errors import StorageError
from nwlab.core.record import Document, RunInfo
from nwlab.plot.style import DARK
from nwlab.report.page import style_sheet
from nwlab.report.report import write
from nwlab.runs.recording import Run
from nwlab.runs.runner import record_run

PROTOCOL = """\
name = "loop"
about = "up and down"
[parameters]
peak = { value = "2 V", max = "5 V", help = "largest level" }
count = { value = 3, min = 1 }
source = { value = "A", kind = "terminal" }
"""
INFO = RunInfo(
    "loop",
    {"protocol": Document("/lab/my loop.toml", PROTOCOL), "chip": Document("/lab/c.toml", 'about = "one resistor"')},
    {"peak": "3 V", "count": "3", "source": "A"},
    {"2636B at TCPIP0::11::INSTR": "Keithley Instruments Inc., Model 2636B, 4098765, 3.2.1"},
    {"nwlab": "0.1.0", "numpy": "2.0"},
    seed=7,
    bench="lab16",
    chip="film 3",
    values={"peak": 3.0, "count": 3, "source": "A"},
    opened={"protocol": "/lab/my loop.toml", "bench": "/lab/lab16.toml", "virtual": False, "chip": None, "seed": 7},
)


def record(folder: Path, *drives: Drive, info: RunInfo = INFO, chip: OhmicChip | None = None) -> Run:
    labels = iter([f"{index + 1} step" for index in range(len(drives))])
    return record_run(several(*drives), chip or OhmicChip(), folder / "r", info, label=lambda: next(labels))


def test_report_is_one_file_in_the_folder_of_the_run_with_its_picture_beside(tmp_path: Path) -> None:
    report = write(record(tmp_path, volts([1, 2])))
    assert report.path == tmp_path / "r" / "report.html"
    assert report.pictures == (tmp_path / "r" / "report-trace.png",)
    assert report.pictures[0].read_bytes().startswith(b"\x89PNG")
    found = read(report.path)
    assert [image["class"] for image in found.all("img")] == ["light", "dark"]
    assert found.sections() == ["overview", "traces", "numbers", "steps", "settings", "files", "again"]


def test_sweep_also_has_its_loop(tmp_path: Path) -> None:
    levels = [*np.linspace(0, 2, 21), *np.linspace(2, 0, 21)]
    report = write(record(tmp_path, volts(levels)))
    assert [path.name for path in report.pictures] == ["report-trace.png", "report-loops.png"]
    found = read(report.path)
    assert [image["class"] for image in found.all("img")] == ["light", "dark"] * 2
    assert "A → B: up to 200\u202fµA within 2\u202fV" in found.all("img")[2]["alt"]


def test_what_was_done_on_what_and_when(tmp_path: Path) -> None:
    found = read(write(record(tmp_path, volts([1, 2]), volts([3]))).path)
    assert found.row("Protocol") == ["loop: up and down"]
    assert found.row("Chip") == ["film 3: one resistor"]
    assert found.row("Bench") == ["lab16"]
    assert found.row("Instruments") == ["real"]
    assert found.row("Samples") == ["3 samples in 2 drives"]
    assert found.row("Exit code") == ["0: all well"]
    assert "(UTC" in found.row("Started")[0]
    assert found.row("Took")[0].endswith("300 ms on the chip's clock")
    assert "Finished" in found.text


def test_numbers_of_each_pair_of_terminals(tmp_path: Path) -> None:
    """10 kOhm are 100 uS, 1.291 conductance quanta; 2 V would be 200 uA, but 101 uA are the limit.

    The last level counts until its sample was integrated, in the middle of its 100 ms.
    """
    levels = np.array([1.0, 2.0, 2.0, 0.5])
    drive = Drive(np.full(4, 0.1), (force(levels, compliance=1.01e-4), force(0 * levels, terminal=2)))
    found = read(write(record(tmp_path, drive)).path)
    conductance, extremes = (row[1:] for row in found.rows if row[0] == "A → B")
    thin = "\u202f"
    assert conductance[:2] == [f"100{thin}µS (1.291{thin}G₀)"] * 2
    assert conductance[2:] == [f"100{thin}µS"] * 3
    assert extremes[:4] == ["voltage", "4", f"1.01{thin}V", f"101{thin}µA"]
    assert extremes[4:] == ["200 ms of 350 ms", "none"]
    assert found.row("C → B")[:2] == ["voltage", "4"]  # an ammeter has no conductance


def test_steps_begin_where_they_began_and_rests_last_until_the_next(tmp_path: Path) -> None:
    found = read(write(record(tmp_path, volts([1] * 10), Drive(np.array([5.0])), volts([-1, 2]))).path)
    assert found.row("1 step")[:4] == ["0 s", "1 s", "1", "10"]
    assert found.row("2 step") == ["1 s", "5 s", "1", "1", "nothing: the chip rests"]
    thin = "\u202f"
    assert found.row("3 step") == ["6 s", "200 ms", "1", "2", f"A → B: −1{thin}V … 2{thin}V, at most 1{thin}mA"]


def test_settings_as_a_person_writes_them(tmp_path: Path) -> None:
    found = read(write(record(tmp_path, volts([1]))).path)
    assert found.row("peak") == ["3 V", "2 V", "at most 5 V", "largest level"]
    assert found.row("seed") == ["7"]
    assert found.row("2636B at TCPIP0::11::INSTR")[0].startswith("Keithley Instruments")
    assert found.row("numpy") == ["2.0"]
    assert PROTOCOL in found.text
    assert len(found.all("details")) == 2


def test_command_that_plays_it_again_names_what_is_not_as_in_the_files(tmp_path: Path) -> None:
    found = read(write(record(tmp_path, volts([1]))).path)
    assert "nwlab run '/lab/my loop.toml' --bench /lab/lab16.toml --seed 7 --set 'peak=3 V'" in found.text


def test_value_that_six_digits_do_not_tell_is_written_out(tmp_path: Path) -> None:
    info = RunInfo("x", INFO.documents, {"peak": "3.14159 V"}, values={"peak": 3.14159265}, opened={"protocol": "p"})
    assert "--set 'peak=3.14159265 V'" in read(write(record(tmp_path, volts([1]), info=info)).path).text


def test_run_that_a_script_played_cannot_tell_its_command(tmp_path: Path) -> None:
    found = read(write(record(tmp_path, volts([1]), info=RunInfo("x"))).path)
    assert found.sections() == ["overview", "traces", "numbers", "steps", "settings"]


def test_report_goes_where_it_is_asked_to_with_its_pictures(tmp_path: Path) -> None:
    report = write(record(tmp_path, volts([1])), tmp_path / "elsewhere" / "mine.html")
    assert report.path.is_file()
    assert report.pictures == (tmp_path / "elsewhere" / "mine-trace.png",)
    assert report.pictures[0].is_file()
    assert not (tmp_path / "r" / "report.html").exists()


def test_report_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    run = record(tmp_path, volts([1]))
    with pytest.raises(StorageError, match="--to names another place"):
        write(run, run.path / "run.json" / "report.html")
    assert sorted(path.name for path in run.path.iterdir()) == ["blocks.bin", "journal.jsonl", "run.json"]


def test_same_record_gives_the_same_report(tmp_path: Path) -> None:
    run = record(tmp_path, volts([1, 2]))
    first, second = (
        write(run, tmp_path / name, lambda: datetime(2026, 1, 1, tzinfo=UTC)).path.read_bytes() for name in "ab"
    )
    assert first == second


def test_dark_pictures_stand_on_the_dark_paper_of_the_page() -> None:
    assert f"--paper: {DARK.paper.lower()};" in style_sheet()
