"""The shipped steps. Each is a generator: it yields a drive and is sent the drive's reading.

`source` is the terminal at an SMU's HI, `sink` the one at its LO. Every level is one sample. `delay` is the time
between a level and the start of its reading; without it the instrument settles and then reads for as long as it can.
"""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.errors import DriveError
from nwlab.protocol.kinds import Amps, Play, Seconds, Terminal, Volts

LONGEST = 50_000
"""Samples per drive of a `hold`: what the reading buffers of bench instruments take."""


def rest(duration: Seconds) -> Play:
    """Leave the chip alone, all terminals open."""
    yield Drive(dwell=np.array([duration]))


def read(
    source: Terminal,
    sink: Terminal,
    voltage: Volts = 0.01,
    dwell: Seconds = 0.1,
    count: int = 1,
    compliance: Amps = 1e-4,
    delay: Seconds | None = None,
) -> Play:
    """Read the conductance at a voltage too small to change it."""
    yield _between(source, sink, np.full(count, voltage), np.full(count, dwell), compliance, delay)


def hold(
    source: Terminal,
    sink: Terminal,
    level: Volts,
    duration: Seconds,
    sample: Seconds,
    compliance: Amps = 1e-4,
    delay: Seconds | None = None,
) -> Play:
    """Hold one voltage and sample it evenly; beyond 50 000 samples in drives that pass the level on."""
    left = _samples(duration, sample)
    while left:
        count = min(left, LONGEST)
        left -= count
        yield _between(source, sink, np.full(count, level), np.full(count, sample), compliance, delay, hold=left > 0)


def pulses(
    source: Terminal,
    sink: Terminal,
    amplitude: Volts,
    width: Seconds,
    period: Seconds,
    count: int,
    base: Volts = 0.01,
    compliance: Amps = 1e-4,
) -> Play:
    """Play a train of equal pulses, with a read at `base` in each pause."""
    if width >= period:
        raise DriveError(f"pulses of {width:g} s do not fit into a period of {period:g} s")
    levels = np.tile([amplitude, base], count)
    yield _between(source, sink, levels, np.tile([width, period - width], count), compliance, None)


def sweep(
    source: Terminal,
    sink: Terminal,
    peak: Volts,
    step: Volts,
    dwell: Seconds,
    compliance: Amps = 1e-4,
    cycles: int = 1,
    bipolar: bool = True,
    delay: Seconds | None = None,
) -> Play:
    """Sweep 0 → peak → 0 (→ −peak → 0 when bipolar): a current-voltage loop."""
    count = max(1, round(abs(peak / step)))
    up = np.linspace(0.0, peak, count + 1)
    loop = np.concatenate([up, up[-2::-1]])
    if bipolar:
        loop = np.concatenate([loop, -loop[1:]])
    levels = np.concatenate([loop, *[loop[1:]] * (cycles - 1)])
    yield _between(source, sink, levels, np.full(levels.size, dwell), compliance, delay)


def staircase(
    source: Terminal,
    sink: Terminal,
    start: Volts,
    stop: Volts,
    count: int,
    duration: Seconds,
    sample: Seconds,
    compliance: Amps = 1e-4,
    delay: Seconds | None = None,
) -> Play:
    """Climb from `start` to `stop` in `count` levels, each held for `duration` and sampled evenly."""
    levels = np.repeat(np.linspace(start, stop, count), _samples(duration, sample))
    yield _between(source, sink, levels, np.full(levels.size, sample), compliance, delay)


def list_(
    source: Terminal,
    sink: Terminal,
    levels: list[Volts],
    dwells: list[Seconds],
    counts: list[int] | None = None,
    compliance: Amps = 1e-4,
    delay: Seconds | None = None,
) -> Play:
    """Play levels from a list, level i for counts[i] samples of dwells[i], as one unbroken drive."""
    repeats = [1] * len(levels) if counts is None else counts
    if not len(levels) == len(dwells) == len(repeats):
        raise DriveError(
            f"a list needs as many dwells and counts as levels; "
            f"it has {len(levels)} levels, {len(dwells)} dwells, {len(repeats)} counts"
        )
    yield _between(source, sink, np.repeat(levels, repeats), np.repeat(dwells, repeats), compliance, delay)


def _between(
    source: int,
    sink: int,
    levels: FloatArray,
    dwell: FloatArray,
    compliance: float,
    delay: float | None,
    *,
    hold: bool = False,
) -> Drive:
    force = Force(source, Quantity.VOLTAGE, levels, compliance, low=sink)
    read_delay = None if delay is None else np.full(dwell.size, delay)
    return Drive(dwell=dwell, forces=(force,), read_delay=read_delay, hold=hold)


def _samples(duration: float, sample: float) -> int:
    return max(1, round(duration / sample))
