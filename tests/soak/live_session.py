"""Two hours of a live session at 1 kHz, 20 times as fast: a real run with its window, watched from outside.

python3 tasks.py soak live-session [--hours 2] [--rate 1000] [--speed 20] [--on model|virtual]

`nwlab run --live` plays 7.2 million samples on a clock that is held back to 20 times real time. Its own window is a
process beside it; a second one, here, notes when each sample had been painted. Neither may grow or lag, the run must
keep its pace and its record be whole. `--on virtual` plays on simulated instruments, which keep up with some 5 to 10
times real time at 1 kHz.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np  # noqa: E402 (the lines above must have been run)
from peak import size  # noqa: E402
from PySide6.QtCore import QSettings  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from nwlab.core.drive import FloatArray  # noqa: E402
from nwlab.core.record import JOURNAL  # noqa: E402
from nwlab.live.run.watched import Watched  # noqa: E402
from nwlab.live.window import LiveWindow  # noqa: E402
from nwlab.runs.recording import load_run  # noqa: E402

PROTOCOL = """
name = "session"
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "0.5 V"
duration = "{duration} s"
sample = "{sample} s"
compliance = "500 uA"
"""
GROWTH = 10.0  # MB that a process may grow by after a tenth of the run
LATE = 250.0  # ms from record to paint, 95 % of all samples
SLOWER = 100.0  # ms by which the last tenth of the samples may be later than the first
PACE = 0.95  # of the speed that was asked for
LONG = 60.0  # s of real time from which on pace and growth are judged; a shorter run has hardly begun
PATIENCE = 60.0  # s


@dataclass(frozen=True)
class Session:
    """What is played, and how fast."""

    hours: float
    rate: float  # Hz
    speed: float
    place: str  # "model" or "virtual"

    @property
    def samples(self) -> int:
        return round(self.hours * 3600 * self.rate)

    @property
    def wall(self) -> float:
        """S that it has to take."""
        return self.samples / self.rate / self.speed

    def command(self, folder: Path) -> list[str]:
        """Write the protocol and return what plays it."""
        protocol = folder / "session.toml"
        protocol.write_text(PROTOCOL.format(duration=self.samples / self.rate, sample=1 / self.rate))
        where = ["--model", "--chip", "stochastic-2025"] if self.place == "model" else ["--chip", "resistor-10k"]
        pace = ["--speed", str(self.speed), "--seed", "1"]
        told = ["--live", "--json", "--out", str(folder / "runs"), "--where", str(folder / "where.json")]
        return [sys.executable, "-m", "nwlab", "run", str(protocol), *where, *pace, *told]


class Painting(LiveWindow):
    """A window that notes when how many samples had been painted."""

    def __init__(self, watched: Watched) -> None:
        self.times, self.samples = array("d"), array("q")
        super().__init__(watched)

    def tick(self) -> None:
        super().tick()
        samples = self.watched.scene.progress.samples
        if not self.samples or samples > self.samples[-1]:
            self.plots.repaint()
            self.times.append(time.time())
            self.samples.append(samples)


@dataclass
class Memory:
    """Sizes of processes while they run, MB; each row of the log is s since the start, then a size of each."""

    processes: dict[str, int]
    log: list[tuple[float, ...]] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        with suppress(FileNotFoundError, ProcessLookupError, ValueError):  # one has just ended
            sizes = [size("VmRSS", process) for process in self.processes.values()]
            self.log.append((time.monotonic() - self.since, *sizes))

    @property
    def course(self) -> dict[str, list[int]]:
        """MB after each tenth of the time."""
        rows = np.array(self.log)[np.linspace(0, len(self.log) - 1, 11).astype(int)]
        return {name: rows[:, 1 + at].round().astype(int).tolist() for at, name in enumerate(self.processes)}

    @property
    def growth(self) -> dict[str, float]:
        """MB between a tenth of the time and its end, at the most."""
        rows = np.array(self.log)
        settled = rows[rows[:, 0] >= rows[-1, 0] / 10]
        return {
            name: float(np.ptp(settled[:, 1 + at].clip(settled[0, 1 + at]))) for at, name in enumerate(self.processes)
        }


def main(arguments: list[str] | None = None) -> int:
    """Run and tell; 0 when everything was as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0, help="of chip time")
    parser.add_argument("--rate", type=float, default=1000.0, help="samples per s of chip time")
    parser.add_argument("--speed", type=float, default=20.0, help="times real time")
    parser.add_argument("--on", choices=("model", "virtual"), default="model", help="the model, or instruments too")
    options = parser.parse_args(arguments)
    session = Session(options.hours, options.rate, options.speed, options.on)
    application = QApplication.instance() or QApplication(["nwlab"])
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        told = watched_session(session, Path(folder))
        application.processEvents()
    print(json.dumps(told, indent=2))
    return 0 if not told["wrong"] else 1


