"""A served virtual bench, a control program that drives it, and a witness that notes when what was put out."""

from __future__ import annotations

import json
import os
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

import numpy as np

from nwlab.lab.serving import ServedBench
from nwlab.virtual.k2600_source import ON
from nwlab.virtual.port import Output

OHM = 10e3
SUBJECT = Path(__file__).with_name("subject.py")
PROTOCOL = """
name = "long"
use = ["steps.py"]
[parameters]
fail = { value = 0, min = 0 }
lock = { value = 0, min = 0 }
[[step]]
do = "long_hold"
source = "A"
sink = "B"
fail = "$fail"
lock = "$lock"
"""
STEPS = """
import threading
import time
from pathlib import Path

import numpy as np
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol.kinds import Terminal


def long_hold(source: Terminal, sink: Terminal, fail: int, lock: int):
    for index in range(1 if not fail else fail + 1):
        steps = 6000 if not fail else 30
        count = np.arange(steps * index, steps * (index + 1))
        force = Force(source, Quantity.VOLTAGE, 0.5 + count * 389 % 997 / 1994, 5e-4, low=sink)
        yield Drive(np.full(steps, 0.01), (force,), hold=bool(fail))
        if lock and index == fail - 1:
            Path("raised").write_text(repr(time.monotonic()))
            taken = threading.Lock()
            taken.acquire()
            taken.acquire(timeout=lock)
        elif fail and index == fail - 1:
            Path("raised").write_text(repr(time.monotonic()))
            raise RuntimeError("the protocol has a fault")
"""


def levels(count: int) -> np.ndarray:
    """The V that the protocol above forces, sample by sample: 0.5 V … 1 V, a thousand different ones, (count,)."""
    return 0.5 + np.arange(count) * 389 % 997 / 1994


@dataclass
class Witness:
    """Notes every change of what a channel puts out and of the relays, with the computer's time."""

    outputs: list[tuple[float, str, Output | None]] = field(default_factory=list)
    relays: list[tuple[float, int]] = field(default_factory=list)
    hot: list[str] = field(default_factory=list)  # relays that moved while a level stood
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
            standing = self.standing(time.monotonic())
            self.hot += [f"{len(closed)} closed while {standing} V stood"] if abs(standing) > 1e-2 else []
            set_crosspoints(matrix, closed)
            self.relays.append((time.monotonic(), len(closed)))

        world.force, world.set_crosspoints = forced, moved  # type: ignore[method-assign]

    def standing(self, when: float) -> float:
        """Return the V that channel a put out at that moment; off, it is a source of 0 V or none at all."""
        before = [output for moment, channel, output in tuple(self.outputs) if moment <= when and channel == "a"]
        return before[-1].level if before and before[-1] is not None else 0.0

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
        return all(smu.source.output != ON for smu in self.smus)

    def relays_open(self) -> bool:
        """What the virtual matrix conducts."""
        return bool(self.relays) and self.relays[-1][1] == 0


class Trial:
    """One control program on the served bench."""

    def __init__(self, folder: Path, bench: Path, *words: str, hung: float = 60.0) -> None:
        folder.mkdir(parents=True)
        (folder / "long.toml").write_text(PROTOCOL, encoding="utf-8")
        (folder / "steps.py").write_text(STEPS, encoding="utf-8")
        self.folder = folder
        self._told: list[np.ndarray] = []  # (2, samples) of each block that was acknowledged
        command = [sys.executable, str(SUBJECT), str(hung), "run", "long.toml", "--bench", str(bench), *words]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self._complaints: list[bytes] = []
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._collect)]
        for thread in self._threads:
            thread.start()

    @property
    def acknowledged(self) -> np.ndarray:
        """V and A of every sample that the control program had in its record, (2, samples)."""
        return np.concatenate([np.empty((2, 0)), *self._told], axis=1)

    def wait_until_measuring(self, samples: int = 20, patience: float = 30.0) -> None:
        end = time.monotonic() + patience
        while self.acknowledged.shape[1] < samples:
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

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b"[[") and line.endswith(b"]]\n"):  # not torn by the death
                self._told.append(np.array(json.loads(line)))

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
