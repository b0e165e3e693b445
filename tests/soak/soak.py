"""A night on a bench with a bad wire: hours of experiment time on the virtual clock, recorded like any run.

python3 tasks.py soak [--hours 12] [--samples 10000000] [--out FOLDER]

Random recoverable faults strike (`faults.toml`). The run must finish, its memory stay flat, and its record hold every
sample once: at its index, at its time, with its value. What really struck is told at the end; in a long run every kind
of fault must have, and links must have asked again.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from peak import size

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.events import DriveFinished, Event, Outline
from nwlab.core.reading import Reading, join
from nwlab.core.record import BLOCKS, RunInfo
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import open_bench
from nwlab.runs.player import Drives
from nwlab.runs.recording import Run
from nwlab.runs.runner import record_run
from nwlab.virtual.faults import FaultScript

FAULTS = Path(__file__).with_name("faults.toml")
LONGEST = 60_000  # samples per drive: what the instrument's buffers hold
OHM = 10e3
TICK = 1e-6  # s
PERIOD = 997
"""Levels before they repeat: a prime, so that a sample in the wrong place has the wrong value in every drive."""
STAMP = 3 * TICK  # s: how well a time stamp tells when a level began
LEVEL_ERROR, CURRENT_ERROR = 1e-3, 1e-6  # V, A: more than the instrument states, far less than to the next level
LONG = 2_500_000
"""Samples from which on each kind of fault must have struck: ten strikes of the rarest are expected in so many."""
GROWTH = 32.0  # MB that the process may grow by after a tenth of the run


def levels(first: int, count: int) -> FloatArray:
    """Levels of samples `first` …, V; (count,). Neighbours differ by 0.35 V or more."""
    index = np.arange(first, first + count)
    return 0.1 + 0.9 * (index % PERIOD * 389 % PERIOD) / PERIOD


@dataclass(frozen=True)
class Length:
    """How long a run is."""

    samples: int
    hours: float

    @property
    def dwell(self) -> float:
        """S of one sample, on the instrument's grid."""
        return np.ceil(self.hours * 3600 / self.samples / TICK) * TICK

    def drives(self) -> Drives:
        """Yield the drives; every other one passes its last level on to the next."""
        for number, first in enumerate(range(0, self.samples, LONGEST)):
            count = min(LONGEST, self.samples - first)
            force = Force(0, Quantity.VOLTAGE, levels(first, count), 5e-4, low=1)
            hold = number % 2 == 0 and first + count < self.samples
            yield Drive(np.full(count, self.dwell), (force,), hold=hold)


class Watch:
    """Listens to the run: how much memory the process has after each drive, and how fast it goes."""

    def __init__(self, chip: OpenChip, length: Length) -> None:
        self.memory: list[tuple[int, float]] = []  # samples so far, MB
        self._chip, self._length, self._since = chip, length, time.perf_counter()

    def __call__(self, event: Event) -> None:
        if not isinstance(event, DriveFinished):
            return
        done = min((event.index + 1) * LONGEST, self._length.samples)
        self.memory.append((done, size("VmRSS")))
        passed = time.perf_counter() - self._since
        hours = self._chip.clock.now() / 3600
        print(
            f"{done:>9} samples, {hours:6.3f} h of experiment, {passed:7.1f} s, {done / passed:6.0f} samples/s, "
            f"{self.memory[-1][1]:.1f} MB, {sum(struck(self._chip).values())} faults",
            flush=True,
        )

    @property
    def growth(self) -> float:
        """MB between a tenth of the run and its end, at the most."""
        settled = [size for done, size in self.memory if done >= self._length.samples / 10]
        return max(settled) - settled[0]


def struck(chip: OpenChip) -> Counter[str]:
    """How many faults of which kind really struck."""
    assert chip.table is not None
    assert chip.table.faults is not None
    return Counter(f"{strike.fault} at {strike.at}" for strike in chip.table.faults.log)


def link_counts(chip: OpenChip) -> dict[str, dict[str, int]]:
    """What the links did about them, by instrument."""
    assert chip.bench is not None
    equipment = chip.bench._equipment
    links = {name: each.link for name, each in (*equipment.smus.items(), *equipment.matrices.items())}  # type: ignore[attr-defined]
    return {
        name: {"retries": link.retries, "resyncs": link.resyncs, "strays": link.strays} for name, link in links.items()
    }


