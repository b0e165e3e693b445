"""The trigger model of one SMU channel: arm layer, then source, measure, end of pulse, again and again.

Source: 2600BS-901-01, "Triggering SMUs". Each action waits for its stimulus; one of 0 does not wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nwlab.virtual.interim.k2600_buffer import Buffer
from nwlab.virtual.interim.tsp_errors import RefusedError
from nwlab.virtual.interim.tsp_lua import Branch, Getter, Setter
from nwlab.virtual.interim.tsp_trigger import Bus, Detector
from nwlab.virtual.port import Appointment, Surroundings

DISABLE, ENABLE, ASYNC = 0, 1, 2
SOURCE_IDLE, SOURCE_HOLD = 0, 1
LIMIT_AUTO = -1
EVENTS = ("SWEEPING", "ARMED", "SOURCE_COMPLETE", "MEASURE_COMPLETE", "PULSE_COMPLETE", "SWEEP_COMPLETE", "IDLE")
FIRST_EVENT = {"smua": 44, "smub": 52}


class Sweeping(Protocol):
    """What the trigger model asks of its channel."""

    def sweep_level(self, quantity: str, level: float) -> None:
        """Go to a level of the sweep ("v" or "i")."""
        ...

    def sweep_measure(self, buffers: dict[str, Buffer], done: Callable[[], None]) -> Appointment:
        """Measure now, fill the buffers, and go on with `done`."""
        ...

    def sweep_idle(self) -> None:
        """Go back to the level outside the sweep."""
        ...

    def sweep_delay(self) -> float:
        """Return the source delay in s."""
        ...


class Sweep:
    """`smuX.trigger`."""

    def __init__(self, name: str, bus: Bus, world: Surroundings, channel: Sweeping) -> None:
        self._bus, self._world, self._channel = bus, world, channel
        self._events = {event: FIRST_EVENT[name] + index for index, event in enumerate(EVENTS)}
        self._detectors = {layer: Detector(bus) for layer in ("arm", "source", "measure", "endpulse")}
        self._pending: Appointment | None = None
        self.running = False
        self.reset()

    def reset(self) -> None:
        """Return to the settings after power-on."""
        self.abort()
        for detector in self._detectors.values():
            detector.stimulus.set(0)
        self._numbers: dict[str, float] = {
            "count": 1,
            "arm.count": 1,
            "source.action": DISABLE,
            "source.limitv": LIMIT_AUTO,
            "source.limiti": LIMIT_AUTO,
            "measure.action": DISABLE,
            "endpulse.action": SOURCE_HOLD,
            "endsweep.action": SOURCE_IDLE,
        }
        self._quantity, self._levels = "v", [0.0]
        self._buffers: dict[str, Buffer] = {}
        self._armed = self._step = 0

    def limit(self, quantity: str) -> float | None:
        """Return the sweep's own limit, None when it has none."""
        value = self._numbers[f"source.limit{quantity}"]
        return None if value == LIMIT_AUTO or not self.running else value

    def initiate(self) -> None:
        """Leave idle; raises RefusedError when a sweep runs already."""
        if self.running:
            raise RefusedError(-211)
        self.running, self._armed = True, 0
        for detector in self._detectors.values():
            detector.clear()
        for buffer in self._buffers.values():
            buffer.begin()
        # By appointment, because only then does world time stand still while one event sets off the next.
        self._pending = self._world.at(self._world.now(), self._begin)

    def abort(self) -> None:
        """Return to idle, whatever is under way."""
        if not self.running:
            return
        if self._pending:
            self._pending.cancel()
        for detector in self._detectors.values():
            detector.clear()
        self.running = False
        self._channel.sweep_idle()

    def branch(
        self, guarded: Callable[[Callable[..., None]], Callable[..., None]], buffer_of: Callable[[object], Buffer]
    ) -> Branch:
        """Describe `smuX.trigger`."""
        source = self._layer("source", "source.action", "source.limitv", "source.limiti")
        for quantity in "vi":
            source.functions[f"list{quantity}"] = guarded(self._lister(quantity))
            source.functions[f"linear{quantity}"] = guarded(self._ramp(quantity, _linear))
            source.functions[f"log{quantity}"] = guarded(self._ramp(quantity, _logarithmic))
        measure = self._layer("measure", "measure.action")
        for letters in ("v", "i", "r", "p", "iv"):
            measure.functions[letters] = self._measurer(letters, buffer_of)
        return Branch(
            attributes={
                "count": self._number("count"),
                **{f"{event}_EVENT_ID": self._event(number) for event, number in self._events.items()},
            },
            functions={"initiate": guarded(self.initiate)},
            children={
                "arm": self._layer("arm", "arm.count"),
                "source": source,
                "measure": measure,
                "endpulse": self._layer("endpulse", "endpulse.action"),
                "endsweep": Branch(attributes={"action": self._number("endsweep.action")}),
            },
        )

    def _begin(self) -> None:
        self._fire("SWEEPING")
        self._arm()

    def _arm(self) -> None:
        self._detectors["arm"].when_ready(self._armed_now)

    def _armed_now(self) -> None:
        self._armed, self._step = self._armed + 1, 0
        self._fire("ARMED")
        if self.running:
            self._detectors["source"].when_ready(self._source)

    def _source(self) -> None:
        if self._numbers["source.action"]:
            self._channel.sweep_level(self._quantity, self._levels[self._step % len(self._levels)])
        delay = self._channel.sweep_delay()
        if delay > 0:
            self._pending = self._world.at(self._world.now() + delay, self._sourced)
        else:
            self._sourced()

    def _sourced(self) -> None:
        self._fire("SOURCE_COMPLETE")
        self._detectors["measure"].when_ready(self._measure)

    def _measure(self) -> None:
        if self._numbers["measure.action"]:
            self._pending = self._channel.sweep_measure(self._buffers, self._measured)
        else:
            self._measured()

    def _measured(self) -> None:
        self._fire("MEASURE_COMPLETE")
        self._detectors["endpulse"].when_ready(self._end_pulse)

    def _end_pulse(self) -> None:
        if self._numbers["endpulse.action"] == SOURCE_IDLE:
            self._channel.sweep_idle()
        self._step += 1
        self._fire("PULSE_COMPLETE")
        if self._step < self._numbers["count"] or self._numbers["count"] == 0:
            # By appointment even when nothing is waited for, so that a long sweep does not pile up calls.
            self._pending = self._world.at(
                self._world.now(), lambda: self._detectors["source"].when_ready(self._source)
            )
        else:
            self._end_sweep()

    def _end_sweep(self) -> None:
        self._fire("SWEEP_COMPLETE")
        if self._armed < self._numbers["arm.count"] or self._numbers["arm.count"] == 0:
            self._arm()
            return
        self.running = False
        if self._numbers["endsweep.action"] == SOURCE_IDLE:
            self._channel.sweep_idle()
        self._fire("IDLE")

    def _fire(self, event: str) -> None:
        self._bus.fire(self._events[event])

    def _layer(self, name: str, *numbers: str) -> Branch:
        return Branch(
            attributes={
                "stimulus": self._detectors[name].stimulus.attribute(),
                **{number.partition(".")[2]: self._number(number) for number in numbers},
            },
            functions={"set": lambda: self._detectors[name].notice(0)},
        )

    def _number(self, key: str) -> tuple[Getter, Setter]:
        return lambda: self._numbers[key], lambda value: self._numbers.__setitem__(key, float(value))

    @staticmethod
    def _event(number: int) -> tuple[Getter, None]:
        return lambda: number, None

    def _lister(self, quantity: str) -> Callable[[object], None]:
        def take(table: object) -> None:
            levels = [float(level) for level in table.values()]  # type: ignore[attr-defined]
            if not levels:
                raise RefusedError(-109)
            self._quantity, self._levels = quantity, levels

        return take

    def _ramp(self, quantity: str, ramp: Callable[..., list[float]]) -> Callable[..., None]:
        def take(start: float, stop: float, points: float, *more: float) -> None:
            self._quantity, self._levels = quantity, ramp(float(start), float(stop), int(points), *more)

        return take

    def _measurer(self, letters: str, buffer_of: Callable[[object], Buffer]) -> Callable[..., None]:
        def take(*buffers: object) -> None:
            self._buffers = {letter: buffer_of(buffer) for letter, buffer in zip(letters, buffers, strict=False)}

        return take


def _linear(start: float, stop: float, points: int) -> list[float]:
    if points < 2:
        return [start]
    return [start + (stop - start) * index / (points - 1) for index in range(points)]


def _logarithmic(start: float, stop: float, points: int, asymptote: float = 0.0) -> list[float]:
    low, high = start - asymptote, stop - asymptote
    if points < 2 or low * high <= 0:
        raise RefusedError(-222)
    return [asymptote + low * (high / low) ** (index / (points - 1)) for index in range(points)]
