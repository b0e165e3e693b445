"""An acquisition at 1 kHz that notes how late each sample came: python pacer.py FOLDER SECONDS [CHIP OF A TWIN].

It is what a driver does that polls its instrument: wait for the moment, take the sample, hand it on to the record.
Writes FOLDER/late.npy, (2, samples): s by which each sample came too late, and the monotonic time in s when it was on
record.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nwlab.core.clock import SystemClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.events import BlockArrived, Event, Outline
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading
from nwlab.core.record import RunInfo
from nwlab.lab.apart import environment
from nwlab.lab.places import find
from nwlab.lab.twin_link import TwinLink
from nwlab.runs import runner
from nwlab.twin.order import TwinOrder

RATE = 1e3  # Hz
FALSE = np.zeros((1, 1), np.bool_)


class Paced:
    """A chip of 31 kOhm whose samples come one by one: about what the stochastic chip is at 3.6 V."""

    def __init__(self) -> None:
        self.terminals, self.limits, self.clock = ("A", "B"), Limits(), SystemClock()
        self.late = list[float]()

    def apply(self, drive: Drive) -> Iterator[Reading]:
        begun = time.monotonic()
        for step, level in enumerate(drive.forces[0].levels):
            due = begun + step / RATE
            while (left := due - time.monotonic()) > 0:
                time.sleep(left)
            self.late.append(time.monotonic() - due)
            current = np.array([[level * 3.242e-5 * (1 + 2e-5 * np.random.default_rng(step).normal())]])
            middle = np.array([[(step + 0.5) / RATE]])
            yield Reading(
                begun, np.array([step / RATE]), middle, middle * 0 + 1e-3, np.array([[level]]), current, FALSE, FALSE
            )

    def close(self) -> None:
        pass


kept: list[float] = []


class Noting(runner.Store):
    def __call__(self, event: Event) -> None:
        super().__call__(event)
        if isinstance(event, BlockArrived):
            kept.append(time.monotonic())


def main(folder: Path, seconds: float, twin: str = "") -> None:
    steps = round(seconds * RATE)
    drive = Drive(np.full(steps, 1 / RATE), (Force(0, Quantity.VOLTAGE, np.full(steps, 3.6), 1e-3, low=1),))
    chip = Paced()
    runner.Store = Noting  # type: ignore[misc]
    links = [_twin(folder, twin)] if twin else []
    runner.record_run(
        (each for each in [drive]), chip, folder, RunInfo("paced"), outline=Outline(steps), listeners=links
    )
    np.save(folder / "late.npy", np.array([chip.late, kept]))


def _twin(folder: Path, chip: str) -> TwinLink:
    return TwinLink(TwinOrder(str(find("chip", chip).resolve())), folder, environment())


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:])
