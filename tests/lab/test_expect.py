"""Protocols that ask their twin, with real processes: answers, a twin that is killed or frozen, and none at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import command
from lab.test_served_bench import Service
from twin.test_ensemble import CHIP as WIRES

import nwlab
from nwlab.core.errors import UsageError
from nwlab.lab.served_bench import TOKEN
from nwlab.runs.oracle import ASKED
from nwlab.runs.recording import load_run

STEPS = """
import os, signal
from pathlib import Path

import numpy as np

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import TwinError
from nwlab.core.expect import Expect
from nwlab.protocol import Play, Seconds, Terminal, Volts


def asks(
    source: Terminal, sink: Terminal, count: int, size: int = 10, ask: bool = True, level: Volts = 3.6,
    within: Seconds = 10.0, fate: str = "", at: int = -1, thaw: bool = False, forgive: bool = False,
) -> Play:
    def held(steps: int, hold: bool) -> Drive:
        force = Force(source, Quantity.VOLTAGE, np.full(steps, level), 1e-3, low=sink)
        return Drive(np.full(steps, 0.1), (force,), hold=hold)

    drive = held(size, True)
    for index in range(count):
        if index == at:
            strike(fate)
        if ask:
            try:
                expected = yield Expect(drive, within)
                assert expected.steps == size and (index == 0 or expected.sd[0, 0] < 0.2 * expected.current[0, 0])
            except TwinError:
                if not forgive:
                    raise
        if index == at and thaw:
            os.kill(twin(), signal.SIGCONT)
        reading = yield drive
    yield held(1, False)


def strike(fate: str) -> None:
    if fate == "interrupt" and not Path("struck").exists():
        Path("struck").touch()
        os.kill(twin(), signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGINT)
    elif fate in ("SIGSTOP", "SIGKILL"):
        os.kill(twin(), getattr(signal, fate))


def twin() -> int:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    (found,) = (int(each) for each in children if b"twin" in Path(f"/proc/{each}/cmdline").read_bytes())
    return found
"""
PROTOCOL = """
name = "asking"
use = ["asking.py"]
needs = { twin = true }
[[step]]
do = "asks"
source = "A"
sink = "B"
"""
TWIN = ("--twin", "stochastic-2025")
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


def run(folder: Path, *words: str, **arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the protocol on the virtual bench with arguments of its step."""
    told = "".join(f"{name} = {json.dumps(value)}\n" for name, value in {"count": 6, **arguments}.items())
    (folder / "asking.py").write_text(STEPS, encoding="utf-8")
    (folder / "asking.toml").write_text(PROTOCOL + told, encoding="utf-8")
    play = program if arguments.get("fate") == "interrupt" else nwlab_run
    return play(folder, "run", "asking.toml", "--seed", "4", "--no-picture", *words)


def nwlab_run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return command(*words, "--json", cwd=folder)


