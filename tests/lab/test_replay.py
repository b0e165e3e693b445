"""`--bench replay:RUN`: a run on record is played again through the command, by people, scripts and twins."""

from __future__ import annotations

import json
import time
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from command import command as nwlab
from lab.test_cli import start, wait_for

import nwlab as package
from nwlab.core.errors import DriveError, UsageError
from nwlab.core.events import Event, Expected
from nwlab.core.rows import UNITS
from nwlab.lab.opening import open_bench, open_rehearsal
from nwlab.lab.places import find
from nwlab.runs.following import Follower
from nwlab.runs.recording import Run, load_run
from nwlab.twin.order import TwinOrder

APPROACH = """\
import numpy as np
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol.kinds import Play, Terminal

def approach(source: Terminal, sink: Terminal, count: int) -> Play:
    level = 1.0
    for _ in range(count):
        force = Force(source, Quantity.VOLTAGE, np.array([level, 0.1]), 5e-4, low=sink)
        reading = yield Drive(np.array([0.05, 0.1]), (force,))
        level = 1.0 + float(reading.conductance[1, 0]) * 1e4
"""
LOOP = """\
name = "loop"
use = ["approach.py"]
[parameters]
count = { value = 20 }
[[step]]
do = "approach"
source = "A"
sink = "B"
count = "$count"
"""
HELD = """\
name = "held"
[parameters]
level = { value = "3.6 V" }
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "$level"
duration = "40 s"
sample = "100 ms"
compliance = "1 mA"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, text in (("approach.py", APPROACH), ("loop.toml", LOOP), ("held.toml", HELD)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def play(place: Path, *words: str) -> Run:
    done = nwlab("run", *words, "--json", "--no-picture", cwd=place)
    assert done.returncode == 0, done.stderr
    return load_run(place / json.loads(done.stdout)["run"])


def assert_same(new: Run, old: Run) -> None:
    for name in UNITS:
        np.testing.assert_array_equal(new.rows().column(name), old.rows().column(name))
    assert new.origin == old.origin
    assert (new.terminals, new.info.chip, new.info.seed) == (old.terminals, old.info.chip, old.info.seed)
    assert new.info.identities == old.info.identities


@pytest.mark.parametrize(
    "words",
    [
        ("stochastic", "--set", "count=60"),
        ("loop.toml", "--seed", "3"),
        ("pulses", "--model", "--seed", "5"),
        ("loop.toml", "--model"),
    ],
    ids=["bench", "closed loop on the bench", "model", "closed loop on the model"],
)
def test_a_replay_leaves_the_rows_of_the_record(place: Path, words: tuple[str, ...]) -> None:
    old = play(place, *words)
    settings = [word for word in words if "=" in word]
    sets = [part for word in settings for part in ("--set", word)]
    new = play(place, words[0], *sets, "--bench", f"replay:{old.path}")
    assert_same(new, old)
    assert new.info.documents["chip"] == old.info.documents["chip"]
    again = play(place, words[0], *sets, "--bench", f"replay:{new.path}")
    assert_same(again, old)


def test_the_record_says_that_it_is_a_replay_and_of_what(place: Path) -> None:
    old = play(place, "held.toml", "--chip", "resistor-10k")
    done = nwlab("run", "--no-picture", "held.toml", "--bench", f"replay:{old.path}", cwd=place)
    assert done.returncode == 0
    assert "nwlab: a replay, nothing is measured: " in done.stderr
    (folder,) = (path for path in (place / "runs").iterdir() if path != old.path)
    new = load_run(folder)
    assert new.info.bench == "replay of virtual"
    assert new.info.opened["bench"] == f"replay:{old.path.resolve()}"
    origin = new.info.documents["replay"]
    assert origin.path == str(old.path.resolve())
    assert old.fingerprint in origin.text
    assert any(note["kind"] == "remark" and old.fingerprint in note["content"]["text"] for note in new.notes)
    shown = nwlab("report", folder, cwd=place)
    assert shown.returncode == 0
    assert old.fingerprint in (folder / "report.html").read_text()


def test_a_replay_can_be_watched_in_its_own_time(place: Path) -> None:
    old = play(place, "held.toml", "--chip", "resistor-10k")
    since = time.monotonic()
    new = play(place, "held.toml", "--bench", f"replay:{old.path}", "--speed", "20")
    assert time.monotonic() - since > 40 / 20
    assert_same(new, old)
    assert len(new.drives[0].places.first) >= 20, "blocks of 2 s, as they are watched"


def told_by_a_twin(run: Run) -> list[Event]:
    """What a twin tells that follows a record, as its process does."""
    companion = TwinOrder(str(find("chip", "stochastic-2025"))).companion()
    with Follower(run.path) as follower:
        told = [each for event in follower.poll(10**9) for each in companion(event)]
    return [*told, companion.summary()]


def test_a_twin_cannot_tell_a_replay_from_the_chip(place: Path) -> None:
    old = play(place, "held.toml", "--chip", "stochastic-2025", "--seed", "4")
    new = play(place, "held.toml", "--bench", f"replay:{old.path}", "--twin", "stochastic-2025")
    assert_same(new, old)
    ours, theirs = told_by_a_twin(new), told_by_a_twin(old)
    assert sum(event.mean.shape[0] for event in theirs if isinstance(event, Expected)) == 400
    for one, other in zip(ours, theirs, strict=True):
        assert type(one) is type(other)
        for mine, its in zip(astuple(one), astuple(other), strict=True):
            np.testing.assert_array_equal(mine, its)
    assert any(note["kind"] == "twin ready" for note in new.notes), "its own process was there as well"


def test_another_protocol_is_refused_with_the_drive_and_what_differs(place: Path) -> None:
    old = play(place, "held.toml", "--chip", "resistor-10k")
    bench = f"replay:{old.path}"
    done = nwlab("run", "--no-picture", "held.toml", "--set", "level=3.7 V", "--bench", bench, cwd=place)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert f"nwlab: drive 0 is not the one in {old.path} (step 1 hold): step 1 forces A to 3.7 V; on" in done.stderr
    assert "on record is 3.6 V (399 more steps differ as well). A replay answers what was asked then" in done.stderr
    assert "it was refused in step 1 hold (held.toml:" in done.stderr
    done = nwlab("dry-run", "held.toml", "--set", "level=3.7 V", "--bench", bench, "--json", cwd=place)
    assert done.returncode == 4
    assert "on record is 3.6 V" in json.loads(done.stdout)["refused"][0]
    done = nwlab("dry-run", "held.toml", "--bench", bench, "--json", cwd=place)
    assert (done.returncode, json.loads(done.stdout)["samples"]) == (0, 400)


def test_a_stopped_run_is_replayed_as_far_as_it_goes(place: Path) -> None:
    running = start("run", "--no-picture", "held.toml", "--model", "--speed", "20", cwd=place)
    folder = wait_for(place, "runs/*/blocks.bin").parent
    time.sleep(0.5)
    nwlab("stop", folder, cwd=place)
    running.communicate(timeout=30)
    old = load_run(folder)
    done = nwlab("run", "--no-picture", "held.toml", "--bench", f"replay:{old.path}", "--json", cwd=place)
    assert done.returncode == 130
    told = json.loads(done.stdout)
    assert (told["status"], told["samples"]) == ("interrupted", old.samples)
    assert f"breaks off in drive 0, after {old.samples} of its 400 steps: the run was interrupted then" in done.stderr
    new = load_run(place / told["run"])
    assert_same(new, old)
    again = nwlab("run", "--no-picture", "--resume", new.path, cwd=place)
    assert again.returncode == 2
    assert "is a replay, which ends where its record does" in again.stderr


def test_mistakes(place: Path) -> None:
    old = play(place, "held.toml", "--chip", "resistor-10k")
    known = [
        (["--bench", "replay:nowhere"], 3, "nowhere: is not the folder of a run"),
        (["--bench", "replay:"], 3, "is not the folder of a run"),
        (["--bench", f"replay:{old.path}", "--chip", "nw16"], 2, "leave --chip out"),
        (["--bench", f"replay:{old.path}", "--virtual", "--seed", "0"], 2, "leave --virtual, --seed out"),
        (["--bench", f"replay:{old.path}", "--model"], 2, "--model plays without instruments"),
        (["--bench", f"replay:{old.path}", "--speed", "0"], 2, "time goes at a speed above 0"),
    ]
    for words, exit_code, message in known:
        done = nwlab("run", "--no-picture", "held.toml", *words, cwd=place)
        assert (done.returncode, message in done.stderr) == (exit_code, True), done.stderr
        assert "Traceback" not in done.stderr
    (place / "other.toml").write_text(HELD.replace('"A"', '"Z"'), encoding="utf-8")
    done = nwlab("run", "--no-picture", "other.toml", "--bench", f"replay:{old.path}", cwd=place)
    assert done.returncode == 3
    assert "other.toml:6: step.1.source: the chip has no terminal 'Z'; it has A, B" in done.stderr


def test_the_same_in_python(place: Path) -> None:
    with open_bench("virtual", chip="resistor-10k", seed=2) as chip:
        old = package.run(package.load_protocol(place / "held.toml"), chip, out=place / "runs")
    with open_bench(f"replay:{old.path}") as chip:
        assert chip.terminals == old.terminals
        assert (chip.limits.voltage, chip.limits.current) == (5.0, 1e-3)
        new = package.run(package.load_protocol(place / "held.toml"), chip, out=place / "runs")
        with pytest.raises(DriveError, match="holds 1 drive, and this protocol asks for one more"):
            package.run(package.load_protocol(place / "held.toml"), chip, out=place / "runs")
        assert "replay" in chip._repr_html_()
    assert_same(new, old)
    with pytest.raises(UsageError, match="leave --seed out"):
        open_bench(f"replay:{old.path}", seed=3)
    with open_rehearsal(f"replay:{old.path}") as chip:
        assert chip.about.chip == "resistor-10k"
