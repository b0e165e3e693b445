"""A chip through instruments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from nwlab.bench.doubt import Doubt
from nwlab.bench.guard import Guard, Latch
from nwlab.bench.routing import Crosspoint, Route, Router
from nwlab.bench.safe import SafeOrder, names, open_all
from nwlab.core.clock import Clock
from nwlab.core.drive import Drive, Quantity
from nwlab.core.errors import DriveError, InstrumentError
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading
from nwlab.core.safe_state import SafePolicy, SafeState
from nwlab.core.wiring import Wiring
from nwlab.drivers.roles import Matrix, Plan, Program, Samples, SourceMeter

_TICK = 0.25  # s between ticks while nothing is forced


@dataclass(frozen=True)
class Equipment:
    """The instruments of a bench, connected."""

    smus: Mapping[str, SourceMeter]  # by the name complaints use
    channels: Mapping[str, tuple[str, str]]  # channel of the bench file → (instrument, the driver's channel)
    matrices: Mapping[str, Matrix] = field(default_factory=dict[str, Matrix])
    policies: Mapping[str, SafePolicy] = field(default_factory=dict[str, SafePolicy])  # by channel of the bench file
    kept: frozenset[str] = frozenset()  # matrices whose relays the safe state leaves as they are

    def safe_order(self, clock: Clock) -> SafeOrder:
        """Return what makes these instruments safe."""
        policies = {self.channels[name]: policy for name, policy in self.policies.items() if name in self.channels}
        return SafeOrder(self.smus, self.matrices, clock, policies, self.kept)


class Bench:
    """Plays drives: check, route cold, load, start, fetch. Connecting has changed nothing yet."""

    def __init__(
        self,
        name: str,
        equipment: Equipment,
        wiring: Wiring,
        limits: Limits,
        clock: Clock,
        latch: Latch | None = None,
    ) -> None:
        self.name, self.limits, self.clock = name, limits, clock
        self.terminals = wiring.terminals
        self.sources = len(equipment.channels)
        self.relay_operations: Counter[Crosspoint] = Counter()
        self.doubts: dict[str, Doubt] = {}  # by terminal
        self._equipment = equipment
        self._order = equipment.safe_order(clock)
        self._guard = Guard(equipment.smus, equipment.matrices, self._order.policies, latch)
        self._router = Router(name, wiring, tuple(equipment.channels))
        # Nobody knows what an earlier program left closed: the first drive routes from nothing.
        self._route: Route | None = None
        self._functions: dict[str, Quantity] = {}
        self._holding = self._resting = False
        self.safe_state: SafeState | None = None  # what the safe order found when it last ran

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Check the whole drive, then play it; raises DriveError before the first byte leaves.

        A block without steps is a tick: the drive goes on. Raises InstrumentError or WireError while it plays.
        """
        self._guard.admit()
        route = self._router.route(drive, () if self._route is None else self._route.channels)
        if self._holding and self._route is not None and route.closed != self._route.closed:
            raise DriveError(
                "the levels of the last drive are still held, and relays are never switched hot; rest first"
            )
        if not drive.forces:
            return self._rest(drive, route)
        name = self._instrument(route)
        return self._play(name, self._plan(name, drive, route), route, drive)

    def close(self) -> None:
        """Run the safe order; raises UnsafeError when the result cannot be confirmed."""
        self.make_safe().demand()

    def make_safe(self, *, everything: bool = False) -> SafeState:
        """Run the safe order and tell what was read back.

        Outputs that were found on and never taken over are left alone, unless `everything` is meant.
        """
        self._route = None
        self._functions.clear()
        if self._guard.foreign and not everything:
            self.safe_state = SafeState(found=(f"left as found: {', '.join(self._guard.foreign)} on",), untouched=True)
        else:
            self.safe_state = self._order.run()
        self._holding = bool(self.safe_state.failures)
        return self.safe_state

    @property
    def found_on(self) -> tuple[str, ...]:
        """Outputs that were on when the bench was opened and have not been taken over."""
        return self._guard.foreign

    def arm(self) -> None:
        """Clear the latch that a tripped interlock left; raises InterlockError while the interlock is open."""
        self._guard.arm()

    @property
    def holding(self) -> bool:
        """Whether levels of the last drive still stand, or may stand because a way to rest failed."""
        return self._holding

    @property
    def resting(self) -> bool:
        """Whether a drive that was given up is on its way to rest, which is not to be interrupted again."""
        return self._resting

    @property
    def relays(self) -> int | None:
        """How many relays were closed since the bench was opened; None without a matrix."""
        return sum(self.relay_operations.values()) if self._equipment.matrices else None

    @property
    def remarks(self) -> dict[str, str]:
        """What is to be said of the readings at each terminal, where anything is."""
        return {terminal: str(doubt) for terminal, doubt in self.doubts.items() if doubt.doubtful}

    def outputs(self) -> dict[str, bool]:
        """Read back which outputs are on, by instrument and channel."""
        return {
            f"{name} {channel}": on
            for name, smu in self._equipment.smus.items()
            for channel, on in smu.outputs().items()
        }

    def _instrument(self, route: Route) -> str:
        names = {self._equipment.channels[channel][0] for channel in route.channels}
        if len(names) > 1:
            raise DriveError(
                f"the drive needs channels of {len(names)} instruments ({', '.join(sorted(names))}), which nothing "
                "triggers together; force terminals that one instrument reaches"
            )
        return names.pop()

    def _plan(self, name: str, drive: Drive, route: Route) -> Plan:
        programs = [
            Program(
                self._equipment.channels[channel][1],
                force.quantity,
                force.levels,
                force.compliance,
                force.range,
                remote=force.sense is not None,
            )
            for channel, force in zip(route.channels, drive.forces, strict=True)
        ]
        return self._equipment.smus[name].plan(drive.dwell, drive.read_delay, programs, hold=drive.hold)

    def _play(self, name: str, plan: Plan, route: Route, drive: Drive) -> Iterator[Reading]:
        smu, finished = self._equipment.smus[name], False
        try:
            self._take_over()
            self._establish(route)
            self._prepare(smu, plan)
            self._holding = True  # until the end, or a way to rest that did not fail
            smu.start()
            start = self.clock.now()
            with self._guard.watch(name):
                while (samples := smu.fetch()) is not None:
                    self._judge(smu, plan, samples, drive)
                    yield _reading(start, samples)
            self._confirm(route)
            self._holding = plan.hold
            finished = True
        finally:
            if not finished:
                self._abort(name)

    def _abort(self, name: str) -> None:
        self._route, self._resting = None, True
        try:
            self._order.rest(name)
            self._holding = False
        finally:
            self._resting = False

    def _judge(self, smu: SourceMeter, plan: Plan, samples: Samples, drive: Drive) -> None:
        for column, force in enumerate(drive.forces if samples.onset.size else ()):
            self.doubts.setdefault(self.terminals[force.terminal], Doubt()).add(smu, plan, samples, column)

    def _rest(self, drive: Drive, route: Route) -> Iterator[Reading]:
        self._take_over()
        self._establish(route)
        self._holding = False
        start = self.clock.now()
        while (left := start + drive.duration - self.clock.now()) > _TICK:
            self.clock.sleep(_TICK)
            yield _nothing(start)
        self.clock.sleep(left)
        self._confirm(route)
        onset = np.cumsum(drive.dwell) - drive.dwell
        none = np.empty((drive.steps, 0))
        flags = np.empty((drive.steps, 0), dtype=np.bool_)
        yield Reading(start, onset, none, none, none, none, flags, flags)

    def _take_over(self) -> None:
        """Before the first drive: bring down what was found on, where the bench file allows it, and leave our mark."""
        if self._guard.foreign:
            self._guard.take_over()
            self._order.run().demand()
        self._guard.claim()

    def _prepare(self, smu: SourceMeter, plan: Plan) -> None:
        """Load with the output off when the function changes, then switch on at level zero."""
        channels = tuple(program.channel for program in plan.programs)
        functions = {program.channel: program.quantity for program in plan.programs}
        if any(self._functions.get(channel) is not function for channel, function in functions.items()):
            smu.switch_off(channels)
        smu.load(plan)
        smu.switch_on(channels)
        self._functions.update(functions)

    def _establish(self, route: Route) -> None:
        """Route cold: levels to zero, outputs off, open, settle, close, settle, read the pattern back."""
        if self._route is not None and route == self._route:
            return
        for smu in self._equipment.smus.values():
            smu.rest()
        for smu in self._equipment.smus.values():
            smu.switch_off(tuple(smu.channels))
        self._functions.clear()
        self._route = None
        for matrix in self._equipment.matrices.values():
            matrix.open_all()
        try:
            for name, matrix in self._equipment.matrices.items():
                self._close(name, matrix, route)
        except BaseException:
            open_all(self._equipment.matrices)
            raise
        self._route = route

    def _confirm(self, route: Route) -> None:
        """Read the relays back after a drive: a matrix that lost its power has let go of them and tells nobody."""
        self._route = None
        for name, matrix in self._equipment.matrices.items():
            found, wanted = matrix.closed_crosspoints(), route.of(name)
            if found != wanted:
                text = f"the relays moved while a drive was played: closed were {names(wanted)}, now {names(found)}"
                raise InstrumentError(0, f"{text}; what was read meanwhile is of another circuit", name)
        self._route = route

    def _close(self, name: str, matrix: Matrix, route: Route) -> None:
        wanted = route.of(name)
        if wanted:
            matrix.close_crosspoints(sorted(wanted))
            self.relay_operations.update((name, row, column) for row, column in wanted)
        found = matrix.closed_crosspoints()
        if found != wanted:
            raise InstrumentError(
                0,
                f"the relays did not follow: wanted {names(wanted)}, found {names(found)}; all were opened again, "
                "outputs are off. Look for a welded or dead relay",
                f"matrix {name}",
            )


def _reading(start: float, samples: Samples) -> Reading:
    return Reading(
        start,
        samples.onset,
        samples.time,
        samples.aperture,
        samples.voltage,
        samples.current,
        samples.in_compliance,
        samples.overflow,
    )


def _nothing(start: float) -> Reading:
    """Return a tick of a drive without forces."""
    none, flags = np.empty((0, 0)), np.empty((0, 0), dtype=np.bool_)
    return Reading(start, np.empty(0), none, none, none, none, flags, flags)
