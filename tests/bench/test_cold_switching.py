"""Relays move only when nothing drives them, the safe order always runs, and a refusal sends nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from nwlab.bench.bench import Bench, Equipment
from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError, InstrumentError, UnsafeError, WireError
from nwlab.core.limits import Limits
from nwlab.core.reading import join
from nwlab.core.wiring import COMMON, Grid, Wiring
from nwlab.drivers.keithley707 import Keithley707
from nwlab.drivers.keithley2600 import Keithley2600
from nwlab.model.resistor_film import ResistorFilm
from nwlab.virtual.k707 import Virtual707
from nwlab.virtual.k2600 import Virtual2600
from nwlab.virtual.port import Output
from nwlab.virtual.visa import NwlabVisaLibrary
from nwlab.virtual.world import World

TERMINALS = ("N", "E", "S", "W")
RESISTORS = [(0, 1, 10e3), (1, 2, 20e3), (2, 3, 10e3), (3, 0, 40e3), (0, 2, 30e3)]
ROWS = {"A": "a.hi", "B": "a.lo", "C": "b.hi", "D": "b.lo", "E": "a.shi", "F": "a.slo", "H": COMMON}
COLUMNS = {1: "N", 2: "E", 3: "S", 4: "W", 12: COMMON}


@dataclass
class WatchedWorld:
    """The world, seen from outside: what every channel did whenever relays moved, and relays that may be stuck."""

    world: World
    outputs: dict[str, Output | None] = field(default_factory=dict)
    moved: list[tuple[frozenset[tuple[str, int]], dict[str, Output | None]]] = field(default_factory=list)
    stuck: frozenset[tuple[str, int]] = frozenset()

    def __getattr__(self, name: str) -> object:
        return getattr(self.world, name)

    def force(self, channel: str, output: Output | None) -> None:
        self.outputs[channel] = output
        self.world.force(channel, output)

    def set_crosspoints(self, matrix: str, closed: frozenset[tuple[str, int]]) -> None:
        self.moved.append((closed, dict(self.outputs)))
        self.world.set_crosspoints(matrix, closed | self.stuck)


@dataclass
class Wire:
    """An instrument behind a wire that counts messages and may be cut."""

    instrument: object
    messages: list[bytes] = field(default_factory=list)
    cut: bool = False
    told: list[str] = field(default_factory=list)
    name: str = ""

    def receive(self, data: bytes) -> None:
        self.messages.append(data)
        self.told.append(f"{self.name} {data.decode()}")
        if not self.cut:
            self.instrument.receive(data)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self.instrument, name)


class Laboratory:
    """A bench of a 2636B and a 707B around a ladder of five resistors."""

    def __init__(self) -> None:
        clock = VirtualClock()
        wiring = Wiring(TERMINALS, (Grid("m", ROWS, COLUMNS, lead_resistance=0.5),))
        self.world = WatchedWorld(World(ResistorFilm(4, RESISTORS), wiring, clock))
        self.smu = Wire(Virtual2600(self.world, {"a": "a", "b": "b"}))  # type: ignore[arg-type]
        self.matrix = Wire(Virtual707(self.world, "m"))  # type: ignore[arg-type]
        library = NwlabVisaLibrary.of({"GPIB0::26::INSTR": self.smu, "GPIB0::16::INSTR": self.matrix}, self.world)  # type: ignore[dict-item, arg-type]
        smu = Keithley2600("GPIB0::26::INSTR", clock=clock, visa_library=library)
        matrix = Keithley707("GPIB0::16::INSTR", clock=clock, visa_library=library)
        equipment = Equipment({"smu": smu}, {"a": ("smu", "a"), "b": ("smu", "b")}, {"m": matrix})
        self.bench = Bench("lab", equipment, wiring, Limits(), clock)

    def play(self, *forces: Force, ground: tuple[int, ...] = (), steps: int = 2, hold: bool = False):  # type: ignore[no-untyped-def]
        return join(list(self.bench.apply(Drive(np.full(steps, 0.05), forces, ground, hold=hold))))


@pytest.fixture
def lab() -> Laboratory:
    return Laboratory()


def volts(terminal: int, level: float, low: int | None = None, compliance: float = 5e-4) -> Force:
    return Force(terminal, Quantity.VOLTAGE, np.full(2, level), compliance, low=low)


def meter(terminal: int, low: int | None = None) -> Force:
    return Force(terminal, Quantity.CURRENT, np.zeros(2), 5.0, low=low)


def kirchhoff(driven: dict[int, float]) -> np.ndarray:
    """Potentials of the ladder when some terminals are held, by the textbook."""
    laplacian = np.zeros((4, 4))
    for i, j, ohm in RESISTORS:
        laplacian[[i, j], [i, j]] += 1 / ohm
        laplacian[[i, j], [j, i]] -= 1 / ohm
    free = [node for node in range(4) if node not in driven]
    held = list(driven)
    potential = np.zeros(4)
    potential[held] = list(driven.values())
    if free:
        rhs = -laplacian[np.ix_(free, held)] @ potential[held]
        potential[free] = np.linalg.solve(laplacian[np.ix_(free, free)], rhs)
    return potential


def through(potential: np.ndarray, terminal: int) -> float:
    """Current into the ladder at a terminal."""
    ends = [(i + j - terminal, ohm) for i, j, ohm in RESISTORS if terminal in (i, j)]
    return float(sum((potential[terminal] - potential[other]) / ohm for other, ohm in ends))


@pytest.mark.fault(23, "route after route, drives cut short among them: no relay moved but between sources of 0 V")
def test_relays_never_move_while_a_source_drives_them(lab: Laboratory) -> None:
    rng = np.random.default_rng(5)
    for _ in range(40):
        source, sink, other = (int(index) for index in rng.permutation(4)[:3])
        blocks = lab.bench.apply(Drive(np.full(2, 0.05), (volts(source, 1.0, sink), meter(other, sink))))
        next(blocks)
        if rng.random() < 0.5:
            blocks.close()  # type: ignore[attr-defined]
        else:
            list(blocks)
    assert len(lab.world.moved) > 60
    for _, outputs in lab.world.moved:
        for output in outputs.values():
            assert output is None or output.level == pytest.approx(0, abs=1e-3)
            # Off, a 2600B is a source of 0 V that gives 1 mA at the most.
            assert output is None or output.compliance <= 1.1e-3


def test_the_ladder_reads_as_kirchhoff_says(lab: Laboratory) -> None:
    reading = lab.play(volts(0, 1.0, 2), meter(1, 2))
    potential = kirchhoff({0: 1.0, 2: 0.0})
    assert reading.voltage[0, 1] == pytest.approx(potential[1], abs=3e-3)
    assert reading.current[0, 0] == pytest.approx(through(potential, 0), rel=2e-3)


def test_two_channels_against_common_balance(lab: Laboratory) -> None:
    reading = lab.play(volts(0, 1.0), volts(1, 0.0), ground=(2,))
    potential = kirchhoff({0: 1.0, 1: 0.0, 2: 0.0})
    through = [
        sum((potential[t] - potential[j if i == t else i]) / r for i, j, r in RESISTORS if t in (i, j)) for t in (0, 1)
    ]
    assert reading.current[0] == pytest.approx(through, rel=5e-3, abs=1e-7)
    assert reading.onset.shape == (2,)


def test_four_wires_take_the_leads_away(lab: Laboratory) -> None:
    force = Force(0, Quantity.CURRENT, np.full(2, 1e-4), 5.0, low=2, sense=(1, 3))
    reading = lab.play(force)
    laplacian = np.zeros((4, 4))
    for i, j, ohm in RESISTORS:
        laplacian[[i, j], [i, j]] += 1 / ohm
        laplacian[[i, j], [j, i]] -= 1 / ohm
    potential = np.linalg.lstsq(laplacian, np.array([1e-4, 0, -1e-4, 0]), rcond=None)[0]
    assert reading.voltage[0, 0] == pytest.approx(potential[1] - potential[3], abs=2e-3)


def test_a_refused_drive_sends_not_a_byte(lab: Laboratory) -> None:
    lab.smu.messages.clear()
    lab.matrix.messages.clear()
    wrong = [
        (Drive(np.full(2, 0.05), (volts(0, 1.0, 2), volts(1, 1.0, 2), volts(3, 1.0, 2))), "nothing is multiplexed"),
        (Drive(np.full(2, 1e-5), (volts(0, 1.0, 2),)), "too short"),
        (Drive(np.full(2, 0.05), (volts(0, 1.0, 2, compliance=1e-12),)), "compliance"),
        (Drive(np.full(2, 0.05), (volts(0, 1.0, 2, compliance=10.0),)), "compliance"),
        (Drive(np.full(2, 0.05), (volts(0, 500.0, 2),)), "200 V"),
    ]
    for drive, complaint in wrong:
        with pytest.raises(DriveError, match=complaint):
            lab.bench.apply(drive)
    assert lab.smu.messages == lab.matrix.messages == []


@pytest.mark.fault(
    23, "a drive that needs other relays than a held level: refused, nothing was sent, the level still stands"
)
def test_a_held_level_is_never_rerouted_hot(lab: Laboratory) -> None:
    lab.play(volts(0, 1.0, 2), hold=True)
    told, moved = (len(lab.smu.messages), len(lab.matrix.messages)), len(lab.world.moved)
    for forces, ground in (((volts(1, 1.0, 2),), ()), ((volts(0, 1.0, 3),), ()), ((volts(0, 1.0, 2),), (1,)), ((), ())):
        with pytest.raises(DriveError, match="never switched hot"):
            lab.bench.apply(Drive(np.full(2, 0.05), forces, ground))
    assert (len(lab.smu.messages), len(lab.matrix.messages)) == told
    assert len(lab.world.moved) == moved
    held = lab.world.outputs["a"]
    assert held is not None
    assert held.level == pytest.approx(1.0, abs=1e-3)
    lab.play(volts(0, 1.0, 2))
    lab.play(volts(1, 1.0, 2))


def test_a_welded_relay_is_found_by_what_it_conducts_not_by_what_is_told(lab: Laboratory) -> None:
    clean = lab.play(volts(0, 1.0, 2)).current[0, 0]
    lab.world.stuck = frozenset({("H", 1), ("H", 3)})
    assert lab.play(volts(1, 1.0, 2)).current[0, 0] != pytest.approx(clean, rel=0.1)


def test_a_relay_that_does_not_follow_ends_the_drive_with_everything_open(lab: Laboratory) -> None:
    virtual = lab.matrix.instrument
    relays = virtual.relays  # type: ignore[attr-defined]
    move = relays.move
    relays.move = lambda to_open, to_close: move(to_open, [name for name in to_close if not name.endswith("01")])
    with pytest.raises(InstrumentError, match="A01"):
        lab.play(volts(0, 1.0, 2))
    closed, outputs = lab.world.moved[-1]
    assert closed == frozenset()
    assert lab.bench.outputs() == {"smu a": False, "smu b": False}
    assert all(output is None or output.level == pytest.approx(0, abs=1e-3) for output in outputs.values())


def test_the_safe_order_is_levels_outputs_relays(lab: Laboratory) -> None:
    list_of = lab.bench.apply(Drive(np.full(200, 0.05), (Force(0, Quantity.VOLTAGE, np.ones(200), 5e-4, low=2),)))
    next(list_of)
    told: list[str] = []
    for name, wire in (("smu", lab.smu), ("matrix", lab.matrix)):
        receive = wire.instrument.receive  # type: ignore[attr-defined]
        wire.receive = lambda data, name=name, receive=receive: (told.append(f"{name} {data.decode()}"), receive(data))[
            1
        ]  # type: ignore[method-assign]
    state = lab.bench.make_safe()
    assert state.confirmed
    zero = next(index for index, line in enumerate(told) if "levelv = 0" in line)
    off = next(index for index, line in enumerate(told) if "OUTPUT_OFF" in line)
    opened = next(index for index, line in enumerate(told) if "channel.open" in line)
    assert zero < off < opened


def test_one_dead_instrument_does_not_keep_the_other_from_safety(lab: Laboratory) -> None:
    lab.play(volts(0, 1.0, 2))
    lab.smu.cut = True
    with pytest.raises(
        UnsafeError, match=r"could NOT be confirmed: .*smu.*switch the instruments off by hand"
    ) as caught:
        lab.bench.close()
    assert caught.value.exit_code == 7
    assert lab.world.moved[-1][0] == frozenset()


def test_a_link_that_dies_in_a_drive_is_a_wire_error(lab: Laboratory) -> None:
    blocks = lab.bench.apply(Drive(np.full(200, 0.05), (Force(0, Quantity.VOLTAGE, np.ones(200), 5e-4, low=2),)))
    next(blocks)
    lab.smu.cut = True
    with pytest.raises((WireError, UnsafeError)):
        list(blocks)


def test_another_instrument_at_the_address_is_left_alone(tmp_path: Path) -> None:
    from nwlab.lab.opening import open_bench
    from nwlab.lab.serving import ServedBench

    with ServedBench("smu-on-resistor", speed=50.0) as served:
        path = served.write(tmp_path / "b.toml")
        path.write_text(path.read_text().replace('model = "2636B"', 'model = "2612B"'))
        with pytest.raises(
            WireError, match=r"a 2612B is expected at TCPIP.* says 'Keithley.*2636B.*nothing was changed"
        ):
            open_bench(path)
