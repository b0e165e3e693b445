"""A chip through instruments."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from nwlab.bench.doubt import Doubt
from nwlab.bench.routing import Crosspoint, Route, Router
from nwlab.bench.safe import SafeState, make_safe
from nwlab.core.clock import Clock
from nwlab.core.drive import Drive, Quantity
from nwlab.core.errors import AnswerError, DriveError, InstrumentError
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading
from nwlab.core.wiring import Wiring
from nwlab.drivers.roles import Matrix, Plan, Program, Samples, SourceMeter


@dataclass(frozen=True)
class Equipment:
    """The instruments of a bench, connected."""

    smus: Mapping[str, SourceMeter]  # by the name complaints use
    channels: Mapping[str, tuple[str, str]]  # channel of the bench file → (instrument, the driver's channel)
    matrices: Mapping[str, Matrix] = field(default_factory=dict[str, Matrix])


class Bench:
    """Plays drives: check, route cold, load, start, fetch. Connecting has changed nothing yet."""

    def __init__(self, name: str, equipment: Equipment, wiring: Wiring, limits: Limits, clock: Clock) -> None:
        self.name, self.limits, self.clock = name, limits, clock
        self.terminals = wiring.terminals
        self.sources = len(equipment.channels)
        self.relay_operations: Counter[Crosspoint] = Counter()
        self.doubts: dict[str, Doubt] = {}  # by terminal
        self._equipment = equipment
        self._router = Router(name, wiring, tuple(equipment.channels))
        # Nobody knows what an earlier program left closed: the first drive routes from nothing.
        self._route: Route | None = None
        self._functions: dict[str, Quantity] = {}
        self._holding = False

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Check the whole drive, then play it; raises DriveError before the first byte leaves."""
        route = self._router.route(drive, () if self._route is None else self._route.channels)
        if self._holding and self._route is not None and route.closed != self._route.closed:
            raise DriveError(
                "the levels of the last drive are still held, and relays are never switched hot; rest first"
            )
        if not drive.forces:
            return self._rest(drive, route)
        smu = self._instrument(route)
        return self._play(smu, self._plan(smu, drive, route), route, drive)

    def close(self) -> None:
        """Run the safe order; raises UnsafeError when the result cannot be confirmed."""
        self.make_safe().demand()

    def make_safe(self) -> SafeState:
        """Run the safe order and tell what was read back."""
        self._route, self._holding = None, False
        self._functions.clear()
        return make_safe(self._equipment.smus, self._equipment.matrices)

    def outputs(self) -> dict[str, bool]:
        """Read back which outputs are on, by instrument and channel."""
        return {
            f"{name} {channel}": on
            for name, smu in self._equipment.smus.items()
            for channel, on in smu.outputs().items()
        }

    def _instrument(self, route: Route) -> SourceMeter:
        names = {self._equipment.channels[channel][0] for channel in route.channels}
        if len(names) > 1:
            raise DriveError(
                f"the drive needs channels of {len(names)} instruments ({', '.join(sorted(names))}), which nothing "
                "triggers together; force terminals that one instrument reaches"
            )
        return self._equipment.smus[names.pop()]

    def _plan(self, smu: SourceMeter, drive: Drive, route: Route) -> Plan:
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
        return smu.plan(drive.dwell, drive.read_delay, programs, hold=drive.hold)

    def _play(self, smu: SourceMeter, plan: Plan, route: Route, drive: Drive) -> Iterator[Reading]:
        finished = False
        try:
            self._establish(route)
            self._prepare(smu, plan)
            smu.start()
            start = self.clock.now()
            while (samples := smu.fetch()) is not None:
                if samples.onset.size:
                    self._judge(smu, plan, samples, drive)
                    yield _reading(start, samples)
            self._holding = plan.hold
            finished = True
        finally:
            if not finished:
                self._holding = False
                smu.rest()

    def _judge(self, smu: SourceMeter, plan: Plan, samples: Samples, drive: Drive) -> None:
        for column, force in enumerate(drive.forces):
            self.doubts.setdefault(self.terminals[force.terminal], Doubt()).add(smu, plan, samples, column)

    def _rest(self, drive: Drive, route: Route) -> Iterator[Reading]:
        self._holding = False
        self._establish(route)
        start = self.clock.now()
        self.clock.sleep(drive.duration)
        onset = np.cumsum(drive.dwell) - drive.dwell
        none = np.empty((drive.steps, 0))
        flags = np.empty((drive.steps, 0), dtype=np.bool_)
        yield Reading(start, onset, none, none, none, none, flags, flags)

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
            # A pattern that nobody wanted must not stay; why it came about matters more than a second failure.
            for matrix in self._equipment.matrices.values():
                with contextlib.suppress(AnswerError):
                    matrix.open_all()
            raise
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
                f"the relays did not follow: wanted {_names(wanted)}, found {_names(found)}; all were opened again, "
                "outputs are off. Look for a welded or dead relay",
                f"matrix {name}",
            )


def _names(crosspoints: frozenset[tuple[str, int]]) -> str:
    return ", ".join(f"{row}{column:02d}" for row, column in sorted(crosspoints)) or "none"


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
