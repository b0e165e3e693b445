"""`nwlab stop`, `pause` and `continue`: a run that another terminal plays."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import command as nwlab
from lab.test_cli import start, wait_for

from nwlab.core.clock import VirtualClock
from nwlab.core.errors import UsageError
from nwlab.core.events import RunStarted
from nwlab.core.record import RunInfo
from nwlab.lab.command_pause import wait_until_heard
from nwlab.lab.command_stop import PATIENCE, wait_for_end
from nwlab.runs.recording import load_run
from nwlab.runs.requests import Request, ask, is_waiting
from nwlab.runs.store import Store

STEPS = """
import numpy as np
from nwlab.core.clock import SystemClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol.kinds import Play, Terminal

def slowly(source: Terminal, sink: Terminal) -> Play:
    while True:
        SystemClock().sleep(0.01)
        yield Drive(np.full(5, 0.1), (Force(source, Quantity.VOLTAGE, np.full(5, 0.1), 1e-4, low=sink),))
"""
PROTOCOL = """
name = "endless"
use = ["slow.py"]
[[step]]
do = "slowly"
source = "A"
sink = "B"
"""


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A run without end on a virtual bench, and its folder."""
    (tmp_path / "slow.py").write_text(STEPS)
    (tmp_path / "endless.toml").write_text(PROTOCOL)
    running = start("run", "--no-picture", "endless.toml", "--bench", "virtual", cwd=tmp_path)
    folder = wait_for(tmp_path, "runs/*/blocks.bin").parent
    yield running, folder
    running.kill()
    running.communicate(timeout=30)


def kinds(folder: Path) -> list[str]:
    """Kinds of the notes, but for what the bench says of its readings."""
    return [note["kind"] for note in load_run(folder).notes if note["kind"] != "doubt"]


def test_another_terminal_stops_a_run(endless: tuple[subprocess.Popen[str], Path]) -> None:
    running, folder = endless
    done = nwlab("stop", folder, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["was_running"], told["status"], told["exit"]) == (True, "interrupted", 130)
    assert told["reason"] == "stopped by `nwlab stop`"
    _, complaints = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "interrupted: stopped by `nwlab stop`" in complaints
    assert "safe state confirmed" in complaints
    again = nwlab("stop", folder, cwd=folder)
    assert again.returncode == 0
    assert "is not running; interrupted (stopped by `nwlab stop`)" in again.stdout


def test_another_terminal_pauses_a_run(endless: tuple[subprocess.Popen[str], Path]) -> None:
    running, folder = endless
    done = nwlab("pause", folder, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "pauses, with the chip at rest" in done.stdout
    before = load_run(folder).samples
    done = nwlab("continue", folder, "--json", cwd=folder)
    told = json.loads(done.stdout)
    assert (told["request"], told["heard"], told["samples"]) == ("continue", True, before)
    assert kinds(folder) == ["pausing", "paused"]
    nwlab("pause", folder, cwd=folder)
    assert json.loads(nwlab("stop", folder, "--json", cwd=folder).stdout)["status"] == "interrupted"
    running.communicate(timeout=30)
    assert kinds(folder) == ["pausing", "paused"] * 2 + ["safe state"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["pause", "continue"])
def test_only_a_run_that_goes_on_can_pause(tmp_path: Path, command: str) -> None:
    (tmp_path / "short.toml").write_text(PROTOCOL.replace('use = ["slow.py"]', "").replace('"slowly"', '"read"'))
    told = json.loads(nwlab("run", "--no-picture", "short.toml", "--model", "--json", cwd=tmp_path).stdout)
    done = nwlab(command, told["run"], cwd=tmp_path)
    assert done.returncode == 2
    assert "is not running: finished, 1 samples in 1 drives" in done.stderr


@pytest.fixture
def cut_off(tmp_path: Path) -> Path:
    """A run whose program was killed."""
    store = Store(tmp_path / "r", RunInfo("killed"))
    store(RunStarted(("A",)))
    store.close()
    return tmp_path / "r"


def test_nobody_answers_for_a_run_that_was_cut_off(cut_off: Path) -> None:
    clock = VirtualClock()
    ask(cut_off, Request.STOP)
    assert not wait_for_end(cut_off, clock)
    assert clock.now() == pytest.approx(PATIENCE, abs=0.2)
    assert not is_waiting(cut_off, Request.STOP)
    ask(cut_off, Request.PAUSE)
    with pytest.raises(UsageError, match="is not running: interrupted"):
        wait_until_heard(load_run(cut_off), Request.PAUSE, clock)
    assert not is_waiting(cut_off, Request.PAUSE)


def test_a_long_block_is_waited_for(tmp_path: Path) -> None:
    """The lock is a sign of life, however long the request stays where it is."""
    store = Store(tmp_path / "r", RunInfo("busy"))
    store(RunStarted(("A",)))

    class Ending(VirtualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.now() > 10 * PATIENCE:
                store.close()

    clock = Ending()
    ask(tmp_path / "r", Request.STOP)
    assert wait_until_heard(load_run(tmp_path / "r"), Request.STOP, VirtualClock()) is False
    wait_for_end(tmp_path / "r", clock)
    assert clock.now() > 10 * PATIENCE
