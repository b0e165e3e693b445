"""`nwlab run --resume`: the same files, instruments and parameters, or not at all."""

from __future__ import annotations

import json
import shutil
import time
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from command import command as nwlab
from lab.test_cli import start, wait_for

from nwlab.core.errors import FileError, NwlabError, UsageError
from nwlab.lab.opening import open_bench, open_model
from nwlab.lab.resuming import ANEW, Resumption
from nwlab.runs.recording import load_run

STEPS = """
import numpy as np
from nwlab.core.clock import SystemClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol.kinds import Play, Terminal, Volts

def slowly(source: Terminal, sink: Terminal, level: Volts, count: int) -> Play:
    for _ in range(count):
        SystemClock().sleep(0.02)
        reading = yield Drive(np.full(5, 0.1), (Force(source, Quantity.VOLTAGE, np.full(5, level), 1e-4, low=sink),))
        assert reading.steps == 5
"""
PROTOCOL = """
name = "slow"
use = ["slow.py"]
[parameters]
level = { value = "0.1 V" }
count = { value = 100 }
[[step]]
do = "slowly"
source = "A"
sink = "B"
level = "$level"
count = "$count"
"""
LEVEL = 1 / 7  # V: no decimal number says it exactly


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder with a protocol in it, and in its runs one that was stopped, on a virtual bench."""
    place = tmp_path_factory.mktemp("lab")
    (place / "slow.py").write_text(STEPS)
    (place / "slow.toml").write_text(PROTOCOL)
    words = (
        "run",
        "--no-picture",
        "slow.toml",
        "--bench",
        "virtual",
        "--chip",
        "resistor-10k",
        "--set",
        f"level={LEVEL!r} V",
    )
    running = start(*words, cwd=place)
    folder = wait_for(place, "runs/*/blocks.bin").parent
    time.sleep(0.5)
    nwlab("stop", folder, cwd=place)
    running.communicate(timeout=30)
    assert load_run(folder).status == "interrupted"
    assert 0 < load_run(folder).samples < 500
    return place, folder


def options(run: Path, **given: object) -> Namespace:
    usual = {"bench": None, "virtual": False, "model": False, "chip": None, "seed": None, "speed": None}
    usual |= {"twin": None, "twin_filter": None, "protocol": None, "set": []}
    return Namespace(resume=str(run), **{**usual, **given})


@pytest.mark.slow
def test_a_stopped_run_is_continued_from_any_folder(lab: tuple[Path, Path], tmp_path: Path) -> None:
    old = load_run(lab[1])
    done = nwlab("run", "--no-picture", "--resume", old.path, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["status"], told["samples"], told["drives"]) == ("finished", 500, 100)
    run = load_run(tmp_path / told["run"])
    assert run.path != old.path
    assert run.info.values == {"level": LEVEL, "count": 100} == old.info.values
    np.testing.assert_array_equal(run.rows().level, np.full(500, LEVEL))
    (note,) = [note["content"] for note in run.notes if note["kind"] == "resumed"]
    assert (note["samples"], note["remark"]) == (old.samples, ANEW)
    again = nwlab("run", "--no-picture", "--resume", run.path, cwd=tmp_path)
    assert again.returncode == 2
    assert "has finished: there is nothing to continue" in again.stderr


@pytest.mark.fault(
    33, "`nwlab run --resume` of a damaged record was refused with file and line, before anything was opened"
)
def test_a_damaged_record_is_refused_with_the_place(lab: tuple[Path, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(lab[1], tmp_path / "damaged")
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"first":0', b'"first":1')
    (folder / "journal.jsonl").write_bytes(b"".join(lines))
    done = nwlab("run", "--resume", folder, cwd=tmp_path)
    assert done.returncode == 3
    assert f"{folder / 'journal.jsonl'}:3: is damaged: a journal line is cut off or does not match" in done.stderr
    assert "look at the chip, and start a new run" in done.stderr
    assert not (tmp_path / "runs").exists()


def changed(lab: tuple[Path, Path], name: str, **given: object) -> NwlabError:
    """What is told when a file of the lab is another one."""
    path = lab[0] / name
    before = path.read_text()
    path.write_text(before + "\n# another one\n")
    try:
        with pytest.raises(NwlabError) as caught:
            Resumption(options(lab[1], **given))
    finally:
        path.write_text(before)
    return caught.value


@pytest.mark.parametrize("name", ["slow.toml", "slow.py"])
def test_changed_files_are_refused_with_the_place(lab: tuple[Path, Path], name: str) -> None:
    error = changed(lab, name)
    assert isinstance(error, FileError)
    assert f"{name}: has changed since the run was played (first in line" in str(error)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"set": [("level", "1 V")]}, UsageError, "takes the parameters from the record"),
        ({"bench": "lab16", "virtual": True}, UsageError, "was started without --virtual"),
        ({"model": True}, UsageError, "was started without --model"),
        ({"bench": "virtual"}, FileError, "stochastic-2025.toml: has changed"),
        ({"bench": "smu-on-resistor"}, FileError, "smu-on-resistor.toml: has changed"),
        ({"protocol": "iv-loop"}, UsageError, "has no parameter 'level'"),
    ],
)
def test_another_bench_chip_or_protocol_is_refused(
    lab: tuple[Path, Path], given: dict[str, object], error: type[NwlabError], message: str
) -> None:
    with pytest.raises(error, match=message):
        Resumption(options(lab[1], **given))


def altered(lab: tuple[Path, Path], tmp_path: Path, old: str, new: str) -> Path:
    """A copy of the run whose `run.json` says something else."""
    folder = tmp_path / "altered"
    folder.mkdir()
    for path in lab[1].iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    text = (folder / "run.json").read_text()
    assert old in text
    (folder / "run.json").write_text(text.replace(old, new))
    return folder


def test_another_instrument_or_terminal_is_refused(lab: tuple[Path, Path], tmp_path: Path) -> None:
    resumed = Resumption(options(altered(lab, tmp_path, "Model 2636B", "Model 2636A")))
    with open_bench("virtual", chip="resistor-10k") as chip:
        with pytest.raises(UsageError, match=r"was measured with .*2636A.* but now there is .*2636B"):
            resumed.check(chip)
        Resumption(options(lab[1])).check(chip)


def test_other_steps_of_nwlab_are_refused(lab: tuple[Path, Path], tmp_path: Path) -> None:
    folder = altered(lab, tmp_path, '"nwlab steps": "', '"nwlab steps": "x')
    with pytest.raises(UsageError, match="nwlab itself has changed"):
        Resumption(options(folder))


def test_a_record_that_does_not_say_where_it_was_played_asks_for_it(lab: tuple[Path, Path], tmp_path: Path) -> None:
    folder = altered(lab, tmp_path, '"opened"', '"elsewhere"')
    with pytest.raises(UsageError, match="add --bench FILE or --model"):
        Resumption(options(folder))
    Resumption(options(folder, bench="virtual", chip="resistor-10k", protocol=str(lab[0] / "slow.toml")))
    onto_model = options(folder, model=True, chip="resistor-10k", protocol=str(lab[0] / "slow.toml"))
    with open_model("resistor-10k") as chip, pytest.raises(UsageError, match="was played on the bench 'virtual'"):
        Resumption(onto_model).check(chip)


def test_a_protocol_is_needed_for_a_new_run(tmp_path: Path) -> None:
    done = nwlab("run", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "which PROTOCOL is to be played?" in done.stderr
