"""Events, timers, blenders, generators: what triggers what (2600BS-901-01, "Triggering").

Theory of operation. An event is a number that fires at a moment of world time. Everything that waits for a stimulus is
a Listener; the bus keeps, for each event, who listens. A detector remembers one event until it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nwlab.virtual.interim.tsp_errors import RefusedError
from nwlab.virtual.interim.tsp_lua import Branch, Getter, Setter
from nwlab.virtual.port import Appointment, Surroundings

COMMAND_EVENT = 29
"""`trigger.EVENT_ID`: `*TRG` or a bus trigger."""
BLENDERS, TIMERS, GENERATORS = 6, 8, 2
_BLENDER_EVENT, _TIMER_EVENT, _GENERATOR_EVENT = 30, 60, 70
DELAY_LIMITS = (8e-6, 100_000.0)
LARGEST_COUNT = 1_048_575


class Listener(Protocol):
    """Whatever can be a stimulus' target."""

    def notice(self, event: int) -> None:
        """An event that is listened to has fired."""
        ...


class Bus:
    """Who listens to which event."""

    def __init__(self) -> None:
        self._listeners: dict[int, list[Listener]] = {}

    def fire(self, event: int) -> None:
        """Let an event happen."""
        for listener in tuple(self._listeners.get(event, ())):
            listener.notice(event)

    def listen(self, listener: Listener, event: int, before: int = 0) -> None:
        """Listen to an event instead of the one before; 0 = to none."""
        if before:
            self._listeners[before].remove(listener)
        if event:
            self._listeners.setdefault(event, []).append(listener)


class Stimulus:
    """One stimulus input: an event number that scripts read and set."""

    def __init__(self, bus: Bus, listener: Listener) -> None:
        self._bus, self._listener = bus, listener
        self.event = 0

    def set(self, event: float) -> None:
        """Listen to another event."""
        self._bus.listen(self._listener, int(event), self.event)
        self.event = int(event)

    def attribute(self) -> tuple[Getter, Setter]:
        """Return what a Branch needs."""
        return lambda: self.event, self.set


class Detector:
    """Remembers one event until it is used; tells whoever waits."""

    def __init__(self, bus: Bus) -> None:
        self.stimulus = Stimulus(bus, self)
        self.latched = False
        self.waiting: Callable[[], None] | None = None

    def notice(self, event: int) -> None:
        """Latch, or let the one who waits go on."""
        self.latched = True
        if self.waiting:
            self.go()

    def go(self) -> None:
        """Use the event."""
        self.latched, waiting, self.waiting = False, self.waiting, None
        if waiting:
            waiting()

    def when_ready(self, action: Callable[[], None]) -> None:
        """Run `action` at once without a stimulus or with a latched event, else when it fires."""
        if self.stimulus.event == 0:
            action()
            return
        self.waiting = action
        if self.latched:
            self.go()

    def clear(self) -> None:
        """Forget."""
        self.latched, self.waiting = False, None


class Timer:
    """`trigger.timer[N]`."""

    def __init__(self, bus: Bus, world: Surroundings, number: int) -> None:
        self.event = _TIMER_EVENT + number
        self._bus, self._world = bus, world
        self._next: Appointment | None = None
        self.stimulus = Stimulus(bus, self)
        self._delays: tuple[float, ...] = (10e-6,)
        self._count, self._passthrough = 1, False
        self._fired, self._due = 0, 0.0
        self.happened = False

    def reset(self) -> None:
        """Stop and return to the settings after power-on."""
        self.stop()
        self.stimulus.set(0)
        self._delays, self._count, self._passthrough = (10e-6,), 1, False

    def stop(self) -> None:
        """Forget what is due."""
        if self._next:
            self._next.cancel()
        self._next, self.happened = None, False

    def notice(self, event: int) -> None:
        """Start, unless it runs already."""
        if self._next:
            return
        self._fired, self._due = 0, self._world.now()
        if self._passthrough:
            self._fire()
        self._arm()

    def branch(self, guarded: Callable[[Callable[..., None]], Callable[..., None]]) -> Branch:
        """Describe it as a table of the name space."""
        return Branch(
            attributes={
                "delay": (lambda: self._delays[0], guarded(self._set_delay)),
                "delaylist": (lambda: None, guarded(self._set_delays)),
                "count": (lambda: self._count, guarded(self._set_count)),
                "passthrough": (lambda: self._passthrough, lambda value: setattr(self, "_passthrough", bool(value))),
                "stimulus": self.stimulus.attribute(),
                "EVENT_ID": (lambda: self.event, None),
                "overrun": (lambda: False, None),
            },
            functions={"reset": self.reset, "clear": self._clear, "wait": self._wait},
        )

    def _arm(self) -> None:
        if self._count and self._fired >= self._count:
            self._next = None
            return
        self._due += self._delays[self._fired % len(self._delays)]
        self._next = self._world.at(self._due, self._elapsed)

    def _elapsed(self) -> None:
        self._fired += 1
        # The next is made first: an event at the same moment as its start must find the timer running.
        self._arm()
        self._fire()

    def _fire(self) -> None:
        self.happened = True
        self._bus.fire(self.event)

    def _clear(self) -> None:
        self.happened = False

    def _wait(self, timeout: float) -> bool:
        end = self._world.now() + float(timeout)
        while not self.happened and self._world.now() < end:
            self._world.wait(min(1e-3, end - self._world.now()))
        happened, self.happened = self.happened, False
        return happened

    def _set_delay(self, delay: float) -> None:
        self._delays = (_delay(delay),)

    def _set_delays(self, delays: object) -> None:
        values = tuple(_delay(delay) for delay in delays.values())  # type: ignore[attr-defined]
        if not values:
            raise RefusedError(-109)
        self._delays = values

    def _set_count(self, count: float) -> None:
        if not 0 <= count <= LARGEST_COUNT:
            raise RefusedError(1101 if count > 0 else 1102)
        self._count = int(count)


