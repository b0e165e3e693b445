"""A plan in the instrument's own words, and the buffers' contents back as samples. Nothing is sent here.

Theory of operation. Three trigger timers keep time for all channels at once:

    timer 1   starts when every channel is armed; fires at the start of each step: all sources go to their next level
    timer 2   fires at the end of each step, also of the last one, which is so held for its whole dwell
    timer 3   started by timer 1; fires a read delay later: all channels read voltage and current into their buffers

A sweep ends on its last level (SOURCE_HOLD) or back at the idle level, which is zero (SOURCE_IDLE). Each channel's
nvbuffer1 takes current, time stamp and status, its nvbuffer2 voltage; the first time stamp of a buffer is its zero.
Source: 2600BS-901-01, sections "Sweep operation", "Triggering", "Reading buffers".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nwlab.core.drive import FloatArray, Quantity
from nwlab.drivers.keithley2600_plan import TICK
from nwlab.drivers.roles import Plan, Program, Samples, Standing

FIELDS = 4  # numbers that one step of one channel comes back as
COMPLIANCE = 0x40  # bit B6 of a reading's status ("Buffer status bits")
OVERFLOW = 9.9e37  # a reading beyond its range comes as ±9.91e37
SWEEPING = {"a": 2, "b": 4}  # bits of status.operation.sweeping.condition
LETTER = {Quantity.VOLTAGE: "v", Quantity.CURRENT: "i"}
FUNCTION = {Quantity.VOLTAGE: "OUTPUT_DCVOLTS", Quantity.CURRENT: "OUTPUT_DCAMPS"}
FUNCTION_CODE = {Quantity.VOLTAGE: 1.0, Quantity.CURRENT: 0.0}
_PER_LINE = 40  # list items in one line
_STAMPS = 2**32  # different values of a time stamp, which is stored in four bytes


def exact(value: float) -> str:
    """Write a set-point with ten significant digits, so that nanoamperes survive."""
    return f"{value:.9e}"


def rest(channel: str) -> str:
    """Return the line that ends a channel's sweep and brings its level to zero."""
    return f"smu{channel}.abort() {zero(channel)}"


def zero(channel: str) -> str:
    """Return the line that sets both of a channel's own levels to zero."""
    return f"smu{channel}.source.levelv = 0 smu{channel}.source.leveli = 0"


def resting(channel: str) -> str:
    """Return the question whether a channel is at rest: the sweeping bits and its own two levels.

    A channel's own levels are zero during a sweep, too.
    """
    return f"print(status.operation.sweeping.condition, smu{channel}.source.levelv, smu{channel}.source.leveli)"


def level(channel: str, quantity: Quantity, value: float) -> str:
    """Return the line that sets a channel's own level."""
    return f"smu{channel}.source.level{LETTER[quantity]} = {exact(value)}"


def freeze(channels: Sequence[str], standing: Mapping[str, Standing]) -> str:
    """Return the one line that ends all sweeps with each channel at the level where it stands.

    A sweep that is aborted goes back to the channel's own level (smuX.abort), which is therefore set before.
    """
    levels = (level(channel, at.quantity, at.level) for channel, at in standing.items())
    return " ".join((*levels, *(f"smu{channel}.abort()" for channel in channels), stop_timers()))


def stop_timers() -> str:
    """Return the line that stops the timers, which would outlive an aborted sweep."""
    return " ".join(f"trigger.timer[{number}].reset()" for number in (1, 2, 3))


def settings(program: Program, source_range: float, nplc: float, *, held: bool, limit_first: bool) -> Iterator[str]:
    """Yield the lines that set a channel up; the level stays where it is when `held`, else it is zero.

    The highest source range and a limit too high for it must never meet: `limit_first` says which one is set first.
    """
    smu, source, other = f"smu{program.channel}", LETTER[program.quantity], LETTER[program.quantity.other]
    if not held:
        yield rest(program.channel)
        yield f"{smu}.source.func = {smu}.{FUNCTION[program.quantity]}"
    yield f"{smu}.sense = {smu}.{'SENSE_REMOTE' if program.remote else 'SENSE_LOCAL'}"
    span = f"{smu}.source.range{source} = {exact(source_range)}"
    limit = f"{smu}.source.limit{other} = {exact(program.compliance)}"
    yield f"{limit} {span}" if limit_first else f"{span} {limit}"
    yield f"{smu}.measure.nplc = {exact(nplc)} {smu}.measure.range{other} = {exact(program.range or 0)}"
    yield f"{smu}.measure.count = 1 {smu}.measure.filter.enable = {smu}.FILTER_OFF"
    yield f"{smu}.measure.rel.enablev = {smu}.REL_OFF {smu}.measure.rel.enablei = {smu}.REL_OFF"
    yield f"{smu}.source.delay = 0 {smu}.measure.delay = 0 {smu}.measure.autozero = {smu}.AUTOZERO_ONCE"


