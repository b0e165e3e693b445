"""A fault script laid out on one virtual bench: every fault waits at its place, and strikes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nwlab.core.wiring import Wiring
from nwlab.model.film import Film
from nwlab.virtual.ailments import Ailing, Ailment, Bounce, HeldContact, PowerCut
from nwlab.virtual.faults import acts
from nwlab.virtual.faults.conditions import Trap
from nwlab.virtual.faults.drift import DriftingFilm
from nwlab.virtual.faults.kinds import Place
from nwlab.virtual.faults.script import CHIP, Fault, FaultScript, Strike
from nwlab.virtual.faults.wire import FaultyInstrument, WireFault
from nwlab.virtual.instrument import VirtualInstrument
from nwlab.virtual.world import World


def may_drift(script: FaultScript, film: Film) -> Film:
    """Return the film that the world is to have, so that the script can let it drift."""
    return DriftingFilm(film) if any(fault.kind.place is Place.CHIP for fault in script.faults) else film


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands on the bench that faults are planted on."""

    world: World
    film: Film  # the world's, as `may_drift` returned it
    wiring: Wiring
    smus: Mapping[str, str]  # SMU channel of the bench file → address
    matrices: Mapping[str, str]  # matrix of the bench file → address
    instruments: Mapping[str, VirtualInstrument]  # by address


def plant(script: FaultScript, stage: Stage) -> dict[str, VirtualInstrument]:
    """Lay out a script and return the instruments by address, those with faults behind a FaultyInstrument.

    Instruments that are behind one already get more faults there, also while they are in use.
    Raises FileError for a fault that this bench cannot have.
    """
    return _Planting(script, stage).instruments


class _Planting:
    def __init__(self, script: FaultScript, stage: Stage) -> None:
        self._script, self._stage, self._world = script, stage, stage.world
        self._start = stage.world.now()
        self._wires = {
            address: instrument
            for address, instrument in stage.instruments.items()
            if isinstance(instrument, FaultyInstrument)
        }
        for index, fault in enumerate(script.faults):
            self._check(fault)
            self._lay(fault, np.random.default_rng([script.seed, index]))
        self.instruments = {**stage.instruments, **self._wires}

    def _check(self, fault: Fault) -> None:
        stage = self._stage
        fault.demand(
            {
                Place.INSTRUMENT: (*stage.smus, *stage.matrices),
                Place.SMU: tuple(stage.smus),
                Place.MATRIX: tuple(stage.matrices),
                Place.TERMINAL: stage.wiring.terminals,
                Place.CHIP: (CHIP,),
            }[fault.kind.place]
        )
        if isinstance(fault.act, acts.Ails):
            self._ailing(fault, fault.act.ailment)
            if isinstance(fault.act.ailment, HeldContact | Bounce):
                self._check_crosspoint(fault, *fault.act.ailment.crosspoint)

    def _check_crosspoint(self, fault: Fault, row: str, column: int) -> None:
        grid = next(grid for grid in self._stage.wiring.grids if grid.name == fault.at)
        if row not in grid.rows or column not in grid.columns:
            rows, columns = ", ".join(grid.rows), ", ".join(map(str, grid.columns))
            raise fault.complain(
                f"{row}{column} joins nothing on matrix {fault.at!r}; wired are rows {rows} and columns {columns}",
                "crosspoint",
            )

    def _ailing(self, fault: Fault, ailment: Ailment) -> Ailing:
        address = self._address(fault)
        instrument = self._wires[address].instrument if address in self._wires else self._stage.instruments[address]
        if not isinstance(instrument, Ailing) or type(ailment) not in instrument.ailments:
            raise fault.complain(f"the virtual {instrument.model} at {fault.at!r} cannot have this fault", "do")
        return instrument

    def _lay(self, fault: Fault, random: np.random.Generator) -> None:
        if fault.kind.place in {Place.INSTRUMENT, Place.SMU, Place.MATRIX}:
            self._wire(fault)
        if fault.is_timed:
            self._world.at(self._start + fault.condition.when, lambda: self._strike(fault))
            return
        wire = self._wire(fault)
        trap = Trap(fault.condition, self._start, random)
        if isinstance(fault.act, acts.ReplyAct):
            wire.at_replies.append(WireFault(fault.act, trap, random, lambda: self._strike(fault)))
        else:
            wire.at_messages.append(WireFault(fault.act, trap, random, lambda: self._strike(fault)))

    def _address(self, fault: Fault) -> str:
        return {**self._stage.smus, **self._stage.matrices}[fault.at]

    def _wire(self, fault: Fault) -> FaultyInstrument:
        address = self._address(fault)
        if address not in self._wires:
            self._wires[address] = FaultyInstrument(self._stage.instruments[address], self._world)
        return self._wires[address]

    def _strike(self, fault: Fault) -> None:
        """Note a strike, and do what is not done to a reply."""
        self._script.log.append(Strike(self._world.now(), fault.at, fault.do))
        match fault.act:
            case acts.Ails():
                self._befall(fault, fault.act)
            case acts.BadContact(resistance, duration):
                self._world.set_contact(fault.at, resistance)
                self._later(duration, lambda: self._world.set_contact(fault.at))
            case acts.Leak(resistance, duration):
                self._world.set_leak(fault.at, resistance)
                self._later(duration, lambda: self._world.set_leak(fault.at, None))
            case acts.Drift(rate, duration):
                self._drift(rate, duration)
            case _:
                self._spoil_wire(fault)

    def _spoil_wire(self, fault: Fault) -> None:
        wire = self._wire(fault)
        match fault.act:
            case acts.Silence(duration):
                wire.silence(duration)
            case acts.Hang(duration):
                wire.hang(duration)
            case acts.Unsolicited(text):
                wire.say(text)
            case acts.Hangup(how, _) if fault.is_timed:
                wire.hang_up(how)
            case _:
                pass

    def _befall(self, fault: Fault, act: acts.Ails) -> None:
        instrument = self._ailing(fault, act.ailment)
        instrument.suffer(act.ailment)
        if isinstance(act.ailment, PowerCut):
            self._wire(fault).power_off(act.duration)
        self._later(act.duration, lambda: instrument.recover(act.ailment))

    def _drift(self, rate: float, duration: float) -> None:
        film = self._stage.film
        if isinstance(film, DriftingFilm):
            self._world.settle()
            film.begin(rate)
            self._later(duration, lambda: self._end_drift(film, rate))

    def _end_drift(self, film: DriftingFilm, rate: float) -> None:
        self._world.settle()
        film.end(rate)

    def _later(self, duration: float, action: Callable[[], None]) -> None:
        if math.isfinite(duration):
            self._world.at(self._world.now() + duration, action)
