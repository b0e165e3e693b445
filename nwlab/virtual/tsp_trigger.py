"""Trigger events, the detectors that wait for them, and what makes them: timers, blenders, generators.

Theory of operation. An event is a number. Whoever fires it reaches, at that moment, every detector whose stimulus it
is; a detector remembers the event until somebody consumes it. All of it happens in world time, by appointments.
Source: Series 2600B reference manual 2600BS-901-01, section "Triggering" and `trigger.*`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator

from nwlab.virtual.port import Appointment, Surroundings
from nwlab.virtual.tsp_errors import TOO_BIG, TOO_SMALL, ErrorQueue

_MOST_AT_ONCE = 10_000  # events in one instant; more means objects that trigger one another in a circle
SHORTEST_DELAY, SHORTEST_AVERAGE, LONGEST_DELAY = 8e-6, 50e-6, 100e3  # s


class EventBus:
    """Carries events to detectors, in the order they were fired."""

    def __init__(self) -> None:
        self._detectors: list[Detector] = []
        self._by_stimulus: dict[int, list[Detector]] = {}
        self._queue: deque[int] = deque()
        self._carrying = False

    def join(self, detector: Detector) -> None:
        """Let a detector hear events from now on."""
        self._detectors.append(detector)
        self.sort()

    def sort(self) -> None:
        """Take note that a stimulus has changed."""
        self._by_stimulus = {}
        for detector in self._detectors:
            if detector.stimulus:
                self._by_stimulus.setdefault(detector.stimulus, []).append(detector)

    def fire(self, event: int) -> None:
        """Make an event happen; events that follow from it happen after it, at the same time."""
        if event not in self._by_stimulus:
            return
        self._queue.append(event)
        if self._carrying:
            return
        self._carrying, carried = True, 0
        try:
            while self._queue and carried < _MOST_AT_ONCE:
                carried += 1
                for detector in self._by_stimulus.get(self._queue.popleft(), ()):
                    detector.detect()
        finally:
            self._queue.clear()
            self._carrying = False


def at_once(world: Surroundings, action: Callable[[], None]) -> None:
    """Do something at one single moment of world time, also where that runs on by itself."""
    world.at(world.now(), action)
    world.now()


class Detector:
    """Waits for the event that is its stimulus (0: for none); `noticed` runs when it comes."""

    def __init__(self, bus: EventBus, noticed: Callable[[], None] | None = None) -> None:
        self._bus, self._noticed = bus, noticed
        self._stimulus = 0
        self.detected = self.overrun = False
        bus.join(self)

    @property
    def stimulus(self) -> int:
        """Number of the event waited for."""
        return self._stimulus

    @stimulus.setter
    def stimulus(self, event: int) -> None:
        self._stimulus = event
        self._bus.sort()

    def detect(self) -> None:
        """Take the event, or one that a command simulates."""
        self.overrun = self.overrun or self.detected
        self.detected = True
        if self._noticed is not None:
            self._noticed()

    def consume(self) -> bool:
        """Tell whether the event has come, and wait for the next."""
        detected, self.detected = self.detected, False
        return detected

    def clear(self) -> None:
        """Forget what was detected."""
        self.detected = self.overrun = False


class Gate(Detector):
    """A detector that a task may wait at."""

    def __init__(self, bus: EventBus) -> None:
        super().__init__(bus, self._open)
        self.waiter: Callable[[], None] | None = None

    def passes(self) -> bool:
        """Tell whether a task may go on: without a stimulus always, else once per event."""
        return self.consume() or not self.stimulus

    def _open(self) -> None:
        waiter, self.waiter = self.waiter, None
        if waiter is not None:
            self.detected = False
            waiter()


class Task:
    """Something that goes on in world time by itself: a generator of seconds to let pass and gates to wait at."""

    def __init__(
        self, world: Surroundings, steps: Generator[float | Gate, None, object], ended: Callable[[], None]
    ) -> None:
        self._world, self._steps, self._ended = world, steps, ended
        self._appointment: Appointment | None = None
        self._gate: Gate | None = None
        self.running = True

    def go_on(self) -> None:
        """Continue until something must be waited for."""
        self._appointment = self._gate = None
        while self.running:
            try:
                awaited = next(self._steps)
            except StopIteration:
                self.running = False
                self._ended()
                return
            if isinstance(awaited, Gate):
                if not awaited.passes():
                    self._gate, awaited.waiter = awaited, self.go_on
                    return
            elif awaited > 0:
                self._appointment = self._world.at(self._world.now() + awaited, self.go_on)
                return

    def cancel(self) -> None:
        """End it here."""
        self.running = False
        if self._appointment is not None:
            self._appointment.cancel()
        if self._gate is not None:
            self._gate.waiter = None
        self._steps.close()


class Timer:
    """`trigger.timer[N]`: makes its event a while after its stimulus, as often as asked."""

    def __init__(self, world: Surroundings, bus: EventBus, event: int) -> None:
        self._world, self._bus, self.event = world, bus, event
        self.detector = Detector(bus, self._start)
        self._appointment: Appointment | None = None
        self._left, self._due = 0, 0.0
        self.set_delays([10e-6])
        self.count, self.passthrough = 1, False

    def set_delays(self, delays: list[float]) -> None:
        """Use these delays in turn, over all starts, beginning with the first."""
        self.delays, self._index = delays, 0

    def reset(self) -> None:
        """Stop and go to the defaults."""
        self.stop()
        self.detector.clear()
        self.detector.stimulus = 0
        self.set_delays([10e-6])
        self.count, self.passthrough = 1, False

    def stop(self) -> None:
        """Make no further event."""
        if self._appointment is not None:
            self._appointment.cancel()
            self._appointment = None

    def _start(self) -> None:
        self.detector.detected = False
        if self._appointment is not None:
            self.detector.overrun = True
            return
        self._left, self._due = self.count, self._world.now()
        self._arrange()
        if self.passthrough:
            self._bus.fire(self.event)

    def _arrange(self) -> None:
        self._due += self.delays[self._index % len(self.delays)]
        self._index += 1
        self._appointment = self._world.at(self._due, self._elapsed)

    def _elapsed(self) -> None:
        self._appointment = None
        self._left -= 1
        if self._left != 0:  # a count of 0 never gets there: endless
            self._arrange()
        self._bus.fire(self.event)


class Blender:
    """`trigger.blender[N]`: makes its event when all of its stimuli have come, or any of them."""

    def __init__(self, bus: EventBus, event: int, inputs: int = 4) -> None:
        self._bus, self.event = bus, event
        self.any = False
        self.inputs = [Detector(bus, self._noticed) for _ in range(inputs)]

    def reset(self) -> None:
        """Go to the defaults."""
        self.any = False
        for detector in self.inputs:
            detector.clear()
            detector.stimulus = 0

    def _noticed(self) -> None:
        connected = [detector for detector in self.inputs if detector.stimulus]
        if self.any or all(detector.detected for detector in connected):
            for detector in connected:
                detector.detected = False
            self._bus.fire(self.event)


def checked_delays(errors: ErrorQueue, delays: list[float]) -> list[float] | None:
    """Return the delays of a timer on its grid of 1 µs, or note why they cannot be."""
    shortest = SHORTEST_AVERAGE if len(delays) > 1 else SHORTEST_DELAY
    if not delays or min(delays) < SHORTEST_DELAY * (1 - 1e-9) or sum(delays) / len(delays) < shortest * (1 - 1e-9):
        errors.put(TOO_SMALL)
        return None
    if max(delays) > LONGEST_DELAY:
        errors.put(TOO_BIG)
        return None
    return [round(delay * 1e6) * 1e-6 for delay in delays]
