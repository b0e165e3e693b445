"""`nwlab fit` on runs of the virtual bench: another seed, meter noise, real instruments' timing."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from command import command
from small_disk import small_files

from nwlab import cli
from nwlab.model.chip_file import load_chip, parse_chip

HOLDS = """
name = "holds"
[[step]]
do = "list"
source = "A"
sink = "B"
levels = ["3 V", "3.3 V", "3.6 V", "3.9 V", "4.3 V"]
dwells = ["0.5 s", "0.5 s", "0.5 s", "0.5 s", "0.5 s"]
counts = [400, 400, 400, 400, 400]
compliance = "500 uA"
"""
TRUE = {
    "kp0": 5.217037178270165e-4,
    "kd0": 37.93422536389374,
    "eta_p": 1.2922282233062284,
    "eta_d": 1.785933208836627,
    "g_min": 1.4558148272052695e-7,
    "g_max": 6.857961268862245e-5,
    "noise": 3.2e-4,
}


def nwlab(folder: Path, *words: str) -> CompletedProcess[str]:
    return command(*words, cwd=folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fit")
    (folder / "holds.toml").write_text(HOLDS, encoding="utf-8")
    done = nwlab(folder, "run", "--no-picture", "holds.toml", "--seed", "4", "--json")
    assert done.returncode == 0, done.stderr
    return folder / json.loads(done.stdout)["run"]


def test_the_parameters_of_the_chip_file_come_back(run: Path) -> None:
    folder = run.parent.parent
    done = nwlab(folder, "fit", str(run), "--law", "rate-balance", "-o", "mine.toml", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for name, true in TRUE.items():
        error = told["errors"][name]
        assert abs(told["parameters"][name] - true) < 3.5 * error, name
        assert error < 0.5 * true, name
    assert told["parameters"]["jump_rate"] > 0
    assert told["r2"] > 0.9999
    assert told["course_rmse"] > 3.0 * told["rmse"]
    assert told["course_r2"] < told["r2"]
    chip = load_chip(folder / told["path"])
    assert chip.fit["fingerprints"]
    assert chip.film(seed=1).conductances()[0] == pytest.approx(told["parameters"]["start_conductance"])
    covariance = np.array(chip.fit["covariance"])
    order = chip.fit["order"]
    assert covariance[order.index("kp0"), order.index("eta_p")] < 0
    assert (folder / told["pictures"][0]).stat().st_size > 20_000


def test_what_is_known_is_kept(run: Path) -> None:
    folder = run.parent.parent
    known = ["--set", "g_min=145.58 nS", "--set", "g_max=68.58 uS", "--no-picture"]
    done = nwlab(folder, "fit", str(run), "--law", "rate-balance", "-o", "known.toml", *known)
    assert done.returncode == 0, done.stderr
    assert "g_min              1.4558e-07 S (not fitted)" in done.stdout
    ahead, course = (line for line in done.stdout.splitlines() if line.startswith("rmse, r2: "))
    assert ahead.endswith(", one reading ahead")
    assert course.endswith(", of the law's own course from the first reading on, without chance")
    assert not (folder / "known.png").exists()


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["{run}", "-o", "x.txt"], 2, "a chip file is called NAME.toml, not 'x.txt'"),
        (["nothing", "-o", "x.toml"], 3, "nothing: there is no such file or folder"),
        (["{run}", "-o", "x.toml", "--source", "C"], 2, "there is no terminal 'C'; the recording has A, B"),
        (["{run}", "-o", "x.toml", "--set", "kp0=1"], 2, "'kp0' cannot be given to this law; what can: g_min, g_max"),
        (["{run}", "-o", "x.toml", "--set", "g_max=3 V"], 2, "--set g_max: '3 V' has the unit 'V'"),
        (["{run}", "-o", "x.toml", "--set", "g_max=3 uS"], 2, "g_max is 3e-06 S, but the chip goes to"),
        (
            ["{run}", "-o", "x.toml", "--set", "read_noise=-1 A"],
            2,
            "--set read_noise: the size of a noise is at least 0 A",
        ),
        (
            ["{run}", "-o", "x.toml", "--set", "jump_size=-1 S"],
            2,
            "--set jump_size: the size above which jumps count is",
        ),
        (["{run}", "-o", "x.toml", "--set", "jumps=2"], 2, "--set jumps: 0 is without jumps, 1 with those that the"),
        (["{run}", "-o", "x.toml", "--set", "g_max=3"], 2, "'3' has no unit, but a unit of S is needed"),
        (["{run}", "-o", "x.toml", "--seed", "-1"], 2, "a seed is a whole number of at least 0, not -1"),
        (["{run}", "-o", "x.toml", "--map", "legacy"], 2, "the stochastic law has no map of older codes"),
        (
            ["short.txt", "-o", "x.toml"],
            2,
            "no voltage was held for 30 readings in a row (at most 3 readings share one)",
        ),
    ],
)
def test_mistakes_are_told_in_a_line(run: Path, words: list[str], code: int, complaint: str) -> None:
    folder = run.parent.parent
    (folder / "short.txt").write_text("0 1e-6 1\n1 2e-6 1\n2 3e-6 1\n", encoding="utf-8")
    done = nwlab(folder, "fit", *(word.format(run=run) for word in words), "--law", "rate-balance")
    assert done.returncode == code, done.stderr
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "x.toml").exists()


def test_one_voltage_fixes_little_and_it_is_said(tmp_path: Path) -> None:
    done = nwlab(
        tmp_path, "run", "--no-picture", "stochastic", "--model", "--seed", "3", "--json", "--set", "count=637"
    )
    run = json.loads(done.stdout)["run"]
    # The step that prepares is read away: 3.6 V alone.
    done = nwlab(tmp_path, "fit", run, "--law", "rate-balance", "-o", "two.toml", "--json", "--no-picture")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["errors"]["g_max"] is None
    assert any("two voltages fix the four rate constants" in text for text in told["remarks"])
    assert any("beside the g_min and g_max chosen only: their errors" in text for text in told["remarks"])
    assert any("g_min and g_max cannot be told from 2 voltages" in text for text in told["remarks"])
    rates = {level["voltage"]: float(level["rate"].split()[0]) for level in told["levels"]}
    assert rates["3.6 V"] == pytest.approx(0.11588, rel=0.05)


def columns(folder: Path) -> str:
    """Write a film that grows at 3 V, as three columns t, I, V."""
    time = 0.1 * np.arange(120)
    voltage = np.where(time < 6, 1.0, 3.0)
    conductance = 1e-5 + 4e-5 * -np.expm1(-0.6 * np.maximum(time - 6, 0))
    np.savetxt(folder / "grown.txt", np.stack([time, voltage * conductance, voltage], axis=1))
    return str(folder / "grown.txt")


def fit(recording: str, chip: Path) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(["fit", recording, "--law", "mean-field", "-o", str(chip), "--no-picture", "--json"])
    return int(str(left.value.code))


def refuse(constant: str) -> None:
    raise AssertionError(f"JSON has no {constant}")


def test_a_resistor_has_no_goodness_and_errors_that_say_what_is_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = tmp_path / "resistor.txt"
    np.savetxt(recording, np.stack([np.arange(100.0), np.full(100, 1e-4), np.ones(100)], axis=1))
    assert fit(str(recording), tmp_path / "mine.toml") == 0
    told = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert told["r2"] is None
    assert told["of_range"] is None
    assert told["rmse"] < 1e-15
    assert told["parameters"]["start_conductance"] == pytest.approx(1e-4)
    assert all(told["errors"][name] is None for name in ("kp0", "kd0", "eta_p", "eta_d", "g_max"))


def test_a_recording_without_any_current_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savetxt(tmp_path / "open.txt", np.stack([np.arange(100.0), np.zeros(100), np.ones(100)], axis=1))
    assert fit(str(tmp_path / "open.txt"), tmp_path / "mine.toml") == 2
    assert "no current flowed in this recording" in capsys.readouterr().err


@pytest.mark.parametrize("earlier", [True, False], ids=["an earlier file", "none"])
def test_a_full_disk_costs_neither_the_fit_nor_an_earlier_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], earlier: bool
) -> None:
    recording, chip = columns(tmp_path), tmp_path / "mine.toml"
    assert fit(recording, chip) == 0
    found = json.loads(capsys.readouterr().out)["parameters"]
    chip.unlink()
    if earlier:
        chip.write_text("# by hand", encoding="utf-8")
    with small_files(1000):
        assert fit(recording, chip) == 6
    out, told = capsys.readouterr()
    assert out == ""
    text, complaint = told.split("\nnwlab: ")
    values = parse_chip(text, chip).fit["values"]
    assert {name: float(value.split()[0]) for name, value in values.items()} == found
    assert "mine.toml cannot be written: File too large" in complaint
    assert ("the earlier file is untouched" in complaint) is earlier
    assert "What was found stands above as the text of a chip file" in complaint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grown.txt", *["mine.toml"] * earlier]
    assert not earlier or chip.read_text(encoding="utf-8") == "# by hand"


def test_a_place_that_cannot_be_written_is_told_before_the_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "short.txt").write_text("0 0 0\n1 0 0\n2 0 0\n", encoding="utf-8")
    assert fit(str(tmp_path / "short.txt"), tmp_path / "new.toml") == 2, "a fit would be refused"
    (tmp_path / "folder.toml").mkdir()
    for chip, reason in (("short.txt/x.toml", "File exists"), ("folder.toml", "Is a directory")):
        assert fit(str(tmp_path / "short.txt"), tmp_path / chip) == 6
        told = capsys.readouterr().err
        assert f"{chip} cannot be written: {reason}; nothing was fitted. Name another place with -o" in told
    assert {path.name for path in tmp_path.iterdir()} == {"short.txt", "folder.toml"}


def test_a_picture_that_cannot_be_drawn_does_not_hide_the_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.png").mkdir()
    with pytest.raises(SystemExit) as left:
        cli.main(["fit", columns(tmp_path), "--law", "mean-field", "-o", str(tmp_path / "mine.toml")])
    assert left.value.code == 6
    told = capsys.readouterr().err
    assert "mine.png cannot be written: Is a directory" in told
    assert f"only the picture is missing: what was found stands in {tmp_path / 'mine.toml'}" in told
    assert load_chip(tmp_path / "mine.toml").fit["law"] == "mean-field"
