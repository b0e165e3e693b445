"""Our drivers on virtual instruments: a 2636B on a chain of known resistors, and a 707B between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from pyvisa.constants import StatusCode
from pyvisa.typing import VISASession

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import FloatArray, Quantity
from nwlab.core.errors import DriveError, InstrumentError, RebootError, WireError
from nwlab.core.wiring import COMMON, Grid, Wiring
from nwlab.drivers.keithley707 import Keithley707
from nwlab.drivers.keithley2600 import Keithley2600
from nwlab.drivers.roles import Claimable, Interlocked, OffModes, Program, Ramps, Samples, Standing
from nwlab.model.resistor_film import ResistorFilm
from nwlab.virtual.k707 import Virtual707
from nwlab.virtual.k2600 import Virtual2600
from nwlab.virtual.port import Output
from nwlab.virtual.visa import NwlabVisaLibrary
from nwlab.virtual.world import World

V, I = Quantity.VOLTAGE, Quantity.CURRENT  # noqa: E741
OHM = 10e3
TWO = (("a.hi", "A"), ("a.lo", COMMON), ("b.hi", "B"), ("b.lo", COMMON))
FOUR = (("a.hi", "A"), ("a.shi", "B"), ("a.slo", "C"), ("a.lo", "D"), ("b.lo", COMMON))


class Setup:
    def __init__(
        self, wires: Sequence[tuple[str, str]] = TWO, chain: int = 1, address: str = "virtual:smu", **options: object
    ) -> None:
        self.clock = VirtualClock()
        terminals = tuple("ABCD"[: chain + 1])
        film = ResistorFilm(chain + 1, [(k, k + 1, OHM) for k in range(chain)])
        self.world = World(film, Wiring(terminals, wires=tuple(wires)), self.clock)
        virtual = Virtual2600(self.world, {"a": "a", "b": "b"}, model="2636B")
        library = NwlabVisaLibrary.of({address: virtual}, self.world)
        self.smu = Keithley2600(address, "smu", clock=self.clock, visa_library=library, **options)

    def begin(
        self,
        *programs: Program,
        dwell: float | list[float] = 0.05,
        delay: float | None = None,
        hold: bool = False,
    ) -> None:
        steps = programs[0].levels.size
        dwells: FloatArray = np.broadcast_to(np.asarray(dwell), steps).astype(float)
        plan = self.smu.plan(dwells, None if delay is None else np.full(steps, delay), programs, hold=hold)
        self.smu.load(plan)
        self.smu.switch_on([program.channel for program in programs])
        self.smu.start()

    def fetch(self) -> list[Samples]:
        return list(iter(self.smu.fetch, None))

    def play(self, *programs: Program, **more: object) -> Samples:
        self.begin(*programs, **more)  # type: ignore[arg-type]
        blocks = self.fetch()
        names = ("onset", "time", "aperture", "voltage", "current", "in_compliance", "overflow")
        return Samples(*(np.concatenate([getattr(block, name) for block in blocks]) for name in names))


def volts(*levels: float, channel: str = "a", compliance: float = 5e-4, remote: bool = False) -> Program:
    return Program(channel, V, np.array(levels), compliance, remote=remote)


def amps(*levels: float, channel: str = "a", compliance: float = 5.0, remote: bool = False) -> Program:
    return Program(channel, I, np.array(levels), compliance, remote=remote)


def test_connecting_finds_the_outputs_off() -> None:
    smu = Setup().smu
    assert (smu.model, smu.channels, smu.line_frequency, smu.found_on) == ("2636B", ("a", "b"), 50.0, ())


ADDRESSES = [
    "GPIB0::26::INSTR",
    "USB0::0x05E6::0x2636::4000001::INSTR",
    "TCPIP0::10.0.0.7::inst0::INSTR",
    "TCPIP0::10.0.0.7::5025::SOCKET",
    "ASRL3::INSTR",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_kind_of_link_carries_lines_and_blocks(address: str) -> None:
    setup = Setup(address=address)
    setup.smu.claim()
    samples = setup.play(volts(*np.linspace(0.0, 1.0, 200)), volts(*np.zeros(200), channel="b"), dwell=1e-3)
    assert samples.current[:, 0] == pytest.approx(np.linspace(0.0, 1e-4, 200), rel=2e-3, abs=1e-6)
    assert setup.smu.link.resyncs == setup.smu.link.retries == setup.smu.link.strays == 0


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.fault(1, "on every kind of VISA link the late answer was passed over")
def test_a_late_answer_is_passed_over_on_every_kind_of_link(address: str) -> None:
    smu = Setup(address=address, timeout=500).smu
    smu.write("smua.source.levelv = 0.25")
    smu.write("delay(0.8)")
    with pytest.raises(WireError, match="not answered within 500 ms"):
        smu.numbers("print(smua.measure.v())", 1)
    assert smu.numbers("print(smua.source.levelv)", 1) == [0.25]
    assert smu.link.resyncs == 1


class Uncleared(NwlabVisaLibrary):
    """A VISA whose interfaces have no device clear, or one that fails."""

    code = StatusCode.error_nonsupported_operation

    def clear(self, session: VISASession) -> StatusCode:
        return self.handle_return_value(session, self.code)


def late_answer(code: StatusCode) -> Keithley2600:
    """Connect by such a VISA, and let an answer come too late."""
    address = "USB0::0x05E6::0x2636::4000001::INSTR"
    world = World(ResistorFilm(2, [(0, 1, OHM)]), Wiring(("A", "B"), wires=TWO), VirtualClock())
    library = Uncleared.of({address: Virtual2600(world, {"a": "a", "b": "b"}, model="2636B")}, world)
    smu = Keithley2600(address, "smu", visa_library=library, timeout=500)
    cast("Uncleared", library).code = code
    smu.write("smua.source.levelv = 0.25")
    smu.write("delay(0.8)")
    with pytest.raises(WireError, match="not answered within 500 ms"):
        smu.numbers("print(smua.measure.v())", 1)
    return smu


@pytest.mark.fault(1, "where the interface has no device clear, the late answer was read away and passed over")
def test_a_late_answer_is_passed_over_without_a_device_clear() -> None:
    smu = late_answer(StatusCode.error_nonsupported_operation)
    assert smu.numbers("print(smua.source.levelv)", 1) == [0.25]
    assert smu.link.resyncs == 1


def test_a_device_clear_that_fails_is_an_error() -> None:
    smu = late_answer(StatusCode.error_io)
    with pytest.raises(WireError, match="'getting back into step' failed: VI_ERROR_IO"):
        smu.numbers("print(smua.source.levelv)", 1)


def test_levels_and_times_of_a_list() -> None:
    levels = [0.1, 1.0, -0.5, 0.25]
    dwell = [0.05, 0.1, 0.05, 0.2]
    samples = Setup().play(volts(*levels), volts(0, 0, 0, 0, channel="b"), dwell=dwell)
    assert samples.voltage[:, 0] == pytest.approx(levels, rel=1e-3, abs=1e-3)
    assert samples.current[:, 0] == pytest.approx(np.array(levels) / OHM, rel=1e-3, abs=2e-7)
    assert samples.current[:, 1] == pytest.approx(-np.array(levels) / OHM, rel=1e-3, abs=2e-7)
    assert samples.onset == pytest.approx(np.cumsum(dwell) - dwell, abs=5e-6)
    assert samples.time[:, 0] == pytest.approx(samples.time[:, 1], abs=5e-6)
    assert not samples.in_compliance.any()


@pytest.mark.parametrize("levels", [np.linspace(-1, 1, 41), np.full(41, 0.3), np.sin(np.arange(41.0))])
def test_ramps_constants_and_lists(levels: FloatArray) -> None:
    samples = Setup().play(volts(*levels), volts(*np.zeros(41), channel="b"), dwell=1e-3)
    assert samples.current[:, 0] == pytest.approx(levels / OHM, rel=2e-3, abs=1e-6)


def test_read_delay_is_kept() -> None:
    samples = Setup().play(volts(0.1, 0.2), volts(0, 0, channel="b"), delay=0.01)
    assert samples.time[:, 0] - samples.aperture[:, 0] / 2 - samples.onset == pytest.approx(0.01, abs=5e-6)


def test_the_last_level_is_held_for_its_whole_dwell_then_zero() -> None:
    setup = Setup()
    setup.begin(volts(0.1, 1.0), volts(0, 0, channel="b"), dwell=[0.05, 3.0])
    began = setup.clock.now()
    setup.fetch()
    assert setup.clock.now() - began >= 3.05 - 1e-4
    assert abs(setup.smu.channel("a").measure_iv()[0]) < 1e-6


def test_a_level_is_held_into_the_next_drive() -> None:
    setup = Setup()
    setup.play(volts(0.1, 1.0), volts(0, 0, channel="b"), hold=True)
    assert setup.smu.channel("a").measure_iv()[0] == pytest.approx(1e-4, rel=1e-2)
    plan = setup.smu.plan(np.full(1, 0.05), None, [volts(0.05), volts(0, channel="b")], hold=False)
    setup.smu.load(plan)
    assert setup.smu.channel("a").measure_iv()[0] == pytest.approx(1e-4, rel=1e-2)
    setup.smu.start()
    (block,) = setup.fetch()
    assert block.current[:, 0] == pytest.approx([5e-6], rel=1e-2)
    assert abs(setup.smu.channel("a").measure_iv()[0]) < 1e-6
    assert setup.smu.channel("a").source_voltage == 0


def test_compliance_limits_and_is_flagged_per_sample() -> None:
    samples = Setup().play(volts(0.2, 1.0, -1.0, 0.1, compliance=5e-5), volts(0, 0, 0, 0, channel="b"))
    assert samples.in_compliance[:, 0].tolist() == [False, True, True, False]
    assert samples.current[:, 0] == pytest.approx([2e-5, 5e-5, -5e-5, 1e-5], rel=1e-2)
    assert samples.voltage[1, 0] == pytest.approx(0.5, rel=1e-2)


def test_a_hundred_nanoamperes_of_compliance_arrive() -> None:
    setup = Setup()
    samples = setup.play(volts(0.5, compliance=1e-7), volts(0, channel="b", compliance=1e-6), dwell=0.2)
    assert setup.smu.channel("a").compliance_current == pytest.approx(1e-7)
    assert samples.current[0, 0] == pytest.approx(1e-7, rel=1e-2)
    assert samples.in_compliance[0, 0]


def test_a_forced_current_reads_the_voltage_and_its_limit() -> None:
    samples = Setup().play(amps(1e-4, -5e-5, 5e-4, compliance=2.0), volts(0, 0, 0, channel="b", compliance=1e-3))
    assert samples.voltage[:, 0] == pytest.approx([1.0, -0.5, 2.0], rel=5e-3)
    assert samples.in_compliance[:, 0].tolist() == [False, False, True]


def test_remote_sense_reads_the_inner_pair() -> None:
    near = Setup(FOUR, 3).play(amps(1e-4), dwell=0.1)
    assert near.voltage[0, 0] == pytest.approx(3.0, rel=5e-3)
    far = Setup(FOUR, 3).play(amps(1e-4, remote=True), dwell=0.1)
    assert far.voltage[0, 0] == pytest.approx(1.0, rel=5e-3)


def test_long_drives_come_in_blocks_while_they_run() -> None:
    setup = Setup()
    steps = 3000
    setup.begin(volts(*np.full(steps, 0.1)), volts(*np.zeros(steps), channel="b"), dwell=1e-3)
    began = setup.clock.now()
    blocks, arrivals = list[Samples](), list[float]()
    while (block := setup.smu.fetch()) is not None:
        blocks.append(block)
        arrivals.append(setup.clock.now() - began)
    assert arrivals[0] < 0.1
    assert 5 < len(blocks) < 60
    assert sum(block.onset.size for block in blocks) == steps
    assert np.concatenate([block.onset for block in blocks]) == pytest.approx(np.arange(steps) * 1e-3, abs=5e-6)


def test_rest_aborts_and_the_next_drive_is_clean() -> None:
    setup = Setup()
    setup.begin(volts(*np.full(200, 1.0)), volts(*np.zeros(200), channel="b"))
    setup.smu.fetch()
    setup.smu.rest()
    assert setup.smu.outputs() == {"a": True, "b": True}
    assert abs(setup.smu.channel("a").measure_iv()[0]) < 1e-6
    assert setup.smu.fetch() is None
    again = setup.play(volts(0.2, 0.2), volts(0, 0, channel="b"))
    assert again.current[:, 0] == pytest.approx(2e-5, rel=1e-2)
    assert again.onset == pytest.approx([0, 0.05], abs=5e-6)


def seen_by_the_world(setup: Setup) -> list[float]:
    """The levels that channel a puts out from now on, in the order they come."""
    levels: list[float] = []
    force = setup.world.force

    def watch(channel: str, output: Output | None) -> None:
        if channel == "a":
            levels.append(output.level if output is not None else 0.0)
        force(channel, output)

    setup.world.force = watch  # type: ignore[method-assign]
    return levels


@pytest.mark.parametrize("quantity", [V, I])
def test_freezing_a_sweep_keeps_its_level_without_a_step_through_zero(quantity: Quantity) -> None:
    setup = Setup()
    levels = np.linspace(0.5, 1.0, 11) * (1 if quantity is V else 1e-4)
    a = volts(*levels) if quantity is V else amps(*levels)
    setup.begin(a, volts(*np.zeros(11), channel="b"), dwell=1.0)
    setup.clock.sleep(4.5)
    setup.smu.outputs()  # a virtual instrument catches up when it is spoken to
    seen = seen_by_the_world(setup)
    standing = setup.smu.freeze()
    assert standing["a"] == Standing(quantity, pytest.approx(levels[4]))  # type: ignore[arg-type]
    assert standing["b"].level == 0
    setup.clock.sleep(20.0)
    assert seen
    assert seen == pytest.approx([levels[4]] * len(seen), rel=1e-3)
    assert setup.smu.fetch() is None


def test_freezing_keeps_a_held_level_and_what_somebody_else_set() -> None:
    setup = Setup()
    setup.play(volts(0.1, 0.7), hold=True)
    setup.smu.channel("b").source_voltage = 0.25
    setup.smu.channel("b").source_enabled = True
    seen = seen_by_the_world(setup)
    assert setup.smu.freeze() == {"a": Standing(V, 0.7), "b": Standing(V, 0.25)}
    assert seen == pytest.approx([0.7] * len(seen), rel=1e-3)
    setup.smu.switch_off(["a", "b"])
    assert setup.smu.freeze() == {}


def test_freezing_after_the_end_finds_zero() -> None:
    setup = Setup()
    setup.begin(volts(0.1, 0.7), volts(0, 0, channel="b"))
    setup.clock.sleep(1.0)
    assert setup.smu.freeze() == {"a": Standing(V, 0.0), "b": Standing(V, 0.0)}


def test_a_ramp_goes_down_in_steps_and_the_next_drive_starts_from_there() -> None:
    setup = Setup()
    setup.begin(volts(*np.full(100, 1.0)), volts(*np.zeros(100), channel="b"))
    setup.smu.freeze()
    seen = seen_by_the_world(setup)
    for level in (0.8, 0.6, 0.4):
        setup.smu.set_level("a", level)
    assert seen == pytest.approx([0.8, 0.6, 0.4], rel=1e-3)
    plan = setup.smu.plan(np.full(2, 0.05), None, [volts(0.2, 0.3), volts(0, 0, channel="b")], hold=False)
    setup.smu.load(plan)
    assert seen == pytest.approx([0.8, 0.6, 0.4, *[0.4] * (len(seen) - 3)], rel=1e-3)
    setup.smu.start()
    setup.fetch()
    assert seen[-1] == pytest.approx(0, abs=1e-4)


def test_off_modes_are_read_back() -> None:
    setup = Setup()
    for mode, code in (("high-z", 2), ("zero", 1), ("normal", 0)):
        setup.smu.set_off_mode("a", mode)
        assert setup.smu.numbers("print(smua.source.offmode)", 1) == [code]
    with pytest.raises(DriveError, match="off-mode 'guard' was asked for channel a; there are normal, zero, high-z"):
        setup.smu.set_off_mode("a", "guard")


def test_the_optional_roles_are_filled() -> None:
    smu = Setup().smu
    assert all(isinstance(smu, role) for role in (Ramps, OffModes, Interlocked, Claimable))


def test_an_output_that_goes_off_by_itself_ends_the_drive() -> None:
    setup = Setup()
    setup.begin(volts(*np.full(200, 1.0)), volts(*np.zeros(200), channel="b"))
    setup.smu.fetch()
    setup.smu.write("smub.source.output = 0")
    with pytest.raises(InstrumentError, match="output b went off by itself"):
        setup.smu.fetch()


def test_an_instrument_that_lost_its_settings_is_noticed() -> None:
    setup = Setup()
    setup.smu.claim()
    setup.begin(volts(*np.full(200, 1.0)), volts(*np.zeros(200), channel="b"))
    setup.smu.write("nwlab_mark = nil")
    with pytest.raises(RebootError, match="nothing was replayed"):
        setup.fetch()
    with pytest.raises(DriveError, match="no confirmed limits"):
        setup.smu.switch_on(["a"])
    setup.smu.shutdown()
    assert setup.smu.outputs() == {"a": False, "b": False}


def test_switching_off_is_read_back() -> None:
    setup = Setup()
    setup.play(volts(0.1), volts(0, channel="b"))
    setup.smu.switch_off(["b"])
    assert setup.smu.outputs() == {"a": True, "b": False}
    setup.smu.shutdown()
    assert setup.smu.outputs() == {"a": False, "b": False}


def test_a_source_does_not_change_its_function_while_on() -> None:
    setup = Setup()
    setup.play(volts(0.1), volts(0, channel="b"))
    with pytest.raises(DriveError, match="switch it off"):
        setup.begin(amps(1e-5))
    setup.smu.switch_off(["a"])
    assert setup.play(amps(1e-5), volts(0, channel="b")).voltage[0, 0] == pytest.approx(0.1, rel=1e-2)


def test_what_the_instrument_refuses_is_raised() -> None:
    a = Setup().smu.channel("a")
    with pytest.raises(InstrumentError, match="1102"):
        a.compliance_current = 0


def test_use_by_hand() -> None:
    setup = Setup()
    a, b = setup.smu.channel("a"), setup.smu.channel("b")
    for channel, limit in ((a, 1e-4), (b, 1e-3)):
        channel.source_function = "voltage"
        channel.compliance_current = limit
        channel.source_enabled = True
    a.source_voltage = 0.5
    current, voltage = a.measure_iv()
    assert (current, voltage) == (pytest.approx(5e-5, rel=1e-2), pytest.approx(0.5, rel=1e-2))
    assert not a.compliance_tripped
    a.source_voltage = 5.0
    assert a.compliance_tripped
    assert a.current == pytest.approx(1e-4, rel=1e-2)
    a.rest()
    assert a.source_voltage == 0


def test_closing_a_crosspoint_changes_what_is_measured() -> None:
    clock = VirtualClock()
    grid = Grid("m", {"A": "a.hi", "B": COMMON}, {1: "A", 14: "B"})
    wiring = Wiring(("A", "B"), (grid,), (("a.lo", COMMON),))
    world = World(ResistorFilm(2, [(0, 1, OHM)]), wiring, clock)
    table = {"virtual:smu": Virtual2600(world, {"a": "a"}, model="2635B"), "virtual:m": Virtual707(world, "m")}
    library = NwlabVisaLibrary.of(table, world)
    smu = Keithley2600("virtual:smu", "smu", clock=clock, visa_library=library)
    matrix = Keithley707("virtual:m", "m", clock=clock, visa_library=library)
    a = smu.channel("a")
    a.compliance_current = 1e-3
    a.source_voltage = 1.0
    a.source_enabled = True
    assert abs(a.current) < 1e-6
    before = clock.now()
    matrix.close_crosspoints([("A", 1), ("B", 14)])
    assert clock.now() - before >= 0.02
    assert matrix.closed_crosspoints() == {("A", 1), ("B", 14)}
    assert a.current == pytest.approx(1.0 / OHM, rel=1e-2)
    matrix.open_crosspoints([("A", 1)])
    assert abs(a.current) < 1e-6
    matrix.open_all()
    assert matrix.closed_crosspoints() == frozenset()


def test_a_forbidden_crosspoint_is_refused_by_the_mainframe() -> None:
    clock = VirtualClock()
    world = World(ResistorFilm(2, [(0, 1, OHM)]), Wiring(("A", "B"), (Grid("m", {"A": "a.hi"}, {1: "A"}),)), clock)
    matrix = Keithley707(
        "virtual:m", "m", clock=clock, visa_library=NwlabVisaLibrary.of({"virtual:m": Virtual707(world, "m")}, world)
    )
    matrix.forbid([("A", 1)])
    assert matrix.forbidden() == {("A", 1)}
    with pytest.raises(InstrumentError):
        matrix.close_crosspoints([("A", 1)])
    matrix.set_delay(("B", 2), 0.25)
    assert matrix.delay(("B", 2)) == 0.25
    assert matrix.connect_rule == "break before make"
