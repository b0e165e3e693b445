"""A run as an onlooker keeps it: every driven pair of terminals, bounded, however long the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nwlab.core.drive import Drive
from nwlab.core.envelope import Envelope
from nwlab.core.events import BlockArrived, DriveStarted, Event, RunStarted
from nwlab.core.reading import Reading, join
from nwlab.plot.watched_pair import BINS, WatchedPair

_WAITING = 4096
"""Samples that may wait before they are taken in together: one by one they would cost fifty times as much."""


class WatchedRun:
    """Takes events; what it holds is up to date after `settle`."""

    def __init__(self) -> None:
        self.limited = Envelope(BINS)
        """1 where any pair was in compliance."""
        self._terminals: tuple[str, ...] = ()
        self._pairs: dict[tuple[int, int | None], WatchedPair] = {}
        self._drive: Drive | None = None
        self._index = -1  # of it
        self._driven: list[WatchedPair] = []  # of the present drive, in the order of its forces
        self._waiting: list[tuple[int, Reading]] = []
        self._samples = 0  # that wait
        self._origin: float | None = None  # s on the chip's clock: start of the first drive

    @property
    def pairs(self) -> Sequence[WatchedPair]:
        """Every pair that was driven so far, in the order in which they came."""
        return list(self._pairs.values())

    def take(self, event: Event) -> None:
        """Take one event."""
        match event:
            case RunStarted():
                self._terminals = event.terminals
            case DriveStarted():
                self._start(event.drive)
                self._index = event.index
            case BlockArrived() if event.index == self._index:  # an onlooker that is too slow is not told of all drives
                self._waiting.append((event.first, event.reading))
                self._samples += event.reading.steps
                if self._samples >= _WAITING:
                    self.settle()
            case _:
                pass

    def settle(self) -> None:
        """Take in what waits."""
        waiting, self._waiting, self._samples = self._waiting, [], 0
        drive = self._drive
        if drive is None or not waiting:
            return
        steps = np.concatenate([np.arange(first, first + reading.steps) for first, reading in waiting])
        reading = join(reading for _, reading in waiting)
        self._origin = reading.start if self._origin is None else self._origin
        end = reading.onset + drive.dwell[steps]
        for column, (pair, force) in enumerate(zip(self._driven, drive.forces, strict=True)):
            pair.take(column, reading, force.levels[steps], end, self._origin)
        limited = reading.in_compliance.any(axis=1)
        if limited.any():
            begun = reading.start - self._origin
            self.limited.add(begun + reading.onset[limited], begun + end[limited], np.ones(int(limited.sum())))

    def _start(self, drive: Drive) -> None:
        self.settle()
        self._drive = drive
        for pair in self._driven:
            pair.is_driven = False
        self._driven = [self._pair(force.terminal, force.low) for force in drive.forces]
        for pair, force in zip(self._driven, drive.forces, strict=True):
            pair.drive(force)

    def _pair(self, high: int, low: int | None) -> WatchedPair:
        if (high, low) not in self._pairs:
            names = self._terminals
            self._pairs[high, low] = WatchedPair(names[high] if low is None else f"{names[high]} → {names[low]}")
        return self._pairs[high, low]
