"""Runs for tests of the plots: events of resistors between terminals and the last one, with what a twin would say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.events import BlockArrived, DriveFinished, DriveStarted, Event, Expected, Noted, RunStarted
from nwlab.core.reading import Reading
from nwlab.live.scene.scene import Scene


@dataclass(frozen=True)
class Experiment:
    """Drives of `steps` steps at `level` V, one after the other with rests between; line i has (i + 1) times 10 µS."""

    lines: int = 1
    drives: int = 1
    steps: int = 100
    dwell: float = 1e-3  # s
    rest: float = 0.5  # s
    level: float = 0.5  # V
    block: int = 50
    expected: bool = False
    limited: tuple[int, int] | None = None  # steps of the first drive that are in compliance
    noise: float = 0.0  # of conductance, relative

    def __iter__(self) -> Iterator[Event]:
        yield RunStarted(tuple(f"T{number}" for number in range(self.lines + 1)))
        start = 3.0
        for index in range(self.drives):
            yield from self._drive(index, start)
            start += self.steps * self.dwell + self.rest

    def _drive(self, index: int, start: float) -> Iterator[Event]:
        levels = np.full(self.steps, self.level)
        forces = tuple(Force(line, Quantity.VOLTAGE, levels, 1e-3, low=self.lines) for line in range(self.lines))
        drive = Drive(np.full(self.steps, self.dwell), forces)
        yield DriveStarted(index, drive, "step")
        voltage = np.full((self.steps, self.lines), self.level)
        noise = np.random.default_rng(index).normal(size=voltage.shape)
        mean = voltage * self.conductances
        current = mean * (1 + self.noise * noise)
        for first in range(0, self.steps, self.block):
            part = slice(first, min(first + self.block, self.steps))
            yield BlockArrived(index, first, self._reading(index, start, part, voltage[part], current[part]))
            if self.expected:
                yield Expected(index, first, mean[part], 0.05 * mean[part])
        yield DriveFinished(index)

    @property
    def conductances(self) -> FloatArray:
        """S; (lines,)."""
        return 1e-5 * np.arange(1, self.lines + 1)

    def _reading(self, index: int, start: float, part: slice, voltage: FloatArray, current: FloatArray) -> Reading:
        onset = np.arange(part.start, part.stop) * self.dwell
        flags = np.zeros(voltage.shape, np.bool_)
        limited = flags.copy()
        if self.limited is not None and index == 0:
            steps = np.arange(part.start, part.stop)
            limited[(steps >= self.limited[0]) & (steps < self.limited[1])] = True
        middle = (onset + self.dwell / 2)[:, None] + np.zeros((1, self.lines))
        return Reading(start, onset, middle, np.full(voltage.shape, 1e-4), voltage, current, limited, flags)


def scene_of(events: Iterable[Event]) -> Scene:
    """Return a scene that has taken all events."""
    scene = Scene()
    for event in events:
        scene.take(event)
    return scene


def noted(scene: Scene, kind: str, text: str) -> None:
    """Let something happen now."""
    scene.take(Noted(kind, {"text": text}))