def _delay(value: float) -> float:
    low, high = DELAY_LIMITS
    if not low <= value <= high:
        raise RefusedError(1101 if value > high else 1102)
    return float(value)


class Blender:
    """`trigger.blender[N]`: fires on any of its stimuli, or once all have come."""

    def __init__(self, bus: Bus, number: int) -> None:
        self.event = _BLENDER_EVENT + number
        self._bus = bus
        self._inputs = [Stimulus(bus, self) for _ in range(4)]
        self._any = True
        self._seen: set[int] = set()

    def reset(self) -> None:
        """Return to the settings after power-on."""
        for stimulus in self._inputs:
            stimulus.set(0)
        self._any = True
        self._seen.clear()

    def notice(self, event: int) -> None:
        """Count it."""
        self._seen.add(event)
        if self._any or {each.event for each in self._inputs if each.event} <= self._seen:
            self._seen.clear()
            self._bus.fire(self.event)

    def branch(self) -> Branch:
        """Describe it as a table of the name space."""
        stimuli = Branch(
            items=(
                lambda index: self._inputs[int(index) - 1].event,
                lambda index, event: self._inputs[int(index) - 1].set(event),
            )
        )
        return Branch(
            attributes={
                "orenable": (lambda: self._any, lambda value: setattr(self, "_any", bool(value))),
                "EVENT_ID": (lambda: self.event, None),
                "overrun": (lambda: False, None),
            },
            functions={"reset": self.reset, "clear": self._seen.clear},
            children={"stimulus": stimuli},
        )


class TriggerSystem:
    """Everything below `trigger`."""

    def __init__(self, world: Surroundings) -> None:
        self.bus, self._world = Bus(), world
        self._timers = [Timer(self.bus, world, number) for number in range(1, TIMERS + 1)]
        self._blenders = [Blender(self.bus, number) for number in range(1, BLENDERS + 1)]

    def command(self) -> None:
        """A bus trigger came."""
        self._happen(COMMAND_EVENT)

    def reset(self) -> None:
        """Return everything to the settings after power-on."""
        for part in (*self._timers, *self._blenders):
            part.reset()

    def branch(self, guarded: Callable[[Callable[..., None]], Callable[..., None]]) -> Branch:
        """Describe `trigger`."""
        return Branch(
            attributes={"EVENT_ID": (lambda: COMMAND_EVENT, None)},
            functions={"clear": lambda: None},
            children={
                "timer": Branch(children={i: timer.branch(guarded) for i, timer in enumerate(self._timers, 1)}),
                "blender": Branch(children={i: blender.branch() for i, blender in enumerate(self._blenders, 1)}),
                "generator": Branch(children={i: self._generator(i) for i in range(1, GENERATORS + 1)}),
            },
        )

    def _happen(self, event: int) -> None:
        """Fire by appointment, so that world time stands still while one event sets off the next."""
        self._world.at(self._world.now(), lambda: self.bus.fire(event))

    def _generator(self, number: int) -> Branch:
        event = _GENERATOR_EVENT + number
        return Branch(attributes={"EVENT_ID": (lambda: event, None)}, functions={"assert": lambda: self._happen(event)})
