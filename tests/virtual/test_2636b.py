"""A virtual 2636B on 10 kOhm: what it sources, measures, stores and when."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from nwlab.core.clock import VirtualClock
from nwlab.core.wiring import Wiring
from nwlab.model.resistor_film import ResistorFilm
from nwlab.virtual.k2600 import Virtual2600
from nwlab.virtual.world import World

OHM = 10e3


class Table:
    """One instrument with two resistors: channel a on 10 kOhm, channel b on 1 MOhm."""

    def __init__(self, model: str = "2636B", seed: int = 3) -> None:
        film = ResistorFilm(4, [(0, 1, OHM), (2, 3, 1e6)])
        wires = (("a.hi", "A"), ("a.lo", "B"), ("b.hi", "C"), ("b.lo", "D"))
        self.world = World(film, Wiring(("A", "B", "C", "D"), wires=wires), VirtualClock())
        self.smu = Virtual2600(self.world, {"a": "a", "b": "b"}, model=model, seed=seed)

    def write(self, *lines: str) -> None:
        for line in lines:
            self.smu.receive(line.encode() + b"\n")

    def ask(self, line: str) -> str:
        self.write(line)
        return self.smu.take().decode().rstrip("\n")

    def numbers(self, line: str) -> list[float]:
        return [float(part) for part in self.ask(line).replace(", ", "\t").split("\t")]

    def code(self) -> float:
        return self.numbers("print((errorqueue.next()))")[0]


@pytest.fixture
def table() -> Table:
    return Table()


def test_ohms_law_within_the_stated_error(table: Table) -> None:
    table.write("smua.source.levelv = 1", "smua.source.output = 1")
    current, voltage = table.numbers("format.asciiprecision = 8 print(smua.measure.iv())")
    # Source 2 V range: 0.02 % + 600 uV; measure 100 uA range: 0.02 % + 25 nA.
    assert current == pytest.approx(1e-4, abs=1e-4 * 2e-4 + 25e-9 + (2e-4 + 600e-6) / OHM)
    assert voltage == pytest.approx(1.0, abs=2 * (2e-4 + 600e-6))
    assert table.numbers("print(smua.measure.r())")[0] == pytest.approx(OHM, rel=2e-3)
    assert table.numbers("print(smua.measure.p())")[0] == pytest.approx(1e-4, rel=2e-3)


def test_instruments_of_one_seed_agree_and_of_others_differ() -> None:
    def reading(seed: int) -> str:
        table = Table(seed=seed)
        table.write("smua.source.levelv = 1 smua.source.output = 1")
        return table.ask("format.asciiprecision = 10 print(smua.measure.i())")

    assert reading(1) == reading(1) != reading(2)


@pytest.mark.parametrize("nplc", [0.01, 1.0])
def test_a_reading_takes_its_integration_time(table: Table, nplc: float) -> None:
    table.write(f"smua.measure.nplc = {nplc} smua.measure.autozero = 1 smua.measure.autorangei = 0")
    table.write("smua.measure.rangei = 1e-4 smua.source.output = 1")
    table.ask("print(smua.measure.i())")
    before = table.world.now()
    table.ask("print(smua.measure.i())")
    assert table.world.now() - before == pytest.approx(nplc / 50, abs=2e-3)


def test_longer_integration_means_less_noise(table: Table) -> None:
    spread = {}
    for nplc in (0.01, 1):
        table.write(f"smua.measure.nplc = {nplc} smua.measure.count = 200 smua.nvbuffer1.clear()")
        table.write("smua.measure.rangei = 1e-3 smua.source.output = 1 smua.measure.i(smua.nvbuffer1)")
        readings = table.numbers("format.asciiprecision = 12 printbuffer(1, 200, smua.nvbuffer1.readings)")
        spread[nplc] = np.std(readings)
    assert 0 < spread[1] < spread[0.01] / 3


def test_a_reading_beyond_its_range_overflows(table: Table) -> None:
    table.write("smua.source.levelv = 1 smua.source.output = 1 smua.measure.rangei = 1e-6")
    assert table.numbers("print(smua.measure.i())")[0] == pytest.approx(9.91e37)


def test_compliance_acts_and_is_flagged(table: Table) -> None:
    table.write("smua.source.limiti = 1e-7 smua.source.levelv = 0.2 smua.source.output = 1")
    assert table.numbers("print(smua.measure.i())")[0] == pytest.approx(1e-7, rel=2e-3)
    assert table.ask("print(smua.source.compliance)") == "true"
    assert int(table.numbers("print(status.measurement.instrument.smua.condition)")[0]) & 2
    assert int(table.numbers("print(status.measurement.current_limit.condition)")[0]) & 2


def test_a_sourced_current_stops_at_its_voltage_limit(table: Table) -> None:
    table.write("smua.source.func = smua.OUTPUT_DCAMPS smua.source.limitv = 2 smua.source.leveli = 1e-3")
    table.write("smua.source.output = 1")
    assert table.numbers("print(smua.measure.v())")[0] == pytest.approx(2.0, rel=2e-3)
    assert table.ask("print(smua.source.compliance)") == "true"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("x = = 2", -285),
        ("nothing.here = 1", -286),
        ("smua.source.nosuch()", -286),
        ("smua.source.levelv = 300", 1101),
        ("smua.measure.nplc = 26", 1101),
        ("smua.measure.nplc = 0", 1102),
        ("smua.source.limitv = 0.001", 1102),
    ],
)
def test_what_is_refused_leaves_its_code(table: Table, line: str, code: int) -> None:
    table.write(line)
    assert table.code() == code
    assert table.code() == 0


def test_a_runaway_ends_with_an_error(table: Table) -> None:
    table.write("while true do end")
    assert table.code() != 0
    assert table.ask("print('alive')") == "alive"


def sweep(table: Table, points: int, dwell: float, *, channels: str = "a", step: float = 0.01) -> None:
    table.write(f"levels = {{}} for k = 1, {points} do levels[k] = k * {step} end")
    for channel in channels:
        smu = f"smu{channel}"
        table.write(
            f"{smu}.measure.nplc = 0.1 {smu}.measure.autozero = 1 {smu}.source.rangev = 2 {smu}.measure.rangei = 1e-4",
            f"{smu}.nvbuffer1.clear() {smu}.nvbuffer1.collecttimestamps = 1 {smu}.nvbuffer1.appendmode = 1",
            f"{smu}.nvbuffer2.clear() {smu}.nvbuffer2.appendmode = 1",
            f"{smu}.trigger.source.listv(levels) {smu}.trigger.source.action = {smu}.ENABLE",
            f"{smu}.trigger.measure.iv({smu}.nvbuffer1, {smu}.nvbuffer2) {smu}.trigger.measure.action = {smu}.ENABLE",
            f"{smu}.trigger.count = {points} {smu}.trigger.arm.stimulus = trigger.EVENT_ID",
            f"{smu}.trigger.source.stimulus = trigger.timer[1].EVENT_ID {smu}.source.output = 1",
        )
    table.write(
        f"trigger.timer[1].delay = {dwell} trigger.timer[1].count = {points - 1} trigger.timer[1].passthrough = true",
        "trigger.timer[1].stimulus = smua.trigger.ARMED_EVENT_ID",
        " ".join(f"smu{channel}.trigger.initiate()" for channel in channels),
    )


def test_a_triggered_list_sweep_is_timed_by_the_instrument(table: Table) -> None:
    sweep(table, 50, 0.01)
    assert table.numbers("print(status.operation.sweeping.condition)") == [2.0]
    table.write("*TRG")
    assert table.numbers("print(smua.nvbuffer1.n)")[0] < 50
    table.write("waitcomplete()")
    assert table.numbers("print(status.operation.sweeping.condition, smua.nvbuffer1.n)") == [0.0, 50.0]
    table.write("format.asciiprecision = 12")
    stamps = table.numbers("printbuffer(1, 50, smua.nvbuffer1.timestamps)")
    assert np.diff(stamps) == pytest.approx(np.full(49, 0.01), abs=2e-6)
    voltages = np.array(table.numbers("printbuffer(1, 50, smua.nvbuffer2.readings)"))
    assert voltages == pytest.approx(np.arange(1, 51) / 100, abs=2e-3)


def test_both_channels_sweep_together(table: Table) -> None:
    sweep(table, 20, 0.01, channels="ab")
    assert table.numbers("print(status.operation.sweeping.condition)") == [6.0]
    table.write("*TRG", "waitcomplete()", "format.asciiprecision = 12")
    a, b = (np.array(table.numbers(f"printbuffer(1, 20, smu{c}.nvbuffer1.timestamps)")) for c in "ab")
    assert a - a[0] == pytest.approx(b - b[0], abs=2e-6)
    currents = [table.numbers(f"printbuffer(20, 20, smu{channel}.nvbuffer1.readings)")[0] for channel in "ab"]
    assert currents == pytest.approx([0.2 / OHM, 0.2 / 1e6], abs=100e-9)


def test_an_aborted_sweep_stops(table: Table) -> None:
    sweep(table, 1000, 0.01, step=0.001)
    table.write("*TRG", "delay(0.5)", "smua.abort()")
    assert table.numbers("print(status.operation.sweeping.condition)") == [0.0]
    (count,) = table.numbers("print(smua.nvbuffer1.n)")
    assert 45 < count < 55


def test_buffers_come_in_binary_too(table: Table) -> None:
    sweep(table, 10, 0.01)
    table.write("*TRG", "waitcomplete()", "format.asciiprecision = 16")
    text = table.numbers("printbuffer(1, 10, smua.nvbuffer1.readings)")
    for name, code, size in (("REAL64", "d", 8), ("REAL32", "f", 4)):
        table.write(f"format.data = format.{name}", "printbuffer(1, 10, smua.nvbuffer1.readings)")
        raw = table.smu.take()
        assert (raw[:2], raw[-1:], len(raw)) == (b"#0", b"\n", 10 * size + 3)
        assert struct.unpack(f"<10{code}", raw[2:-1]) == pytest.approx(text, rel=1e-6)


def test_a_single_channel_model_has_no_smub() -> None:
    film = ResistorFilm(2, [(0, 1, OHM)])
    world = World(film, Wiring(("A", "B"), wires=(("a.hi", "A"), ("a.lo", "B"))), VirtualClock())
    smu = Virtual2600(world, {"a": "a"}, model="2635B")
    smu.receive(b"print(smub, smua ~= nil)\n")
    assert smu.take() == b"nil\ttrue\n"


def test_high_impedance_lets_go_of_the_chip(table: Table) -> None:
    table.write("smua.source.levelv = 1 smua.source.output = smua.OUTPUT_HIGH_Z")
    assert abs(table.numbers("print(smua.measure.i())")[0]) < 1e-9
    assert table.numbers("print(smua.source.output)") == [2.0]
