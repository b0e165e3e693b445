"""A run and its windows are programs of their own: neither end of the one is the end of the other."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from lab.test_cli import wait_for

from nwlab.lab.serving import ServedBench
from nwlab.live.run.condition import Stage
from nwlab.live.run.safety import Safety
from nwlab.live.run.watched import Watched
from nwlab.runs.recording import load_run
from nwlab.runs.requests import Request

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")]

PROTOCOL = """
name = "held"
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "1 V"
duration = "{seconds} s"
sample = "10 ms"
compliance = "500 uA"
"""
ENVIRONMENT = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}


class Program:
    """A program whose words are collected."""

    def __init__(self, *command: str | Path, cwd: Path, **environment: str) -> None:
        merged = {**ENVIRONMENT, "XDG_CONFIG_HOME": str(cwd / "settings"), **environment}
        self.process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=cwd,
            env={name: value for name, value in merged.items() if value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said, self.complaints = list[str](), list[str]()
        self._threads = [
            threading.Thread(target=kept.extend, args=(stream,), daemon=True)
            for kept, stream in ((self.said, self.process.stdout), (self.complaints, self.process.stderr))
        ]
        for thread in self._threads:
            thread.start()

    def says(self, words: str, seconds: float = 60.0) -> str:
        """Wait for a line with these words."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in list(self.said):
                if words in line.replace("\N{NARROW NO-BREAK SPACE}", ""):
                    return line
            time.sleep(0.02)
        raise AssertionError(f"never says {words!r}, but {self.said} and {self.complaints}")

    def end(self, seconds: float = 60.0) -> int:
        code = self.process.wait(seconds)
        for thread in self._threads:
            thread.join(seconds)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.end()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


