"""How a Series 2600B instrument would play a drive: checked against its abilities, nothing sent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nwlab.core.drive import FloatArray, Quantity
from nwlab.core.errors import DriveError
from nwlab.core.units import show
from nwlab.drivers.keithley2600_ranges import STEPS, Abilities, settling, zero_current_range
from nwlab.drivers.roles import Plan, Program

TICK = 1e-6  # s, of the trigger timers and of time stamps (2600BS-901-01, trigger.timer[N].delay)
SHORTEST_DELAY = 8e-6  # s, of a trigger timer
LONGEST_DELAY = 100e3  # s, of a trigger timer
SHORTEST_AVERAGE = 50e-6  # s, average over a timer's list of delays
TOLERANCE = 1e-3  # how much of a dwell the timer's ticks may take or add
OVERHEAD = 100e-6  # s a step needs beside delay and integration: 12 000 source-measure points/s at 20 µs each
NPLC = (0.001, 25.0)
FIT = 1 + 1e-9


@dataclass(frozen=True, slots=True)
class Planner:
    """One instrument's abilities as far as planning needs them."""

    model: str
    abilities: Abilities
    line_frequency: float  # Hz

    def plan(
        self, dwell: FloatArray, read_delay: FloatArray | None, programs: Sequence[Program], *, hold: bool
    ) -> Plan:
        """Check a drive and fit it onto timers and ranges. Raises DriveError with what would do."""
        self._check_shape(dwell, programs)
        ranged = tuple(self._ranged(program) for program in programs)
        kept = self._on_ticks(dwell)
        delay = self._delay(kept, read_delay, ranged)
        aperture = self._aperture(kept, delay, settled=read_delay is None)
        return Plan(kept, delay, aperture, ranged, hold)

    def source_range(self, program: Program, delay: float) -> float:
        """Return the range to source a program on when it is read `delay` s after each level."""
        peak = float(np.abs(program.levels).max())
        if peak == 0 and program.quantity is Quantity.CURRENT:
            return zero_current_range(self.abilities, delay)
        return self.abilities.range_for(peak, program.quantity, source=True)

    def _check_shape(self, dwell: FloatArray, programs: Sequence[Program]) -> None:
        if dwell.size > STEPS:
            raise DriveError(
                f"{dwell.size} steps are more than the {STEPS} readings that a {self.model} stores; "
                f"split the drive into {math.ceil(dwell.size / STEPS)} drives that hold their last level"
            )
        channels = [program.channel for program in programs]
        if not channels or len(set(channels)) != len(channels) or not set(channels) <= set(self.abilities.channels):
            asked, has = ", ".join(channels) or "none", ", ".join(self.abilities.channels)
            raise DriveError(f"channels {asked} were asked for, once each; a {self.model} has {has}")
        for program in programs:
            if program.levels.size != dwell.size:
                raise DriveError(f"channel {program.channel} has {program.levels.size} levels for {dwell.size} dwells")

    def _ranged(self, program: Program) -> Program:
        """Check levels and compliance against the instrument, and fill in the measuring range."""
        try:
            # What a source with 0 A can be limited to does not depend on the range chosen for it later.
            source = self.source_range(program, 1.0)
            self._check_compliance(program, source)
            wanted = program.compliance if program.range is None else program.range
            measuring = self.abilities.range_for(wanted, program.quantity.other, source=False)
        except DriveError as error:
            raise DriveError(f"channel {program.channel} of the {self.model}: {error}") from None
        return replace(program, range=measuring)

    def _check_compliance(self, program: Program, source_range: float) -> None:
        other, compliance = program.quantity.other, program.compliance
        smallest = self.abilities.smallest_limit(other)
        largest = self.abilities.largest_limit(source_range, other)
        if not smallest <= compliance * FIT or not compliance <= largest * FIT:
            raise DriveError(
                f"a compliance of {show(compliance, other.unit)} is outside {show(smallest, other.unit)} … "
                f"{show(largest, other.unit)}, which the {show(source_range, program.quantity.unit)} range can keep"
            )
        if program.range is not None and program.range * FIT < compliance:
            raise DriveError(
                f"a measuring range of {show(program.range, other.unit)} cannot read up to the compliance of "
                f"{show(compliance, other.unit)}; raise the range or lower the compliance"
            )

    def _on_ticks(self, dwell: FloatArray) -> FloatArray:
        kept = np.maximum(np.round(dwell / TICK), 1) * TICK
        wrong = np.abs(kept - dwell) > TOLERANCE * dwell
        if wrong.any():
            first = int(wrong.argmax())
            raise DriveError(
                f"step {first}: a dwell of {show(float(dwell[first]), 's', 7)} is no whole number of the timer's "
                f"{show(TICK, 's')} ticks to within {TOLERANCE:.1%}; {show(float(kept[first]), 's', 7)} would be"
            )
        longest = float(kept.max())
        if longest > LONGEST_DELAY:
            raise DriveError(
                f"a dwell of {show(longest, 's')} exceeds the timer's {show(LONGEST_DELAY, 's')}; split it"
            )
        return kept

    def _delay(self, dwell: FloatArray, asked: FloatArray | None, programs: Sequence[Program]) -> FloatArray:
        if asked is None:
            patience = float(dwell.min()) / 3
            slowest = max(settling(self._current_range(program, patience)) for program in programs)
            return np.full_like(dwell, slowest)
        delay = np.maximum(np.round(asked / TICK) * TICK, SHORTEST_DELAY)
        if np.ptp(delay) > 0 and float(delay.mean()) < SHORTEST_AVERAGE:
            raise DriveError(
                f"read delays that vary must be {show(SHORTEST_AVERAGE, 's')} long on average, not "
                f"{show(float(delay.mean()), 's')}; give all steps the same one"
            )
        return delay

    def _current_range(self, program: Program, patience: float) -> float:
        if program.quantity is Quantity.CURRENT:
            return self.source_range(program, patience)
        return self.abilities.range_for(program.range or program.compliance, Quantity.CURRENT, source=False)

    def _aperture(self, dwell: FloatArray, delay: FloatArray, *, settled: bool) -> float:
        """Return the longest integration that fits into every step, in whole line cycles from one cycle on."""
        room = float((dwell - delay).min()) - OVERHEAD
        cycles = min(room * self.line_frequency, NPLC[1]) * FIT
        if cycles < NPLC[0]:
            self._refuse_short(dwell, delay, settled=settled)
        grain = 1.0 if cycles >= 1 else NPLC[0]
        return _down(cycles, grain) / self.line_frequency

    def _refuse_short(self, dwell: FloatArray, delay: FloatArray, *, settled: bool) -> None:
        first = int((dwell - delay).argmin())
        shortest = NPLC[0] / self.line_frequency
        needed = float(delay[first]) + shortest + OVERHEAD
        advice = "; or give a read delay, or a higher measuring range, which settles sooner" if settled else ""
        raise DriveError(
            f"step {first}: a dwell of {show(float(dwell[first]), 's')} is too short for the {self.model}: "
            f"{show(float(delay[first]), 's')} until the reading, {show(shortest, 's')} of integration and "
            f"{show(OVERHEAD, 's')} of its own make {show(needed, 's')}; dwell at least that long{advice}"
        )


def back_to_zero(plan: Plan) -> Plan:
    """Return the plan with one more, shortest step at level zero, where it then stays.

    The manual does not say whether a level that was held becomes the idle level; a drive that begins on held levels
    cannot rely on the idle level for its way back, and must not wait for the computer either.
    """
    shortest = plan.read_delay[-1] + plan.aperture + OVERHEAD
    return Plan(
        np.append(plan.dwell, np.ceil(shortest / TICK) * TICK),
        np.append(plan.read_delay, plan.read_delay[-1]),
        plan.aperture,
        tuple(replace(program, levels=np.append(program.levels, 0.0)) for program in plan.programs),
        hold=True,
    )


def _down(value: float, grain: float) -> float:
    return math.floor(value / grain) * grain
