"""Windows and other onlookers: whatever becomes of them, the run goes on as if they were not there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nwlab.runs.recording import load_run

PROTOCOL = """\
name = "long"
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "1 V"
duration = "500 s"
sample = "50 ms"
compliance = "500 uA"
"""
ONLOOKER = """
import sys
from pathlib import Path
journal = next(Path("runs").glob("*/journal.jsonl")).open("rb")
blocks = next(Path("runs").glob("*/blocks.bin")).open("rb")
print("looking", flush=True)
while True:
    journal.read()
    blocks.read()
"""


def finished(process: subprocess.Popen[str]) -> dict[str, object]:
    told, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints
    return json.loads(told)


@pytest.mark.fault(36, "an onlooker frozen, killed, or hammering the record, and no display: the run finishes whole")
def test_an_onlooker_frozen_and_one_killed_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text(PROTOCOL, encoding="utf-8")
    blind = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-m", "nwlab", "run", "long.toml", "--chip", "resistor-10k", "--json"]
    run = subprocess.Popen(command, cwd=tmp_path, env=blind, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("runs/*/blocks.bin")):
        assert run.poll() is None
        time.sleep(0.01)
    onlookers = [
        subprocess.Popen([sys.executable, "-c", ONLOOKER], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        for onlooker in onlookers:
            assert onlooker.stdout is not None
            assert onlooker.stdout.readline() == "looking\n"
        onlookers[0].send_signal(signal.SIGSTOP)
        onlookers[1].kill()
        told = finished(run)
    finally:
        for onlooker in onlookers:
            onlooker.kill()
            onlooker.communicate()
    assert told["status"] == "finished"
    assert told["samples"] == 10_000
    kept = load_run(tmp_path / str(told["run"]))
    assert (len(kept.rows()), kept.dropped) == (10_000, kept.dropped)
    assert not kept.dropped
