"""A 2636B and a 707B around a resistor, with faults planted on them."""

from __future__ import annotations

from pathlib import Path

from virtual.faults.parrots import script_of
from virtual.resistor_film import ResistorFilm

from nwlab.core.clock import VirtualClock
from nwlab.core.wiring import COMMON, Grid, Wiring
from nwlab.virtual.faults import Stage, may_drift, plant
from nwlab.virtual.k707 import Virtual707
from nwlab.virtual.k2600 import Virtual2600
from nwlab.virtual.world import World

OHM = 1e4
ROWS = {"A": "a.hi", "B": "a.lo", "C": "b.hi", "H": COMMON}
COLUMNS = {1: "A", 2: "B", 12: COMMON}


class Table:
    """Channel a is wired to the resistor's ends through crosspoints A1 and B2."""

    def __init__(self, folder: Path, faults: str, *, model: str = "2636B", wired: bool = True) -> None:
        wires = (("a.hi", "A"), ("a.lo", "B"), ("b.lo", COMMON)) if wired else ()
        wiring = Wiring(("A", "B"), (Grid("m", ROWS, COLUMNS),), wires)
        self.script = script_of(folder, faults)
        film = may_drift(self.script, ResistorFilm(2, (0, 1, OHM)))
        self.world = World(film, wiring, VirtualClock())
        smu = Virtual2600(self.world, {"a": "a", "b": "b"}, model=model)
        instruments = {"smu": smu, "matrix": Virtual707(self.world, "m")}
        stage = Stage(self.world, film, wiring, {"a": "smu", "b": "smu"}, {"m": "matrix"}, instruments)
        planted = plant(self.script, stage)
        self.smu, self.matrix = planted["smu"], planted["matrix"]

    def tell(self, *lines: str) -> None:
        for line in lines:
            self.smu.receive(line.encode() + b"\n")

    def ask(self, expression: str) -> str:
        self.tell(f"print({expression})")
        return self.smu.take().decode().strip()

    def number(self, expression: str) -> float:
        return float(self.ask(expression))

    def bits(self, register: str) -> int:
        return int(self.number(f"status.{register}"))

    def error(self) -> tuple[int, str]:
        code, text, *_ = self.ask("errorqueue.next()").split("\t")
        return int(float(code)), text

    def switch(self, command: str) -> None:
        self.matrix.receive(command.encode() + b"\n")

    def closed(self) -> str:
        self.matrix.receive(b'print(channel.getclose("allslots"))\n')
        return self.matrix.take().decode().strip()

    @property
    def strikes(self) -> list[str]:
        return [strike.fault for strike in self.script.log]
