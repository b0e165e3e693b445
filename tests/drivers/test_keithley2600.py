"""What a 2600B driver says and understands, in transcripts written from the manual's syntax."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from drivers.transcript import STEP, conversation, lines

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Quantity
from nwlab.core.errors import DriveError, InstrumentError, WireError
from nwlab.drivers import keithley2600_sweep as words
from nwlab.drivers.keithley2600 import Keithley2600
from nwlab.drivers.keithley2600_plan import Planner
from nwlab.drivers.keithley2600_ranges import MODELS
from nwlab.drivers.roles import Plan, Program

CONNECT = """
> *IDN?
< Keithley Instruments Inc., Model 2635B, 1398687, 3.2.1
> print(localnode.linefreq)
< 5.00000e+01
> print(smua.source.output)
< 0.00000e+00
"""
NO_ERROR = """
> print(errorqueue.count)
< 0.00000e+00
"""
READ_BACK = """
> print(smua.source.func, smua.sense, smua.source.limiti, smua.source.rangev, smua.measure.rangei, smua.measure.nplc)
"""
FOUND = """
> print(smua.source.output)
< 0.000000000e+00
> print(smua.source.func)
< 1.000000000e+00
> errorqueue.clear()
"""
ALIKE = r"< 1.000000000e+00\t0.000000000e+00\t1.000000000e-07\t2.000000000e-01\t1.000000000e-07\t4.000000000e+00" + "\n"
_COUNTED = """
> format.asciiprecision = 10
> smua.abort() smua.source.levelv = 0 smua.source.leveli = 0
> smua.source.func = smua.OUTPUT_DCVOLTS
> smua.sense = smua.SENSE_LOCAL
> smua.source.limiti = 1.000000000e-07 smua.source.rangev = 2.000000000e-01
> smua.measure.nplc = 4.000000000e+00 smua.measure.rangei = 1.000000000e-07
> smua.measure.count = 1 smua.measure.filter.enable = smua.FILTER_OFF
> smua.measure.rel.enablev = smua.REL_OFF smua.measure.rel.enablei = smua.REL_OFF
> smua.source.delay = 0 smua.measure.delay = 0 smua.measure.autozero = smua.AUTOZERO_ONCE
> trigger.timer[1].reset() trigger.timer[2].reset() trigger.timer[3].reset()
> trigger.timer[1].delay = 1.000000000e-01 trigger.timer[2].delay = 1.000000000e-01
> trigger.timer[3].delay = 1.500000000e-02
> trigger.timer[1].count = 3 trigger.timer[1].passthrough = true
> trigger.timer[2].count = 3 trigger.timer[2].passthrough = false
> trigger.timer[3].count = 1 trigger.timer[3].passthrough = false
> trigger.timer[3].stimulus = trigger.timer[1].EVENT_ID
> trigger.timer[1].stimulus = smua.trigger.ARMED_EVENT_ID trigger.timer[2].stimulus = smua.trigger.ARMED_EVENT_ID
> smua.nvbuffer1.clear() smua.nvbuffer1.appendmode = 1 smua.nvbuffer1.cachemode = 0 smua.nvbuffer1.fillmode = 0
> smua.nvbuffer1.collectsourcevalues = 0 smua.nvbuffer1.collecttimestamps = 1
> smua.nvbuffer2.clear() smua.nvbuffer2.appendmode = 1 smua.nvbuffer2.cachemode = 0 smua.nvbuffer2.fillmode = 0
> smua.nvbuffer2.collectsourcevalues = 0 smua.nvbuffer2.collecttimestamps = 0
> smua.nvbuffer1.timestampresolution = 1.000000000e-06
> nwlab_levels = {}
> for _, x in ipairs({1.000000000e-01, 5.000000000e-02, 2.000000000e-01}) do table.insert(nwlab_levels, x) end
> smua.trigger.source.listv(nwlab_levels)
> nwlab_levels = nil
> smua.trigger.measure.iv(smua.nvbuffer1, smua.nvbuffer2)
> smua.trigger.source.limitv = smua.LIMIT_AUTO smua.trigger.source.limiti = smua.LIMIT_AUTO
> smua.trigger.source.action = smua.ENABLE smua.trigger.measure.action = smua.ENABLE
> smua.trigger.endpulse.action = smua.SOURCE_HOLD smua.trigger.endsweep.action = smua.SOURCE_IDLE
> smua.trigger.count = 3 smua.trigger.arm.count = 1 smua.trigger.arm.stimulus = 0
> smua.trigger.source.stimulus = trigger.timer[1].EVENT_ID
> smua.trigger.measure.stimulus = trigger.timer[3].EVENT_ID
> smua.trigger.endpulse.stimulus = trigger.timer[2].EVENT_ID
"""
SENT = f"""
{FOUND}
> nwlab_lines = 0
{_COUNTED.strip().replace(chr(10), " nwlab_lines = nwlab_lines + 1" + chr(10))} nwlab_lines = nwlab_lines + 1
"""
ARRIVED = f"""
> print(nwlab_lines)
< {_COUNTED.count("> "):.9e}
"""
LOADED = f"{SENT}{NO_ERROR}{ARRIVED}{READ_BACK}"
ONE_ARRIVED = """
> print(nwlab_lines)
< 1.00000e+00
"""
START = f"""
> smua.trigger.initiate()
{NO_ERROR}"""
POLL = """
> print(status.operation.sweeping.condition, smua.source.output, smua.nvbuffer1.n, smua.nvbuffer2.n)
"""
PRINT = (
    "format.data = format.REAL64 format.byteorder = format.LITTLEENDIAN printbuffer({}, {}, smua.nvbuffer1.timestamps, "
    "smua.nvbuffer1.readings, smua.nvbuffer2.readings, smua.nvbuffer1.statuses) format.data = format.ASCII"
)


def program(quantity: Quantity = Quantity.VOLTAGE) -> Program:
    return Program("a", quantity, np.array([0.1, 0.05, 0.2]), 1e-7 if quantity is Quantity.VOLTAGE else 1.0)


def planned(smu: Keithley2600) -> Plan:
    return smu.plan(np.full(3, 0.1), None, [program()], hold=False)


def block(*rows: tuple[float, float, float, int]) -> bytes:
    return b"#0" + b"".join(struct.pack("<4d", *row) for row in rows) + b"\n"


def test_connecting_reads_and_changes_nothing() -> None:
    with conversation(Keithley2600, lines(CONNECT)) as smu:
        assert (smu.model, smu.channels, smu.line_frequency) == ("2635B", ("a",), 50.0)


def test_an_output_found_on_is_reported() -> None:
    found = [*lines(CONNECT)[:-1], ("print(smua.source.output)", "1.00000e+00")]
    with conversation(Keithley2600, found) as smu:
        assert smu.found_on == ("a",)


def test_a_whole_drive() -> None:
    clock = VirtualClock()
    # Switching on compares the settings once more, and reads the output back.
    switch_on = f"""
        {READ_BACK}{ALIKE}
        > print(smua.source.output)
        < 0.000000000e+00
        > smua.source.levelv = 0 smua.source.leveli = 0 smua.source.output = smua.OUTPUT_ON
        {NO_ERROR}
        > print(smua.source.output)
        < 1.000000000e+00
    """
    one_there = f"{POLL}< 2.000000000e+00\\t1.000000000e+00\\t1.000000000e+00\\t1.000000000e+00\n"
    all_there = f"{POLL}< 0.000000000e+00\\t1.000000000e+00\\t3.000000000e+00\\t3.000000000e+00\n"
    transcript = [
        *lines(CONNECT + LOADED + ALIKE + switch_on + START + one_there),
        (PRINT.format(1, 1), block((5.0, 1e-8, 0.1, 0))),
        *lines(all_there),
        (PRINT.format(2, 3), block((5.1, 9.91e37, 0.05, 2), (5.2, 1e-7, 0.18, 0x40))),
        *lines(all_there + NO_ERROR),
    ]
    with conversation(Keithley2600, transcript, clock=clock) as smu:
        smu.load(planned(smu))
        smu.switch_on(["a"])
        smu.start()
        one, two = smu.fetch(), smu.fetch()
        assert smu.fetch() is None
    assert one is not None
    assert two is not None
    assert one.onset == pytest.approx([0.0])
    assert one.time == pytest.approx(np.array([[0.015 + 0.04]]))
    assert two.onset == pytest.approx([0.1, 0.2])
    assert two.overflow.tolist() == [[True], [False]]
    assert np.isnan(two.current[0, 0])
    assert two.current[1, 0] == 1e-7
    assert two.voltage[:, 0].tolist() == [0.05, 0.18]
    assert two.in_compliance.tolist() == [[False], [True]]
    assert two.aperture.tolist() == [[0.08], [0.08]]


def test_two_channels_wait_for_each_other() -> None:
    two = Planner("2636B", MODELS["2636B"], 50.0).plan(
        np.array([0.1, 0.2]),
        np.array([0.001, 0.002]),
        [Program("a", Quantity.VOLTAGE, np.ones(2), 1e-4), Program("b", Quantity.VOLTAGE, np.zeros(2), 1e-4)],
        hold=True,
    )
    assert list(words.timing(two)) == [
        "trigger.blender[1].reset() trigger.blender[1].orenable = false",
        "trigger.blender[1].stimulus[1] = smua.trigger.ARMED_EVENT_ID",
        "trigger.blender[1].stimulus[2] = smub.trigger.ARMED_EVENT_ID",
        "trigger.timer[1].reset() trigger.timer[2].reset() trigger.timer[3].reset()",
        "nwlab_delays = {}",
        "for _, x in ipairs({1.000000000e-01, 2.000000000e-01}) do table.insert(nwlab_delays, x) end",
        "trigger.timer[1].delaylist = nwlab_delays trigger.timer[2].delaylist = nwlab_delays",
        "nwlab_delays = nil",
        "nwlab_delays = {}",
        "for _, x in ipairs({1.000000000e-03, 2.000000000e-03}) do table.insert(nwlab_delays, x) end",
        "trigger.timer[3].delaylist = nwlab_delays",
        "nwlab_delays = nil",
        "trigger.timer[1].count = 2 trigger.timer[1].passthrough = true",
        "trigger.timer[2].count = 2 trigger.timer[2].passthrough = false",
        "trigger.timer[3].count = 1 trigger.timer[3].passthrough = false",
        "trigger.timer[3].stimulus = trigger.timer[1].EVENT_ID",
        "trigger.timer[1].stimulus = {0} trigger.timer[2].stimulus = {0}".format("trigger.blender[1].EVENT_ID"),
    ]
    assert words.initiate(two) == "smua.trigger.initiate() smub.trigger.initiate()"
    assert "smub.trigger.endsweep.action = smub.SOURCE_HOLD" in "\n".join(words.sweep(two.programs[1], two))


def test_ramps_go_as_ramps_and_long_drives_with_coarser_stamps() -> None:
    ramp = Program("a", Quantity.VOLTAGE, np.linspace(-1, 1, 201), 1e-4)
    plan = Planner("2636B", MODELS["2636B"], 50.0).plan(np.full(201, 60.0), None, [ramp], hold=False)
    sent = list(words.sweep(ramp, plan))
    assert "smua.trigger.source.linearv(-1.000000000e+00, 1.000000000e+00, 201)" in sent
    (stamp,) = (line for line in sent if "timestampresolution" in line)
    resolution = float(stamp.split("=")[1])
    assert resolution * 2**32 > 201 * 60.0 + 60
    assert np.log2(resolution / 1e-6) % 1 == 0


def test_a_limit_that_stayed_bars_the_output() -> None:
    kept = ALIKE.replace("1.000000000e-07", "1.000000000e-01", 1)
    with conversation(Keithley2600, lines(CONNECT + LOADED + kept)) as smu:
        with pytest.raises(InstrumentError, match=r"current limit of channel a was set to 1e-07 but reads back as 0.1"):
            smu.load(planned(smu))
        with pytest.raises(DriveError, match="channel a has no confirmed limits"):
            smu.switch_on(["a"])
        with pytest.raises(DriveError, match="nothing is loaded"):
            smu.start()


def test_a_refused_limit_bars_the_output() -> None:
    refused = (
        f"{SENT}> print(errorqueue.count)\n< 1.000000000e+00\n"
        "> print(errorqueue.next())\n< 1.102000000e+03\\tParameter too small\\t2.000000000e+01\\t1.000000000e+00"
    )
    with conversation(Keithley2600, lines(CONNECT + refused)) as smu:
        with pytest.raises(InstrumentError, match="1102: Parameter too small"):
            smu.load(planned(smu))
        with pytest.raises(DriveError, match="no confirmed limits"):
            smu.switch_on(["a"])


def test_an_output_that_is_on_keeps_its_function() -> None:
    on = "> print(smua.source.output)\n< 1.00000e+00\n> print(smua.source.func)\n< 1.00000e+00"
    with conversation(Keithley2600, lines(CONNECT + on)) as smu:
        plan = smu.plan(np.full(3, 0.5), None, [program(Quantity.CURRENT)], hold=False)
        with pytest.raises(DriveError, match="switch it off before it may source current"):
            smu.load(plan)


def test_a_sweep_that_ends_early_is_told() -> None:
    early = f"{POLL}< 0.000000000e+00\\t1.000000000e+00\\t0.000000000e+00\\t0.000000000e+00\n{NO_ERROR}"
    transcript = lines(CONNECT + LOADED + ALIKE + START + early)
    with conversation(Keithley2600, transcript, clock=VirtualClock()) as smu:
        smu.load(planned(smu))
        smu.start()
        with pytest.raises(InstrumentError, match="ended after 0 of 3 steps"):
            smu.fetch()


@pytest.mark.parametrize(
    "reply",
    [
        block((0.0, 1e-8, 0.1, 0))[:-1],
        block((0.0, 1e-8, 0.1, 0)).replace(b"#0", b"#1"),
        block((0.0, 1e-8, 0.1, 0))[:20],
        block((0.0, 1e-8, 0.1, 300)),
        block((float("nan"), 1e-8, 0.1, 0)),
    ],
)
def test_a_torn_block_is_no_reading(reply: bytes) -> None:
    poll = f"{POLL}< 2.000000000e+00\\t1.000000000e+00\\t1.000000000e+00\\t1.000000000e+00"
    asked, step = (PRINT.format(1, 1), reply), (STEP, None)
    started = lines(CONNECT + LOADED + ALIKE + START + poll)
    transcript = [*started, asked, step, asked, step, asked]
    with conversation(Keithley2600, transcript, clock=VirtualClock()) as smu:
        smu.load(planned(smu))
        smu.start()
        with pytest.raises(WireError, match="printbuffer"):
            smu.fetch()


def test_rest_aborts_and_reads_back() -> None:
    rest = """
    > trigger.timer[1].reset() trigger.timer[2].reset() trigger.timer[3].reset()
    > smua.abort() smua.source.levelv = 0 smua.source.leveli = 0
    > print(status.operation.sweeping.condition, smua.source.levelv, smua.source.leveli)
    """
    with conversation(Keithley2600, lines(CONNECT + rest + r"< 0.00000e+00\t0.00000e+00\t0.00000e+00")) as smu:
        smu.rest()
    for found, complaint in (
        (r"0.00000e+00\t5.00000e-01\t0.00000e+00", "sent to zero but stands at"),
        (r"2.00000e+00\t0.00000e+00\t0.00000e+00", "sent to zero but goes on with its sweep"),
    ):
        with (
            conversation(Keithley2600, lines(f"{CONNECT}{rest}< {found}")) as smu,
            pytest.raises(InstrumentError, match=complaint),
        ):
            smu.rest()


def test_properties_for_use_by_hand() -> None:
    by_hand = f"""
    > nwlab_lines = 0
    > smua.source.limiti = 1.000000000e-07 nwlab_lines = nwlab_lines + 1
    {NO_ERROR}
    {ONE_ARRIVED}
    > print(smua.source.limiti)
    < 1.00000e-07
    > nwlab_lines = 0
    > smua.sense = 1 nwlab_lines = nwlab_lines + 1
    {NO_ERROR}
    {ONE_ARRIVED}
    > print(smua.sense)
    < 1.00000e+00
    > nwlab_lines = 0
    > smua.source.output = 1 nwlab_lines = nwlab_lines + 1
    {NO_ERROR}
    {ONE_ARRIVED}
    > print(smua.source.output)
    < 1.00000e+00
    > print(smua.measure.iv())
    < 1.23456e-06\\t1.00000e-01
    > print(smua.source.compliance)
    < true
    > nwlab_lines = 0
    > smua.source.limiti = 0.000000000e+00 nwlab_lines = nwlab_lines + 1
    > print(errorqueue.count)
    < 1.00000e+00
    > print(errorqueue.next())
    < 1.10200e+03\\tParameter too small\\t2.00000e+01\\t1.00000e+00
    """
    with conversation(Keithley2600, lines(CONNECT + by_hand)) as smu:
        a = smu.channel("a")
        a.compliance_current = 1e-7
        assert a.compliance_current == 1e-7
        a.sense_mode = "remote"
        assert a.sense_mode == "remote"
        a.source_enabled = True
        assert a.source_enabled is True
        assert a.measure_iv() == (1.23456e-6, 0.1)
        assert a.compliance_tripped
        with pytest.raises(InstrumentError, match="1102"):
            a.compliance_current = 0
        with pytest.raises(ValueError, match="100"):
            a.nplc = 100
