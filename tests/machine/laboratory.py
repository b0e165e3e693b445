"""A 2636B and a 707B around a chip of four terminals, which can be opened, abandoned and harmed again and again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from model.films import living_film, random_body

from nwlab.bench.bench import Bench, Equipment
from nwlab.core.clock import VirtualClock
from nwlab.core.limits import Limits
from nwlab.core.safe_state import SafePolicy
from nwlab.core.wiring import COMMON, Grid, Wiring
from nwlab.drivers.keithley707 import Keithley707
from nwlab.drivers.keithley2600 import Keithley2600
from nwlab.lab.open_chip import About, OpenChip
from nwlab.model.film import Film
from nwlab.model.resistor_film import ResistorFilm
from nwlab.virtual.faults import FaultScript, Stage, Strike, load_faults, plant
from nwlab.virtual.faults.acts import Act
from nwlab.virtual.instrument import VirtualInstrument
from nwlab.virtual.k707 import Virtual707
from nwlab.virtual.k2600 import Virtual2600
from nwlab.virtual.k2600_source import ON
from nwlab.virtual.visa import NwlabVisaLibrary
from nwlab.virtual.world import World

TERMINALS = ("N", "E", "S", "W")
RESISTORS = ((0, 1, 10e3), (1, 2, 20e3), (2, 3, 10e3), (3, 0, 40e3), (0, 2, 30e3))
ROWS = {"A": "a.hi", "B": "a.lo", "C": "b.hi", "D": "b.lo", "E": "a.shi", "F": "a.slo", "H": COMMON}
COLUMNS = {1: "N", 2: "E", 3: "S", 4: "W", 12: COMMON}
LEAD = 0.5  # Ohm of a closed crosspoint
WIRING = Wiring(TERMINALS, (Grid("m", ROWS, COLUMNS, lead_resistance=LEAD),))
LIMITS = Limits(4.0, 5e-4)
SMU, MATRIX = "GPIB0::26::INSTR", "GPIB0::16::INSTR"
POLICIES: Mapping[str, Mapping[tuple[str, str], SafePolicy]] = {
    "steps": {},
    "ramps": {
        ("smu", "a"): SafePolicy(ramp=50.0, current_ramp=1e-2),
        ("smu", "b"): SafePolicy(ramp=20.0, deadline=0.05),
    },
    "off-modes": {("smu", "a"): SafePolicy(off_mode="high-z"), ("smu", "b"): SafePolicy(off_mode="zero")},
}
_NOTHING = "".join(f'[[fault]]\nat = "{at}"\ndo = "late"\nmessage = "never said"\n' for at in ("a", "m"))


class CountedSmu(Virtual2600):
    """A 2636B that counts what it was told."""

    heard = 0

    def receive(self, data: bytes) -> None:
        self.heard += 1
        super().receive(data)


class ToldMatrix(Virtual707):
    """A 707B that knows when its relays move because it was told so, rather than by a fault of their own."""

    heard, told = 0, False

    def receive(self, data: bytes) -> None:
        self.heard += 1
        super().receive(data)

    def _conduct(self, driven: frozenset[str]) -> None:
        self.told = True
        try:
            super()._conduct(driven)
        finally:
            self.told = False

    @property
    def driven(self) -> frozenset[tuple[str, int]]:
        """Crosspoints whose coils are driven."""
        return frozenset(map(self._names.place, self.relays._driven))

    def _power_off(self) -> None:
        self.relays._conduct = super()._conduct  # without power they fall open by themselves
        super()._power_off()


class Laboratory:
    """The table, its time and its faults; `open` connects to it anew."""

    def __init__(self, folder: Path, chip: str, policy: str, bench: type[Bench] = Bench) -> None:
        self.clock, self._bench = VirtualClock(), bench
        self.film: Film = ResistorFilm(4, RESISTORS) if chip == "resistors" else living_film(random_body(9, 8, 4, 3))
        self.world = World(self.film, WIRING, self.clock)
        self.smu = CountedSmu(self.world, {"a": "a", "b": "b"}, seed=1)
        self.matrix = ToldMatrix(self.world, "m")
        self.scripts: list[FaultScript] = []
        self._folder, self._policies = folder, POLICIES[policy]
        self._instruments: dict[str, VirtualInstrument] = {SMU: self.smu, MATRIX: self.matrix}
        self.plant(_NOTHING)

    def plant(self, faults: str) -> None:
        """Plant faults from now on, in the words of a script."""
        path = self._folder / "faults.toml"
        path.write_text(f'name = "machine"\nseed = {len(self.scripts)}\n{faults}', encoding="utf-8")
        self.scripts.append(load_faults(path))
        smus, matrices = {"a": SMU, "b": SMU}, {"m": MATRIX}
        stage = Stage(self.world, self.film, WIRING, smus, matrices, self._instruments)
        self._instruments = plant(self.scripts[-1], stage)

    def open(self) -> OpenChip:
        """Connect; raises WireError."""
        library = NwlabVisaLibrary.of(self._instruments, self.world)
        smu = Keithley2600(SMU, clock=self.clock, visa_library=library)
        matrix = Keithley707(MATRIX, clock=self.clock, visa_library=library)
        policies = {channel: policy for (_, channel), policy in self._policies.items()}
        equipment = Equipment({"smu": smu}, {"a": ("smu", "a"), "b": ("smu", "b")}, {"m": matrix}, policies)
        return OpenChip(self._bench("lab", equipment, WIRING, LIMITS, self.clock), About("machine"))

    @property
    def strikes(self) -> list[tuple[Strike, Act]]:
        """Every fault that really struck so far, and what it does."""
        return [(strike, fault.act) for script in self.scripts[1:] for fault in script.faults for strike in script.log]

    @property
    def messages(self) -> int:
        """How many messages have reached the instruments' wires."""
        return self.smu.heard + self.matrix.heard

    def driven(self) -> list[str]:
        """What is on or closed, as the virtual instruments themselves have it."""
        on = [f"output {smu.port}" for smu in self.smu.smus if smu.source.output == ON and smu.source._powered]
        return on + [f"relay {name}" for name in sorted(self.matrix.relays._driven)]