def readback(program: Program) -> str:
    """Return the question whose answer `expected` must equal."""
    smu, source, other = f"smu{program.channel}", LETTER[program.quantity], LETTER[program.quantity.other]
    return (
        f"print({smu}.source.func, {smu}.sense, {smu}.source.limit{other}, {smu}.source.range{source}, "
        f"{smu}.measure.range{other}, {smu}.measure.nplc)"
    )


def expected(program: Program, source_range: float, nplc: float) -> dict[str, float]:
    """Return what `readback` must give, in order. Sense codes: 0 local, 1 remote."""
    return {
        "source function": FUNCTION_CODE[program.quantity],
        "sense mode": float(program.remote),
        f"{program.quantity.other.value} limit": program.compliance,
        f"{program.quantity.value} source range": source_range,
        f"{program.quantity.other.value} measuring range": program.range or 0.0,
        "NPLC": nplc,
    }


def timing(plan: Plan) -> Iterator[str]:
    """Yield the lines that set the three timers up."""
    start = "trigger.blender[1].EVENT_ID"
    channels = [program.channel for program in plan.programs]
    if len(channels) == 1:
        start = f"smu{channels[0]}.trigger.ARMED_EVENT_ID"
    else:
        yield "trigger.blender[1].reset() trigger.blender[1].orenable = false"
        for number, channel in enumerate(channels, 1):
            yield f"trigger.blender[1].stimulus[{number}] = smu{channel}.trigger.ARMED_EVENT_ID"
    steps = plan.dwell.size
    yield stop_timers()
    yield from _delays((1, 2), plan.dwell)
    yield from _delays((3,), plan.read_delay)
    # In pass-through mode a timer fires once more than it counts; the last event finds the sweep ended.
    yield f"trigger.timer[1].count = {steps} trigger.timer[1].passthrough = true"
    yield f"trigger.timer[2].count = {steps} trigger.timer[2].passthrough = false"
    yield "trigger.timer[3].count = 1 trigger.timer[3].passthrough = false"
    yield "trigger.timer[3].stimulus = trigger.timer[1].EVENT_ID"
    yield f"trigger.timer[1].stimulus = {start} trigger.timer[2].stimulus = {start}"


def sweep(program: Program, plan: Plan) -> Iterator[str]:
    """Yield the lines that set a channel's buffers, levels and trigger model up."""
    smu, end = f"smu{program.channel}", "SOURCE_HOLD" if plan.hold else "SOURCE_IDLE"
    for buffer, stamps in ((f"{smu}.nvbuffer1", 1), (f"{smu}.nvbuffer2", 0)):
        yield f"{buffer}.clear() {buffer}.appendmode = 1 {buffer}.cachemode = 0 {buffer}.fillmode = 0"
        yield f"{buffer}.collectsourcevalues = 0 {buffer}.collecttimestamps = {stamps}"
    yield f"{smu}.nvbuffer1.timestampresolution = {exact(_stamp(plan))}"
    yield from _levels(program)
    yield f"{smu}.trigger.measure.iv({smu}.nvbuffer1, {smu}.nvbuffer2)"
    yield f"{smu}.trigger.source.limitv = {smu}.LIMIT_AUTO {smu}.trigger.source.limiti = {smu}.LIMIT_AUTO"
    yield f"{smu}.trigger.source.action = {smu}.ENABLE {smu}.trigger.measure.action = {smu}.ENABLE"
    yield f"{smu}.trigger.endpulse.action = {smu}.SOURCE_HOLD {smu}.trigger.endsweep.action = {smu}.{end}"
    yield f"{smu}.trigger.count = {plan.dwell.size} {smu}.trigger.arm.count = 1 {smu}.trigger.arm.stimulus = 0"
    yield f"{smu}.trigger.source.stimulus = trigger.timer[1].EVENT_ID"
    yield f"{smu}.trigger.measure.stimulus = trigger.timer[3].EVENT_ID"
    yield f"{smu}.trigger.endpulse.stimulus = trigger.timer[2].EVENT_ID"


def initiate(plan: Plan) -> str:
    """Return the line that arms all channels; the first level follows at once."""
    return " ".join(f"smu{program.channel}.trigger.initiate()" for program in plan.programs)


