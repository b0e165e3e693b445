"""A run at 1 kHz that never ends: blocks as they would come, with what a twin expects of them."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field

import numpy as np

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, Expected, RunStarted
from nwlab.core.reading import Reading
from nwlab.live.plots.plots import PlotArea
from nwlab.live.scene.scene import Scene

RATE = 1000.0  # samples per s, of each line
FRAME = 33  # samples of each line that come between two frames at 30 Hz
_LONGEST = 100_000  # steps of a drive


@dataclass
class Stream:
    """A scene that grows; its lines are noisy all over their plots, so that there is much to be painted."""

    lines: int
    expected: bool = True
    scene: Scene = field(default_factory=Scene)
    samples: int = 0
    _drive: int = -1
    _first: int = _LONGEST
    _noise: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def __post_init__(self) -> None:
        self.scene.take(RunStarted(tuple(f"T{number}" for number in range(self.lines + 1))))
        level = 0.5 * np.sign(np.sin(np.arange(_LONGEST) / 150.0)) + 0.01
        forces = tuple(Force(line, Quantity.VOLTAGE, level, 1e-3, low=self.lines) for line in range(self.lines))
        self._played = Drive(np.full(_LONGEST, 1 / RATE), forces)
        self._level = level

    def grow(self, count: int) -> None:
        """Take `count` more samples of each line."""
        while count:
            if self._first == _LONGEST:
                self._drive, self._first = self._drive + 1, 0
                self.scene.take(DriveStarted(self._drive, self._played, "hold"))
            portion = min(count, _LONGEST - self._first, 10_000)
            self._block(portion)
            count, self._first, self.samples = count - portion, self._first + portion, self.samples + portion

    def _block(self, count: int) -> None:
        steps = np.arange(self._first, self._first + count)
        voltage = np.repeat(self._level[steps][:, None], self.lines, axis=1)
        mean = voltage * 1e-5 * np.arange(1, self.lines + 1)
        current = mean * (1 + 0.1 * self._noise.normal(size=voltage.shape))
        onset = steps / RATE
        no = np.zeros(voltage.shape, np.bool_)
        middle = np.repeat((onset + 0.5 / RATE)[:, None], self.lines, axis=1)
        start = self._drive * _LONGEST / RATE
        reading = Reading(start, onset, middle, np.full(voltage.shape, 1e-4), voltage, current, no, no)
        self.scene.take(BlockArrived(self._drive, self._first, reading))
        if self.expected:
            self.scene.take(Expected(self._drive, self._first, mean, 0.1 * np.abs(mean)))


@dataclass
class Frames:
    """How long frames took, in ms: of the thread's own time, and on the wall."""

    own: array[float] = field(default_factory=lambda: array("d"))
    wall: array[float] = field(default_factory=lambda: array("d"))

    def take(self, stream: Stream, plots: PlotArea) -> None:
        """Let what belongs to one frame come, and paint it."""
        from PySide6.QtWidgets import QApplication

        wall, own = time.perf_counter(), time.thread_time()
        stream.grow(FRAME)
        plots.show_scene(stream.scene)
        QApplication.processEvents()
        self.own.append(1e3 * (time.thread_time() - own))
        self.wall.append(1e3 * (time.perf_counter() - wall))

    @property
    def p95(self) -> float:
        """What 95 % of the frames stayed below, of the thread's own time."""
        return float(np.percentile(self.own, 95))

    def __str__(self) -> str:
        told = (f"{np.median(each):.1f} / {np.percentile(each, 95):.1f}" for each in (self.own, self.wall))
        return "median / p95 of a frame: {} ms of its thread, {} ms on the wall".format(*told)