def program(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-m", "nwlab", *words, "--json"]
    return subprocess.run(asked, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def answers(folder: Path, found: dict[str, Any]) -> list[dict[str, Any]]:
    return [note["content"] for note in load_run(folder / found["run"]).notes if note["kind"] == ASKED]


def test_what_was_asked_changes_nothing_of_what_is_measured(tmp_path: Path) -> None:
    asked = told(run(tmp_path, *TWIN))
    assert (asked["status"], asked["samples"]) == ("finished", 61)
    assert len(answers(tmp_path, asked)) == 6
    assert all("answer" in each for each in answers(tmp_path, asked))
    silent = told(run(tmp_path, *TWIN, ask=False))
    ours, others = (load_run(tmp_path / each["run"]) for each in (asked, silent))
    for name in ("start", "time", "voltage", "current", "level", "aperture"):
        np.testing.assert_array_equal(ours.rows().column(name), others.rows().column(name), err_msg=name)


@pytest.mark.parametrize(
    "words", [("--model",), ("--separate",), ("--model", "--speed", "20")], ids=["model", "separate", "paced"]
)
def test_it_works_on_every_chip(tmp_path: Path, words: tuple[str, ...]) -> None:
    found = told(run(tmp_path, *TWIN, *words, count=3))
    assert (found["status"], len(answers(tmp_path, found))) == ("finished", 3)


def test_it_works_on_a_bench_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(tmp_path, "--chip", "stochastic-2025")
    monkeypatch.setenv(TOKEN, service.token)
    try:
        (tmp_path / "here").mkdir()
        found = told(run(tmp_path / "here", *TWIN, "--bench", service.address, count=2))
        assert (found["status"], len(answers(tmp_path / "here", found))) == ("finished", 2)
    finally:
        service.stop()


def test_without_a_twin_it_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    for words in (("run", "program-twin"), ("dry-run", "program-twin")):
        done = nwlab_run(tmp_path, *words)
        assert done.returncode == 2
        assert "protocol 'program-twin' asks a twin what to expect: add --twin CHIP" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_the_twin_of_a_network_is_asked(tmp_path: Path) -> None:
    (tmp_path / "wires.toml").write_text(WIRES, encoding="utf-8")
    done = run(tmp_path, "--chip", "wires.toml", "--twin", "wires.toml", count=3, level="0.2 V")
    found = told(done)
    assert (found["status"], len(answers(tmp_path, found))) == ("finished", 3)
    assert all("answer" in each for each in answers(tmp_path, found))


@linux
def test_a_killed_twin_ends_the_run_in_its_safe_state(tmp_path: Path) -> None:
    done = run(tmp_path, *TWIN, fate="SIGKILL", at=3)
    assert done.returncode == 5
    assert "the twin is gone" in done.stderr
    assert "Traceback" not in done.stderr
    found = told(done)
    assert (found["status"], found["samples"]) == ("failed", 30)
    assert [note["kind"] for note in load_run(tmp_path / found["run"]).notes].count("safe state") == 1


@linux
def test_a_frozen_twin_has_until_the_deadline(tmp_path: Path) -> None:
    done = run(tmp_path, *TWIN, fate="SIGSTOP", at=2, within="0.4 s")
    assert done.returncode == 5
    assert "the twin did not answer within 400 ms: it is stopped, stuck or too slow" in done.stderr


@linux
@pytest.mark.parametrize("size", [10, 6000], ids=["small", "larger than a pipe"])
def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(tmp_path: Path, size: int) -> None:
    """The level that is held meanwhile, for longer than a heartbeat, stays."""
    words = ("--model",) if size > 10 else ("--separate",)
    done = run(tmp_path, *TWIN, *words, fate="SIGSTOP", at=1, count=4, size=size, within="3 s", thaw=True, forgive=True)
    found = told(done)
    assert (found["status"], found["samples"]) == ("finished", 4 * size + 1)
    asked = answers(tmp_path, found)
    assert ["failed" in each for each in asked] == [False, True, False, False]
    texts = [each["text"] for each in asked[2:]]
    assert all("expected in the end" in text for text in texts)


@linux
def test_ctrl_c_does_not_wait_for_a_twin_and_the_run_can_be_continued(tmp_path: Path) -> None:
    done = run(tmp_path, *TWIN, fate="interrupt", at=3, within="60 s")
    assert done.returncode == 130
    first = told(done)
    assert (first["status"], first["samples"]) == ("interrupted", 30)
    again = told(nwlab_run(tmp_path, "run", "--no-picture", "--resume", first["run"]))
    assert (again["status"], again["samples"]) == ("finished", 61)
    asked = answers(tmp_path, again)
    assert len(asked) == 6
    assert asked[:3] == answers(tmp_path, first)


def test_what_the_limits_forbid_is_not_asked(tmp_path: Path) -> None:
    done = run(tmp_path, *TWIN, level="6 V")
    assert done.returncode == 4
    assert "a level of 6 V exceeds the limit of 5 V" in done.stderr
    assert told(done)["samples"] == 0


def test_a_dry_run_asks_a_twin_of_its_own(tmp_path: Path) -> None:
    found = told(nwlab_run(tmp_path, "dry-run", "program-twin", *TWIN, "--no-picture"))
    assert found["refused"] == []
    assert 2 <= found["drives"] < 10
    assert any(note["kind"] == ASKED for note in load_run(tmp_path / found["run"]).notes)


def test_a_script_names_the_twin_with_the_run(tmp_path: Path) -> None:
    with nwlab.open_model("stochastic-2025") as chip:
        with pytest.raises(UsageError, match="asks a twin"):
            nwlab.run("program-twin", chip, out=tmp_path)
        found = nwlab.run("program-twin", chip, out=tmp_path, twin="stochastic-2025")
    assert found.status == "finished"
    assert found.conductance[-1] == pytest.approx(20e-6, rel=0.02)


def test_show_counts_the_questions(tmp_path: Path) -> None:
    found = told(run(tmp_path, *TWIN, "--model", count=2))
    done = command("show", found["run"], cwd=tmp_path)
    assert "asked:       a twin, 2 times" in done.stdout
    assert "answer" not in done.stdout
