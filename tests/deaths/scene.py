"""A served virtual bench, a control program that drives it, and a witness that notes when what was put out."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nwlab.lab.serving import ServedBench
from nwlab.virtual.port import Output

SUBJECT = Path(__file__).with_name("subject.py")
PROTOCOL = """
name = "long"
use = ["steps.py"]
[parameters]
fail = { value = 0, min = 0 }
[[step]]
do = "long_hold"
source = "A"
sink = "B"
fail = "$fail"
"""
STEPS = """
import time
from pathlib import Path

import numpy as np
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol.kinds import Terminal


def long_hold(source: Terminal, sink: Terminal, fail: int):
    for index in range(1 if not fail else fail + 1):
        steps = 6000 if not fail else 30
        force = Force(source, Quantity.VOLTAGE, np.ones(steps), 5e-4, low=sink)
        yield Drive(np.full(steps, 0.01), (force,), hold=bool(fail))
        if fail and index == fail - 1:
            Path("raised").write_text(repr(time.monotonic()))
            raise RuntimeError("the protocol has a fault")
"""


@dataclass
class Witness:
    """Notes every change of what a channel puts out and of the relays, with the computer's time."""

    outputs: list[tuple[float, str, Output | None]] = field(default_factory=list)
    relays: list[tuple[float, int]] = field(default_factory=list)
    smus: list[Any] = field(default_factory=list)

    def attach(self, served: ServedBench) -> None:
        table = served._site.table
        world = table.world
        self.smus = list(table.instruments["virtual:smu"].smus)  # type: ignore[attr-defined]
        force, set_crosspoints = world.force, world.set_crosspoints

        def forced(channel: str, output: Output | None) -> None:
            force(channel, output)
            self.outputs.append((time.monotonic(), channel, output))

        def moved(matrix: str, closed: frozenset[tuple[str, int]]) -> None:
            set_crosspoints(matrix, closed)
            self.relays.append((time.monotonic(), len(closed)))

        world.force, world.set_crosspoints = forced, moved  # type: ignore[method-assign]

    def driven(self) -> bool:
        return any(abs(output.level) > 0.5 for _, _, output in self.outputs[-4:] if output is not None)

    def settle(self, since: float, patience: float = 5.0) -> float:
        """Wait until outputs are off and relays open; return the s from `since` until no level stood any more."""
        end = time.monotonic() + patience
        while not (self.outputs_off() and self.relays_open()) and time.monotonic() < end:
            time.sleep(0.01)
        last = max((when for when, _, output in self.outputs if output and abs(output.level) > 1e-2), default=since)
        after = [when for when, _, _ in self.outputs if when > last]
        return max(after[0] - since, 0.0) if after else float("inf")

    def outputs_off(self) -> bool:
        """What the virtual instrument itself says of its outputs."""
        return all(smu.source.output == 0 for smu in self.smus)

    def relays_open(self) -> bool:
        """What the virtual matrix conducts."""
        return bool(self.relays) and self.relays[-1][1] == 0


class Trial:
    """One control program on the served bench."""

    def __init__(self, folder: Path, bench: Path, *words: str) -> None:
        folder.mkdir(parents=True)
        (folder / "long.toml").write_text(PROTOCOL, encoding="utf-8")
        (folder / "steps.py").write_text(STEPS, encoding="utf-8")
        self.folder, self.acknowledged = folder, 0
        command = [sys.executable, str(SUBJECT), "run", "long.toml", "--bench", str(bench), *words]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self._complaints: list[bytes] = []
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._count, self._collect)]
        for thread in self._threads:
            thread.start()

    def wait_until_measuring(self, samples: int = 20, patience: float = 30.0) -> None:
        end = time.monotonic() + patience
        while self.acknowledged < samples:
            assert self.process.poll() is None, self.complaints()
            assert time.monotonic() < end, "nothing is measured"
            time.sleep(0.01)

    @property
    def bench_process(self) -> int:
        """The pid of the process that holds the instruments."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="utf-8")
        return int(listed.split()[0])

    def end(self, patience: float = 20.0) -> int:
        code = self.process.wait(patience)
        for thread in self._threads:
            thread.join(patience)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code

    def complaints(self) -> str:
        return b"".join(self._complaints).decode(errors="replace")

    @property
    def run(self) -> Path:
        (found,) = (self.folder / "runs").iterdir()
        return found

    def _count(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.fullmatch(rb"samples (\d+)\n", line):
                self.acknowledged = int(found[1])

    def _collect(self) -> None:
        assert self.process.stderr is not None
        self._complaints.extend(self.process.stderr)


@contextmanager
def scene(folder: Path, *changes: tuple[str, str]) -> Iterator[tuple[Witness, Path]]:
    """Serve the virtual bench with 10 kOhm on it; `changes` are replacements in its bench file."""
    folder.mkdir(parents=True, exist_ok=True)
    with ServedBench("virtual", chip="resistor-10k") as served:
        witness = Witness()
        witness.attach(served)
        bench = served.write(folder / "served.toml")
        text = bench.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        bench.write_text(text, encoding="utf-8")
        yield witness, bench


def strike(pid: int, number: int) -> float:
    """Send a signal and return when."""
    when = time.monotonic()
    os.kill(pid, number)
    return when


SIGNALS = {name: getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL", "SIGSEGV", "SIGSTOP")}