def watched_session(session: Session, folder: Path) -> dict[str, object]:
    """Play it; return what was measured, and what is wrong with it."""
    with playing(session, folder) as process:
        shown = Painting(Watched(where(folder / "where.json", process)))
        shown.resize(1366, 768)
        shown.show()
        own = child(process.pid)
        memory = Memory({"run": process.pid, "window": own, "window here": os.getpid()})
        while process.poll() is None:
            QTest.qWait(500)
            if shown.watched.condition.stage.is_played:  # afterwards the run draws its picture, all of it at once
                memory.look()
        survived = is_window(own)
        until(lambda: not shown.watched.condition.stage.is_played)
        shown.close()
        if survived:
            os.kill(own, signal.SIGTERM)
            until(lambda: not is_window(own))
        assert process.stdout is not None
        answer = json.loads(process.stdout.read() or "{}")
    return account(session, answer, shown, memory, survived=survived)


def account(
    session: Session, answer: dict[str, object], shown: Painting, memory: Memory, *, survived: bool
) -> dict[str, object]:
    """Return the figures and what is wrong with them."""
    run = load_run(shown.watched.folder)
    assert run.started is not None
    took = (run.last_written - run.started).total_seconds()
    late = lateness(shown)
    tenth = max(1, late.size // 10)
    p50, p95, first, last = np.percentile(late, 50), np.percentile(late, 95), late[:tenth], late[-tenth:]
    growth, is_long = memory.growth, session.wall >= LONG
    wrong = [] if answer.get("exit") == 0 else [f"the run said {answer}"]
    if run.status != "finished" or run.samples != session.samples or run.dropped:
        wrong.append(f"{run.status}: {run.samples} of {session.samples} samples are on record; {run.dropped}")
    if shown.samples[-1] != session.samples:
        wrong.append(f"the window saw {shown.samples[-1]} samples")
    if not survived:
        wrong.append("the window of the run did not outlive it")
    wrong += [told.text for told in shown.faults.told]
    if p95 > LATE or np.median(last) > np.median(first) + SLOWER:
        wrong.append(f"samples were seen late: {p95:.0f} ms, and {np.median(last):.0f} ms in the end")
    if is_long and session.wall / took < PACE:
        wrong.append(f"the pace was not kept: {took:.1f} s for {session.wall:.1f} s")
    wrong += [f"the {name} grew by {size:.1f} MB" for name, size in growth.items() if is_long and size > GROWTH]
    return {
        "samples": run.samples,
        "chip time, h": session.hours,
        "real time, s": round(took, 1),
        "times real time, asked and kept": [session.speed, round(session.speed * session.wall / took, 2)],
        "record to paint, ms: p50, p95, worst": [round(float(each), 1) for each in (p50, p95, late.max())],
        "the same in the first and the last tenth, median": [
            round(float(np.median(each)), 1) for each in (first, last)
        ],
        "sizes in MB after each tenth": memory.course,
        "growth after a tenth, MB": {name: round(each, 2) for name, each in growth.items()},
        "wrong": wrong,
    }


def lateness(shown: Painting) -> FloatArray:
    """Return by how much each block was painted after it had come on record, ms; (blocks,)."""
    ends, came, total = array("q"), array("d"), 0
    with (shown.watched.folder / JOURNAL).open(encoding="utf-8") as lines:
        for words in map(json.loads, lines):
            if words["event"] == "block":
                total += words["steps"]
                ends.append(total)
                came.append(datetime.fromisoformat(words["at"]).timestamp())
    painted = np.searchsorted(np.array(shown.samples), np.array(ends))
    return 1e3 * (np.array(shown.times)[np.minimum(painted, len(shown.times) - 1)] - np.array(came))


@contextmanager
def playing(session: Session, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The run and its window, which keep their settings in a folder of their own."""
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder / "settings"), "QT_QPA_PLATFORM": "offscreen"}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), environment.get("PYTHONPATH", "")])
    command = session.command(folder)
    with (folder / "told.txt").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def where(path: Path, process: subprocess.Popen[str]) -> Path:
    """Wait until the run has told where its record is."""
    until(lambda: path.is_file() or process.poll() is not None)
    if not path.is_file():
        raise RuntimeError(path.with_name("told.txt").read_text())
    return Path(json.loads(path.read_text())["run"])


def child(process: int) -> int:
    """Wait for the window of a run, and return its process."""
    found: list[int] = []

    def look() -> bool:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        found[:] = [pid for pid in map(int, children) if is_window(pid)]
        return bool(found)

    until(look)
    return found[0]


def until(holds: Callable[[], bool]) -> None:
    """Go on with the windows until something holds; raises RuntimeError when that takes too long."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {PATIENCE:g} s")
        QTest.qWait(20)


def is_window(process: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return b"live" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    return False


if __name__ == "__main__":
    sys.exit(main())
