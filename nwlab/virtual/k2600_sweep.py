"""The remote trigger model of one channel.

Theory of operation. `initiate` clears the detectors and starts a task, which walks the layers of the model:

    idle ─ SWEEPING ─► [arm] ─ ARMED ─► [source] level ─ SOURCE_COMPLETE ─► [measure] reading ─ MEASURE_COMPLETE ─►
        [endpulse] idle level or hold ─ PULSE_COMPLETE ─► next point … ─ SWEEP_COMPLETE ─► idle ─ IDLE

A name in brackets is a gate: the task waits there for the event that was chosen as its stimulus. Asynchronous
measurements walk beside it on their own. Source: Series 2600B reference manual 2600BS-901-01, "Remote trigger model".
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable
from dataclasses import dataclass

from nwlab.core.drive import Quantity
from nwlab.virtual.k2600_measure import Measuring
from nwlab.virtual.k2600_source import Source
from nwlab.virtual.port import Surroundings
from nwlab.virtual.tsp_buffers import ReadingBuffer
from nwlab.virtual.tsp_trigger import EventBus, Gate, Task, at_once

DISABLE, ENABLE, ASYNC = 0, 1, 2
IDLE, HOLD = 0, 1
_SHORTEST_POINT = 10e-6  # s; a sweep without delays still takes its time
_AUTORANGE = (5028, "Cannot perform requested operation while source autorange is enabled")

SWEEPING, ARMED, SOURCE_COMPLETE, MEASURE_COMPLETE, PULSE_COMPLETE, SWEEP_COMPLETE, TO_IDLE = range(7)
"""Events of a channel, counted from its first."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What a sweep plays: a list that begins again when it is too short."""

    quantity: Quantity
    values: list[float]


class Sweep:
    """Trigger settings of a channel, and the sweep that runs."""

    def __init__(
        self, world: Surroundings, bus: EventBus, source: Source, measuring: Measuring, first_event: int
    ) -> None:
        self._world, self._bus, self._source, self._measuring = world, bus, source, measuring
        self.first_event = first_event
        self.gates = {name: Gate(bus) for name in ("arm", "source", "measure", "endpulse")}
        self._tasks: list[Task] = []
        self._overlapped: list[Task] = []
        self.reset()

    def reset(self) -> None:
        """Stop and go to the defaults."""
        self.abort()
        for gate in self.gates.values():
            gate.clear()
            gate.stimulus = 0
        self.count = self.arm_count = 1
        self.autoclear = False
        self.levels: Levels | None = None
        self.source_action = self.measure_action = DISABLE
        self.end_pulse, self.end_sweep = HOLD, IDLE
        self.limit = {Quantity.VOLTAGE: 0.0, Quantity.CURRENT: 0.0}  # 0: the source's own
        self.functions, self.buffers = "i", dict[str, ReadingBuffer]()

    @property
    def running(self) -> bool:
        """Whether the channel is out of its idle layer."""
        return any(task.running for task in self._tasks)

    @property
    def measuring(self) -> bool:
        """Whether a measurement goes on by itself."""
        return any(task.running for task in self._overlapped)

    def initiate(self) -> None:
        """Leave the idle layer; refused with an error when the levels cannot be played."""
        if self.running or (top := self._range()) is None:
            return
        for gate in self.gates.values():
            gate.clear()
        for buffer in self.buffers.values() if self.measure_action else ():
            buffer.begin()
        self._tasks = [Task(self._world, self._play(top), self._end)]
        if self.measure_action == ASYNC:
            self._tasks.append(Task(self._world, self._measure_beside(), self._end))
        at_once(self._world, self._start)

    def set_limit(self, quantity: Quantity, limit: float) -> None:
        """Set the limit that acts at a sweep's levels; 0 stands for the source's own."""
        if limit == 0 or self._source.accepts_limit(quantity, limit):
            self.limit[quantity] = limit

    def overlap(self, functions: str, buffers: dict[str, ReadingBuffer]) -> None:
        """Start a measurement that goes on by itself."""
        for buffer in buffers.values():
            buffer.begin()
        self._overlapped = [task for task in self._overlapped if task.running]
        self._overlapped.append(Task(self._world, self._measuring.play(functions, buffers), lambda: None))
        self._overlapped[-1].go_on()

    def abort(self) -> None:
        """Return to idle at once, the source to the level that was set."""
        tasks, self._tasks = self._tasks, []
        for task in (*tasks, *self._overlapped):
            if task.running:
                task.cancel()
        if tasks:
            self._source.stop_playing()

    def fire(self, event: int) -> None:
        """Make one of the channel's events happen."""
        self._bus.fire(self.first_event + event)

    def _range(self) -> float | None:
        source = self._source
        if self.source_action == DISABLE:
            return source.present_range
        if self.levels is None or self.levels.quantity is not source.function:
            return source.present_range
        if source.auto[source.function] and self.limit[source.function.other]:
            source.refuse(*_AUTORANGE)
            return None
        return source.sweep_range(source.function, self.levels.values)

    def _play(self, top: float) -> Generator[float | Gate, None, None]:
        self.fire(SWEEPING)
        for _ in _rounds(self.arm_count):
            yield self.gates["arm"]
            if self.autoclear:
                self.gates["source"].clear()
            self.fire(ARMED)
            for index in _rounds(self.count):
                begun = self._world.now()
                yield from self._point(index, top)
                if self._world.now() <= begun:
                    yield _SHORTEST_POINT
            if self.source_action != DISABLE:
                self._source.stop_playing(hold=self.end_sweep == HOLD)
            self.fire(SWEEP_COMPLETE)

    def _point(self, index: int, top: float) -> Generator[float | Gate, None, None]:
        yield self.gates["source"]
        if self.source_action != DISABLE and self.levels is not None:
            level = self.levels.values[index % len(self.levels.values)]
            limited = self._source.function.other
            self._source.play(level, top, self.limit[limited] or self._source.limit[limited])
            if self._source.delay > 0:
                yield self._source.delay
        self.fire(SOURCE_COMPLETE)
        if self.measure_action != ASYNC:
            yield self.gates["measure"]
            if self.measure_action == ENABLE:
                yield from self._measuring.play(self.functions, self.buffers)
                self.fire(MEASURE_COMPLETE)
        yield self.gates["endpulse"]
        if self.end_pulse == IDLE:
            self._source.stop_playing()
        self.fire(PULSE_COMPLETE)

    def _measure_beside(self) -> Generator[float | Gate, None, None]:
        for _ in _rounds(self.count * self.arm_count):
            yield self.gates["measure"]
            begun = self._world.now()
            yield from self._measuring.play(self.functions, self.buffers)
            self.fire(MEASURE_COMPLETE)
            if self._world.now() <= begun:
                yield _SHORTEST_POINT

    def _start(self) -> None:
        for task in list(self._tasks):
            task.go_on()

    def _end(self) -> None:
        if not self.running:
            self._tasks = []
            self.fire(TO_IDLE)


def _rounds(count: int) -> Iterable[int]:
    return range(count) if count else itertools.count()
