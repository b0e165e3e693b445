"""The table the virtual instruments stand on: wires, relays, time, and the chip's matter under them.

Theory of operation. Nothing happens between two changes, so physics is advanced only when a condition changes or a
measurement begins or ends: the film then plays the time since the last advance under the circuit that held, and its
means go into every measurement that is running. World time stands still while somebody acts; it moves when someone
waits, or, on a real clock, whenever the world is asked again. Appointments that fell due meanwhile run first, each at
its own time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import get_ident

from nwlab.core.clock import Clock
from nwlab.core.wiring import Wiring
from nwlab.model.film import Circuit, Film, Mean, Source
from nwlab.virtual.agenda import Agenda, Entry
from nwlab.virtual.lock import WorldLock
from nwlab.virtual.patchboard import Crosspoints, Patchboard, Resistors
from nwlab.virtual.port import Output, PortMean
from nwlab.virtual.witness import Moment, Nodes, Witness, moment_of

_REMEMBERED = 4096
"""Circuits kept for reuse; a film recognises a circuit it has met."""


@dataclass(frozen=True, slots=True)
class _Probe:
    """Where a channel's reading comes from in the means of one circuit."""

    plus: int
    minus: int
    source: int | None  # index among the circuit's sources; None while the channel is disconnected


@dataclass(frozen=True, slots=True, eq=False)
class _Setup:
    """A circuit and how each channel reads it."""

    circuit: Circuit
    probes: dict[str, _Probe]


class Measurement:
    """Time means at one channel, from `World.begin` to `end`; fills the role of an Integral."""

    def __init__(self, world: World, channel: str, started: float) -> None:
        self._world, self._started = world, started
        self.channel = channel
        self._voltage = self._current = 0.0
        self._in_compliance = False
        self._result: PortMean | None = None

    def add(self, mean: Mean, probe: _Probe, elapsed: float) -> None:
        """Take the means of the next `elapsed` s."""
        present = _read(mean, probe)
        self._voltage += present.voltage * elapsed
        self._current += present.current * elapsed
        self._in_compliance = present.in_compliance

    def end(self) -> PortMean:
        """Finish at the present world time; later calls return the same."""
        with self._world.lock:
            if self._result is None:
                self._result = self._finish()
            return self._result

    def drop(self) -> None:
        """Measure no longer; there is no result."""
        with self._world.lock:
            self._world.drop(self)

    def _finish(self) -> PortMean:
        elapsed = self._world.finish(self) - self._started
        if elapsed <= 0:
            return self._world.present(self.channel)
        return PortMean(self._voltage / elapsed, self._current / elapsed, self._in_compliance)