def spared(faults: FaultScript, length: Length, links: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return what a long run was spared, and so has not proven; a short one is not asked."""
    if length.samples < LONG:
        return []
    struck = {(strike.at, strike.fault) for strike in faults.log}
    never = sorted({(fault.at, fault.do) for fault in faults.faults} - struck)
    told = [f"no {do!r} struck {at}: the run proves nothing about it" for at, do in never]
    return told if any(counts["retries"] for counts in links.values()) else [*told, "no question was asked again"]


def play(chip: OpenChip, length: Length, out: Path) -> tuple[Run, Watch]:
    """Play and record all of it."""
    watch = Watch(chip, length)
    info = RunInfo("soak", chip.about.documents, identities=chip.about.identities)
    return record_run(length.drives(), chip, out, info, subscribers=(watch,), outline=Outline(length.samples)), watch


def audit(run: Run, length: Length) -> list[str]:
    """Return what is wrong with a record; nothing when every sample is there once, in its place, with its value."""
    wrong = [] if run.status == "finished" else [f"the run ended as {run.status}: {run.reason}"]
    if run.samples != length.samples or run.dropped:
        wrong.append(f"{run.samples} of {length.samples} samples; {run.dropped}")
    first, end = 0, -np.inf
    with (run.path / BLOCKS).open("rb") as file:
        for played, drive in zip(run.drives, length.drives(), strict=True):
            reading = join(played.read_blocks(file))
            wrong += [f"drive {played.index}: {text}" for text in of_drive(drive, reading, levels(first, drive.steps))]
            if reading.start < end:
                wrong.append(f"drive {played.index} began before the last one had ended")
            first, end = first + drive.steps, reading.start + drive.duration
    if first != length.samples:
        wrong.append(f"{first} samples were checked, not {length.samples}")
    return wrong


def of_drive(drive: Drive, reading: Reading, wanted: FloatArray) -> Iterator[str]:
    """Yield what is wrong with one drive's samples; `wanted` are the levels that must have stood, V."""
    if reading.steps != drive.steps:
        yield f"{reading.steps} of {drive.steps} samples"
        return
    onset = np.arange(drive.steps) * float(drive.dwell[0])
    checks = {
        "times": np.abs(reading.onset - onset) > STAMP,
        "order of times": np.concatenate([[False], np.diff(reading.time[:, 0]) <= 0]),
        "voltages": ~(np.abs(reading.voltage[:, 0] - wanted) <= LEVEL_ERROR),
        "currents": ~(np.abs(reading.current[:, 0] - wanted / OHM) <= CURRENT_ERROR),
        "flags": reading.in_compliance[:, 0] | reading.overflow[:, 0],
    }
    for name, bad in checks.items():
        if bad.any():
            yield f"{name} of {bad.sum()} samples are wrong, the first at step {int(bad.argmax())}"


def main(arguments: list[str] | None = None) -> int:
    """Run, check, tell; 0 when everything was as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=12.0, help="of experiment time; samples go with it")
    parser.add_argument("--samples", type=int, help="how many; 10 million in 12 hours unless said")
    parser.add_argument("--out", type=Path, help="where the record stays; else it is thrown away")
    options = parser.parse_args(arguments)
    length = Length(options.samples or max(round(options.hours / 12 * 10_000_000), 1), options.hours)
    logging.getLogger("nwlab").setLevel(logging.ERROR)  # each stray line is counted below
    with ExitStack() as stack:
        out = options.out or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "soak"
        return 0 if night(length, out) else 1


def night(length: Length, out: Path) -> bool:
    """Play, check and tell; whether everything was as it must be."""
    since = time.perf_counter()
    with open_bench("virtual", chip="resistor-10k", seed=1, faults=FAULTS) as chip:
        run, watch = play(chip, length, out)
        passed, hours = time.perf_counter() - since, chip.clock.now() / 3600
        told = {
            "samples": run.samples,
            "drives": len(run.drives),
            "hours of experiment": round(hours, 4),
            "wall time, s": round(passed, 1),
            "samples/s": round(run.samples / passed),
            "peak memory while it ran, MB": round(size("VmHWM"), 1),
            "growth after a tenth, MB": round(watch.growth, 1),
            "faults": dict(sorted(struck(chip).items())),
            "links": link_counts(chip),
        }
        assert chip.table is not None
        assert chip.table.faults is not None
        wrong = audit(run, length) + spared(chip.table.faults, length, link_counts(chip))
    if hours < length.hours:
        wrong.append(f"only {hours} h of experiment")
    if watch.growth > GROWTH:
        wrong.append(f"the process grew by {watch.growth:.1f} MB")
    print(json.dumps(told | {"wrong": wrong}, indent=2))
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