class Laboratory:
    """A served bench in real time with 10 kOhm on it, runs on it, and windows on them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        served = stack.enter_context(ServedBench("virtual", chip="resistor-10k"))
        self.bench = served.write(folder / "served.toml")

    def run(self, seconds: float, *words: str, **environment: str) -> Program:
        (self.folder / "held.toml").write_text(PROTOCOL.format(seconds=seconds))
        return self._start("-m", "nwlab", "run", "held.toml", "--bench", self.bench, *words, **environment)

    def virtual_run(self, seconds: float, *words: str) -> Program:
        """A run on instruments that are simulated by its own program."""
        (self.folder / "held.toml").write_text(PROTOCOL.format(seconds=seconds))
        return self._start("-m", "nwlab", "run", "held.toml", "--chip", "resistor-10k", *words)

    def type(self, command: str) -> Program:
        """Do what is told to be typed."""
        name, *words = shlex.split(command)
        return self._start("-m", name, *words)

    def window(self, run: Path) -> Program:
        return self._start(Path(__file__).with_name("live_subject.py"), "live", run)

    def measured(self) -> Path:
        """Wait until something was measured and return the folder of the run."""
        return wait_for(self.folder, "runs/*/blocks.bin").parent

    def _start(self, *command: str | Path, **environment: str) -> Program:
        program = Program(*command, cwd=self.folder, **environment)
        self._stack.callback(program.close)
        return program


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Laboratory]:
    with ExitStack() as stack:
        yield Laboratory(tmp_path, stack)


def complete(folder: Path, samples: int) -> None:
    """Everything was measured, at its time, and as it is."""
    run = load_run(folder)
    assert (run.status, run.samples) == ("finished", samples)
    rows = run.rows()
    assert rows.conductance == pytest.approx([1e-4] * samples, rel=1e-3)
    assert rows.start == pytest.approx([0.01 * step for step in range(samples)], abs=1e-3)


def child(process: int, word: str) -> int:
    """Return the child of a process that has a word in its command."""
    for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        if word in Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0"):
            return int(pid)
    raise AssertionError(f"process {process} has no child {word}")


def test_windows_that_are_killed_and_frozen_cost_a_run_nothing(lab: Laboratory) -> None:
    running = lab.run(12.0)
    folder = lab.measured()
    killed, frozen = lab.window(folder), lab.window(folder)
    for window in (killed, frozen):
        window.says("running")
    killed.process.kill()
    frozen.process.send_signal(signal.SIGSTOP)
    assert running.end() == 0, running.complaints
    complete(folder, 1200)
    frozen.process.send_signal(signal.SIGCONT)
    frozen.says("finished")
    late = lab.window(folder)
    late.says("finished")
    late.process.send_signal(signal.SIGTERM)
    assert late.end() == 143
    assert late.complaints == []


def test_a_window_says_that_its_run_was_killed_and_how_the_chip_was_left(lab: Laboratory) -> None:
    running = lab.run(600.0)
    folder = lab.measured()
    window = lab.window(folder)
    window.says("running")
    running.process.kill()
    told = window.says("ended without a word")
    assert "cut off" in told
    assert "Recovered and shown here: " in told
    told = window.says("by the bench process")
    assert "Safe state confirmed: by the bench process: " in told
    assert "outputs a, b off" in told
    assert load_run(folder).samples > 20


def test_what_the_window_of_a_killed_run_says_can_be_typed(lab: Laboratory) -> None:
    running = lab.virtual_run(20.0, "--speed", "2")
    folder = lab.measured()
    window = lab.window(folder)
    window.says("running")
    running.process.kill()
    window.says("ended without a word")
    left = load_run(folder)
    seconds = f"{left.rows().time[-1]:.1f} s"
    assert 0 < len(left) < 2000
    told = window.says(f"Recovered and shown here: {len(left)} samples of 1 drive, up to {seconds} on the chip")
    for command in [words for words in told.split(" | ") if words.startswith("nwlab ")]:
        done = lab.type(command)
        assert done.end() == 0, done.complaints
    whole = load_run(max(lab.folder.glob("runs/*"), key=lambda each: each.stat().st_mtime))
    assert (whole.status, len(whole)) == ("finished", 2000)


def test_a_run_opens_its_window_and_tells_when_that_dies(lab: Laboratory) -> None:
    running = lab.run(8.0, "--live", "--json")
    folder = lab.measured()
    window = child(running.process.pid, "live")
    end = time.monotonic() + 30
    while str(Path(f"/proc/{window}/fd/2").readlink()) != os.devnull:  # it is there, and has nothing more to say
        assert time.monotonic() < end
        time.sleep(0.02)
    assert os.getpgid(window) == window  # Ctrl-C in the run's terminal does not reach it
    os.kill(window, signal.SIGKILL)
    assert running.end() == 0
    complete(folder, 800)
    told = json.loads("".join(running.said))
    assert told["status"] == "finished"
    (line,) = [line for line in running.complaints if "the window" in line]
    assert line.startswith("nwlab: the window was ended by signal 9; the run goes on, open it again with: nwlab live ")


@pytest.mark.parametrize(
    ("environment", "seconds", "words"),
    [
        (
            {"QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""},
            1,
            "no window (the run needs none): there is no display for a",
        ),
        (
            {"QT_QPA_PLATFORM": "teletype"},
            6,
            "no window (the run needs none): Qt cannot start: Could not find the Qt platform plugin",
        ),
    ],
    ids=["known beforehand", "known later"],
)
def test_a_window_that_cannot_be_is_told_in_one_line_and_the_run_goes_on(
    lab: Laboratory, environment: dict[str, str], seconds: int, words: str
) -> None:
    running = lab.run(seconds, "--live", **environment)
    assert running.end() == 0, running.complaints
    complete(lab.measured(), 100 * seconds)
    (line,) = [line for line in running.complaints if line.startswith("nwlab: ")]
    assert line.startswith(f"nwlab: {words}")
    assert f"finished: {100 * seconds} samples" in running.complaints[-1]


def test_stop_from_afar_ends_in_a_confirmed_safe_state(lab: Laboratory) -> None:
    running = lab.run(600.0)
    watched = Watched(lab.measured())
    try:
        looks(watched, lambda: watched.condition.stage is Stage.RUNNING)
        watched.ask(Request.STOP)
        looks(watched, lambda: watched.condition.stage is Stage.OVER)
        condition = watched.condition
        assert condition.verdict is not None
        assert condition.verdict.safety is Safety.CONFIRMED
        assert "outputs a, b off" in condition.verdict.text
        assert (condition.status, condition.reason) == ("interrupted", "stopped by a person at its window")
        assert running.end() == 130
    finally:
        watched.close()


def looks(watched: Watched, holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, watched.condition
        watched.look()
        time.sleep(0.02)