class World:
    """One chip, its wiring and its time, as every virtual instrument of a bench shares them."""

    def __init__(self, film: Film, wiring: Wiring, clock: Clock) -> None:
        self._film, self._clock = film, clock
        self._board = Patchboard(wiring)
        self._terminals = wiring.terminals
        self._witness: Witness | None = None
        self._outputs: dict[str, Output | None] = {}
        self._setups: dict[tuple[object, ...], _Setup] = {}
        self._setup: _Setup | None = None
        self._agenda = Agenda()
        self._running: list[Measurement] = []
        self._lock = WorldLock()
        self._time = self._reached = clock.now()  # world time; time up to which the film has been advanced
        self._actor = 0  # the thread that runs appointments; it holds the lock

    @property
    def lock(self) -> WorldLock:
        """Held by whoever acts on the world or on an instrument's state; re-entrant."""
        return self._lock

    @property
    def clock(self) -> Clock:
        """The clock that world time follows."""
        return self._clock

    def now(self) -> float:
        """Return world time in s, after every appointment due by then has run."""
        if self._actor == get_ident():
            return self._time
        with self._lock:
            self._catch_up(self._clock.now())
            return self._time

    def wait(self, seconds: float) -> None:
        """Let world time pass; others may act meanwhile, except while an appointment's action waits."""
        with self._lock:
            target = self.now() + max(seconds, 0.0)
            remaining = target - self._clock.now()
            if self._actor:
                self._clock.sleep(remaining)
                self._run_until(target)
                return
            with self._lock.released():
                self._clock.sleep(remaining)
            self._catch_up(max(target, self._clock.now()))

    def at(self, when: float, action: Callable[[], None]) -> Entry:
        """Run `action` when world time reaches `when`; equal times in the order made."""
        with self._lock:
            return self._agenda.add(when, action)

    def force(self, channel: str, output: Output | None) -> None:
        """Change what a channel does to its ends, now; None disconnects it."""
        with self._lock:
            self._settle()
            if channel not in self._outputs or self._outputs[channel] != output:
                self._change(f"channel {channel}", lambda: self._outputs.update({channel: output}))

    def begin(self, channel: str) -> Measurement:
        """Start integrating voltage and current at a channel, now."""
        with self._lock:
            self._settle()
            if channel not in self._outputs:
                self.force(channel, None)
            measurement = Measurement(self, channel, self._time)
            self._running.append(measurement)
            return measurement

    def set_crosspoints(self, matrix: str, closed: Crosspoints) -> None:
        """Change which crosspoints of a matrix conduct, now."""
        with self._lock:
            self._settle()
            moving = closed ^ self._board.closed(matrix)
            self._change(f"matrix {matrix}", lambda: self._board.close(matrix, closed), matrix, moving)

    def set_contact(self, terminal: str, resistance: float | None = 0.0) -> None:
        """Put Ohm between a chip terminal and all that leads to it, now; None opens it, 0 makes it good again."""
        with self._lock:
            self._settle()
            self._change(f"contact {terminal}", lambda: self._board.set_contact(terminal, resistance))

    def set_leak(self, terminal: str, resistance: float | None) -> None:
        """Let the wire to a chip terminal leak to common through so many Ohm, now; None mends it."""
        with self._lock:
            self._settle()
            self._change(f"leak {terminal}", lambda: self._board.set_leak(terminal, resistance))

    def settle(self) -> None:
        """Let the film play up to the present time, before something about it changes."""
        with self._lock:
            self._settle()

    def watch(self, witness: Witness | None) -> None:
        """Tell a witness the state of the table before and after each change from now on; None dismisses it."""
        self._witness = witness

    def finish(self, measurement: Measurement) -> float:
        """Take a measurement off the list and return the present time; called by the measurement itself."""
        self._settle()
        self._running.remove(measurement)
        return self._time

    def drop(self, measurement: Measurement) -> None:
        """Take a measurement off the list, as it is."""
        if measurement in self._running:
            self._running.remove(measurement)

    def present(self, channel: str) -> PortMean:
        """Return what a channel that was forced or measured before sees at this moment."""
        with self._lock:
            self._settle()
            setup = self._present_setup()
            return _read(self._film.advance(setup.circuit, 0.0), setup.probes[channel])

    def _change(
        self, what: str, change: Callable[[], None], matrix: str = "", moving: Crosspoints = frozenset()
    ) -> None:
        if self._witness is None:
            change()
            self._setup = None
            return
        nodes = self._nodes(matrix, moving)
        self._witness(self._moment(what, nodes, after=False))
        change()
        self._setup = None
        self._witness(self._moment(what, nodes, after=True))

    def _nodes(self, matrix: str, moving: Crosspoints) -> Nodes:
        # In the order in which closing them would number their nodes: being watched must not change a circuit.
        joined = {(row, column): self._board.across(matrix, row, column) for row, column in sorted(moving)}
        return Nodes(self._board.common, {name: self._board.node(name) for name in self._terminals}, joined)

    def _moment(self, change: str, nodes: Nodes, *, after: bool) -> Moment:
        setup = self._present_setup()
        mean = self._film.advance(setup.circuit, 0.0)
        currents = {channel: _read(mean, probe).current for channel, probe in setup.probes.items()}
        return moment_of(self._time, change, mean.potential, nodes, setup.circuit, currents, after=after)

    def _settle(self) -> None:
        self.now()
        self._advance()

    def _catch_up(self, until: float) -> None:
        self._actor = get_ident()
        try:
            self._run_until(until)
        finally:
            self._actor = 0

    def _run_until(self, until: float) -> None:
        while entry := self._agenda.pop(until):
            self._time = max(self._time, entry.when)
            if entry.action:
                entry.action()
        self._time = max(self._time, until)

    def _advance(self) -> None:
        elapsed = self._time - self._reached
        if elapsed <= 0:
            return
        setup = self._present_setup()
        mean = self._film.advance(setup.circuit, elapsed)
        self._reached = self._time
        for measurement in self._running:
            measurement.add(mean, setup.probes[measurement.channel], elapsed)

    def _present_setup(self) -> _Setup:
        if self._setup is None:
            key = (self._board.resistors, *self._outputs.items())
            if key not in self._setups and len(self._setups) >= _REMEMBERED:
                self._setups.clear()
            self._setup = self._setups.get(key) or self._setups.setdefault(key, self._build())
        return self._setup

    def _build(self) -> _Setup:
        sources: list[Source] = []
        probes: dict[str, _Probe] = {}
        for channel, output in self._outputs.items():
            hi, lo = self._board.node(f"{channel}.hi"), self._board.node(f"{channel}.lo")
            sense = self._sense(channel, hi, lo) if output and output.remote else (hi, lo)
            probes[channel] = _Probe(*sense, len(sources) if output else None)
            if output:
                limits = (output.quantity, output.level, output.compliance)
                sources.append(Source(hi, lo, *limits, None if sense == (hi, lo) else sense))
        return _Setup(self._circuit(tuple(sources), self._board.resistors), probes)

    def _circuit(self, sources: tuple[Source, ...], resistors: Resistors) -> Circuit:
        return Circuit(self._board.nodes, self._board.common, sources, resistors)

    def _sense(self, channel: str, hi: int, lo: int) -> tuple[int, int]:
        """An SMU whose sense end hangs in the air senses at the force end, through its own resistor."""
        high, low = self._board.node(f"{channel}.shi"), self._board.node(f"{channel}.slo")
        return (high if high in self._board.reached else hi, low if low in self._board.reached else lo)


def _read(mean: Mean, probe: _Probe) -> PortMean:
    voltage = float(mean.potential[probe.plus] - mean.potential[probe.minus])
    if probe.source is None:
        return PortMean(voltage, 0.0, in_compliance=False)
    return PortMean(voltage, float(mean.current[probe.source]), bool(mean.in_compliance[probe.source]))
