"""A parrot on a wire with faults, reached in process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyvisa
from pyvisa.resources import MessageBasedResource
from virtual.parrot import Parrot
from virtual.resistor_film import ResistorFilm

from nwlab.core.clock import Clock, VirtualClock
from nwlab.core.wiring import Wiring
from nwlab.virtual.faults import FaultScript, Stage, load_faults, plant
from nwlab.virtual.instrument import VirtualInstrument
from nwlab.virtual.visa import NwlabVisaLibrary
from nwlab.virtual.world import World

GPIB = "GPIB0::16::INSTR"
SOCKET = "TCPIP0::10.0.0.1::5025::SOCKET"
WIRING = Wiring(("A", "B"))


def script_of(folder: Path, faults: str, seed: int = 1) -> FaultScript:
    path = folder / "faults.toml"
    path.write_text(f'name = "test"\nseed = {seed}\n{faults}')
    return load_faults(path)


class Aviary:
    """A parrot that the bench file calls "a", at a GPIB and at a socket address, and what befalls its wire."""

    def __init__(self, folder: Path, faults: str, seed: int = 1, clock: Clock | None = None) -> None:
        film = ResistorFilm(2, (0, 1, 1e3))
        self.world = World(film, WIRING, clock or VirtualClock())
        self.parrot = Parrot(self.world)
        self.script = script_of(folder, faults, seed)
        stage = Stage(self.world, film, WIRING, {"a": "polly"}, {}, {"polly": self.parrot})
        self.instrument: VirtualInstrument = plant(self.script, stage)["polly"]
        self.library = NwlabVisaLibrary.of({GPIB: self.instrument, SOCKET: self.instrument}, self.world)

    def connect(self, address: str = SOCKET) -> MessageBasedResource:
        resource = pyvisa.ResourceManager(self.library).open_resource(
            address, read_termination="\n", write_termination="\n", timeout=1000
        )
        assert isinstance(resource, MessageBasedResource)
        return resource

    @property
    def struck(self) -> list[tuple[float, str, str]]:
        return [(round(strike.time, 6), strike.at, strike.fault) for strike in self.script.log]


MakeAviary = Callable[..., Aviary]