def poll(plan: Plan) -> str:
    """Return the question how far the sweep is: the sweeping bits, each output's state, the readings in each buffer."""
    outputs = ", ".join(f"smu{p.channel}.source.output" for p in plan.programs)
    buffers = ", ".join(f"smu{p.channel}.nvbuffer1.n, smu{p.channel}.nvbuffer2.n" for p in plan.programs)
    return f"print(status.operation.sweeping.condition, {outputs}, {buffers})"


def sweeping(condition: float, plan: Plan) -> bool:
    """Return whether any channel of the plan is still in its sweep."""
    return any(is_sweeping(condition, program.channel) for program in plan.programs)


def is_sweeping(condition: float, channel: str) -> bool:
    """Return whether a channel is still in its sweep."""
    return bool(int(condition) & SWEEPING[channel])


def fetch(first: int, last: int, plan: Plan) -> str:
    """Return the question for steps `first` … `last` - 1, answered as one binary block."""
    parts = ("nvbuffer1.timestamps", "nvbuffer1.readings", "nvbuffer2.readings", "nvbuffer1.statuses")
    columns = ", ".join(f"smu{program.channel}.{part}" for program in plan.programs for part in parts)
    return (
        f"format.data = format.REAL64 format.byteorder = format.LITTLEENDIAN "
        f"printbuffer({first + 1}, {last}, {columns}) format.data = format.ASCII"
    )


def samples(block: FloatArray, first: int, zero: FloatArray, plan: Plan) -> Samples:
    """Turn a block into samples; `zero` holds the time stamp of each program's very first reading.

    Raises ValueError for a block that no buffer can hold.
    """
    table = block.reshape(-1, len(plan.programs), FIELDS)
    stamps, current, voltage, status = (table[:, :, field] for field in range(FIELDS))
    if not bool(np.all((status >= 0) & (status < 256) & (status % 1 == 0))):
        raise ValueError("a status is no number from 0 to 255")
    if not bool(np.all(np.isfinite(stamps) & (stamps < OVERFLOW))):
        raise ValueError("a time stamp is no time")
    delay = plan.read_delay[first : first + len(table)]
    begun = stamps - zero + plan.read_delay[0]
    beyond = ~(np.abs(current) < OVERFLOW) | ~(np.abs(voltage) < OVERFLOW)
    return Samples(
        onset=begun[:, 0] - delay,
        time=begun + plan.aperture / 2,
        aperture=np.full_like(begun, plan.aperture),
        voltage=np.where(np.abs(voltage) < OVERFLOW, voltage, np.nan),
        current=np.where(np.abs(current) < OVERFLOW, current, np.nan),
        in_compliance=(status.astype(np.int64) & COMPLIANCE) > 0,
        overflow=beyond,
    )


def _stamp(plan: Plan) -> float:
    """Return the finest resolution of time stamps, a power of two times 1 µs, that does not run over meanwhile."""
    ticks = 2 * float(plan.dwell.sum()) / TICK
    return TICK * 2.0 ** max(0, math.ceil(math.log2(ticks / _STAMPS)))


def _delays(timers: Sequence[int], delays: FloatArray) -> Iterator[str]:
    if np.ptp(delays) == 0:
        yield " ".join(f"trigger.timer[{number}].delay = {exact(delays[0])}" for number in timers)
        return
    yield from _table("nwlab_delays", delays)
    yield " ".join(f"trigger.timer[{number}].delaylist = nwlab_delays" for number in timers)
    yield "nwlab_delays = nil"


def _levels(program: Program) -> Iterator[str]:
    smu, letter, levels = f"smu{program.channel}", LETTER[program.quantity], program.levels
    if np.ptp(levels) == 0:
        yield f"{smu}.trigger.source.list{letter}({{{exact(levels[0])}}})"
    elif _is_ramp(levels):
        yield f"{smu}.trigger.source.linear{letter}({exact(levels[0])}, {exact(levels[-1])}, {levels.size})"
    else:
        yield from _table("nwlab_levels", levels)
        yield f"{smu}.trigger.source.list{letter}(nwlab_levels)"
        yield "nwlab_levels = nil"


def _is_ramp(levels: FloatArray) -> bool:
    ramp = np.linspace(levels[0], levels[-1], levels.size)
    return levels.size > 2 and bool(np.allclose(levels, ramp, rtol=0, atol=1e-9 * float(np.abs(levels).max())))


def _table(name: str, values: FloatArray) -> Iterator[str]:
    yield f"{name} = {{}}"
    for first in range(0, values.size, _PER_LINE):
        chunk = ", ".join(exact(value) for value in values[first : first + _PER_LINE])
        yield f"for _, x in ipairs({{{chunk}}}) do table.insert({name}, x) end"
