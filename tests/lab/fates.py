"""Runs that are played with a window to which something happens in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nwlab.core.record import BLOCKS, JOURNAL
from nwlab.runs.recording import load_run

FATES = ("absent", "open", "killed", "frozen")
"""What becomes of the window of a run."""
HOLD = """
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "3.6 V"
duration = "{seconds} s"
sample = "10 ms"
compliance = "500 uA"
"""
WAIT = """
[[step]]
do = "gate"
name = "{name}"
"""
HEAD = 'name = "fate"\nuse = ["gate.py"]\n'
GATE = """
import time
from pathlib import Path


def gate(name: str):
    while not Path(name).exists():
        time.sleep(0.01)
    yield from ()
"""
"""A step that waits until a file is there; no chip time passes meanwhile."""
HELD_UP = 1.0
"""s for which each run waits at its gate, once its window is there."""
_WALL = ("at", "started", "ended", "crc")
"""What the lines of two journals of the same run need not share: the time on the wall, and sums over it."""


@dataclass(frozen=True)
class Fate:
    """How a run ended whose window was treated in some way."""

    folder: Path
    code: int
    told: dict[str, Any]  # what it said to a script
    errors: str
    took: float  # s from when it was let go until everything was measured in the midst of which the window was treated
    parted: float  # s from its end to the end of its program
    window: int | None  # process

    @property
    def blocks(self) -> bytes:
        """All that was measured."""
        return (self.folder / BLOCKS).read_bytes()

    @property
    def journal(self) -> list[dict[str, Any]]:
        """What was done and noted, without the time on the wall."""
        lines = map(json.loads, (self.folder / JOURNAL).read_text("utf-8").splitlines())
        return [{name: value for name, value in line.items() if name not in _WALL} for line in lines]


def played(folder: Path, fate: str, seconds: float, speed: float) -> Fate:
    """Play so many s of the stochastic chip on the virtual bench; in the middle do to the window what `fate` says."""
    folder.mkdir()
    (folder / "gate.py").write_text(GATE)
    one, all_of_it = HOLD.format(seconds=1), HOLD.format(seconds=seconds)
    text = HEAD + one + WAIT.format(name="go") + all_of_it + WAIT.format(name="end") + one
    (folder / "fate.toml").write_text(text)
    words = ["run", "--no-picture", "fate.toml", "--seed", "5", "--speed", str(speed), "--json"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(folder / "settings")}
    process = subprocess.Popen(
        [sys.executable, "-m", "nwlab", *words, *(["--live"] if fate != "absent" else [])],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        soon(lambda: any(each.stat().st_size for each in folder.glob("runs/*/blocks.bin")))
        window = None if fate == "absent" else _window(process)
        # Simulated time that was held up makes good for half a second: for all runs alike.
        time.sleep(HELD_UP)
        (folder / "go").touch()
        went = time.time()
        time.sleep(0.4 * seconds / speed)
        if window is not None and fate in ("killed", "frozen"):
            os.kill(window, signal.SIGKILL if fate == "killed" else signal.SIGSTOP)
            # A window takes the processor only when nobody else wants it, also to die.
            soon(lambda: state(window) in ("", "T"))
        (folder / "end").touch()
        said, errors = process.communicate(timeout=300)
        gone = time.time()
    finally:
        process.kill()
        process.communicate()
    run = load_run(folder / json.loads(said)["run"])
    assert run.ended is not None
    ended, measured = run.ended.timestamp(), _measured(run.path, drive=1)
    return Fate(run.path, process.returncode, json.loads(said), errors, measured - went, gone - ended, window)


def _measured(folder: Path, drive: int) -> float:
    """Return when the last sample of a drive came on record, s since the epoch."""
    lines = map(json.loads, (folder / JOURNAL).read_text("utf-8").splitlines())
    last = [line["at"] for line in lines if line["event"] == "block" and line["drive"] == drive][-1]
    return datetime.fromisoformat(last).timestamp()


def _window(process: subprocess.Popen[str]) -> int:
    """Wait until the window of a run is there and has no more to say; returns its process."""
    soon(lambda: bool(_windows(process.pid)))
    (window,) = _windows(process.pid)
    soon(lambda: Path(f"/proc/{window}/fd/2").resolve() == Path(os.devnull))
    return window


def _windows(process: int) -> list[int]:
    children = map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
    return [child for child in children if state(child) and b"live" in _command(child)]


def _command(process: int) -> list[bytes]:
    return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")


def state(process: int) -> str:
    """Return the letter by which Linux tells how a process is: T stopped, Z dead and not yet buried; empty = none."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
    return ""


def closed(process: int) -> bool:
    """Ask a window to end, as closing it does; returns whether it did."""
    os.kill(process, signal.SIGTERM)
    soon(lambda: state(process) in ("", "Z"))
    return True


def soon(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
