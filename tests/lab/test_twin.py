"""`nwlab run --twin`: real processes; whatever becomes of the twin, the run is the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nwlab.core.events import Event, Expected, Noted
from nwlab.runs.following import Follower
from nwlab.runs.recording import load_run

PROTOCOL = """\
name = "held"
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "3.6 V"
duration = "80 s"
sample = "100 ms"
compliance = "1 mA"
"""


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    (folder / "held.toml").write_text(PROTOCOL, encoding="utf-8")
    command = [sys.executable, "-m", "nwlab", "run", "held.toml", "--chip", "stochastic-2025", "--model", "--json"]
    return subprocess.Popen(
        [*command, "--seed", "4", "--speed", "20", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def events_of(folder: Path) -> list[Event]:
    with Follower(folder) as follower:
        return follower.poll(10**9)


def twin_of(run: subprocess.Popen[str], folder: Path) -> int:
    """Wait until it is ready and the run goes on; return the twin's process."""
    end = time.monotonic() + 60
    while not list(folder.glob("runs/*/blocks.bin")):
        assert time.monotonic() < end, run.communicate()
        time.sleep(0.02)
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    (twin,) = (int(pid) for pid in children if b"twin" in Path(f"/proc/{pid}/cmdline").read_bytes())
    return twin


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("fate", ["left alone", "killed", "stopped"])
def test_what_becomes_of_a_twin_does_not_touch_its_run(tmp_path: Path, fate: str) -> None:
    run = start(tmp_path, "--twin", "stochastic-2025")
    twin = twin_of(run, tmp_path)
    if fate != "left alone":
        os.kill(twin, signal.SIGKILL if fate == "killed" else signal.SIGSTOP)
    told = json.loads(run.communicate(timeout=60)[0])
    assert (run.returncode, told["status"], told["samples"]) == (0, "finished", 800)
    assert not Path(f"/proc/{twin}").exists()
    events = events_of(tmp_path / told["run"])
    notes = {event.kind: event.content for event in events if isinstance(event, Noted)}
    expected = [event for event in events if isinstance(event, Expected)]
    alone = json.loads(start(tmp_path).communicate(timeout=60)[0])
    ours, others = (load_run(tmp_path / each["run"]).rows() for each in (told, alone))
    np.testing.assert_array_equal(ours.current, others.current)
    if fate == "left alone":
        assert sum(event.mean.shape[0] for event in expected) == 800
        assert notes["twin"]["residuals"] == 800
    elif fate == "killed":
        assert notes["subscriber failed"]["error"] == "its process was ended by signal 9"
    else:
        assert notes["dropped"]["subscriber"] == "twin"


def test_a_chip_that_no_twin_can_follow_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    run = start(tmp_path, "--twin", "nw16")
    told = run.communicate(timeout=60)[1]
    assert run.returncode == 2
    assert "a twin follows two-terminal chips" in told
    assert "Traceback" not in told
