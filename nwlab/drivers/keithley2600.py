"""Keithley Series 2600B source-measure units (2601B … 2636B), spoken to in TSP.

Source: Series 2600B reference manual 2600BS-901-01.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
from pymeasure.adapters import Adapter

from nwlab.core.clock import Clock
from nwlab.core.drive import FloatArray, Quantity
from nwlab.core.errors import DriveError, InstrumentError
from nwlab.core.units import show
from nwlab.drivers import keithley2600_sweep as words
from nwlab.drivers.keithley2600_accuracy import stated_error
from nwlab.drivers.keithley2600_channel import Keithley2600Channel
from nwlab.drivers.keithley2600_outputs import Keithley2600Outputs
from nwlab.drivers.keithley2600_plan import Planner, back_to_zero
from nwlab.drivers.keithley2600_run import SweepRun
from nwlab.drivers.roles import Plan, Program, Samples, Standing

_ALIKE = 1e-5  # relative, between a setting and its read-back


class Keithley2600(Keithley2600Outputs):
    """A Series 2600B instrument; channels `smua` and, where the model has it, `smub`.

    Connecting reads identity, line frequency and output states, and changes nothing. Fills the roles Smu, Outputs,
    Ramps, OffModes, Interlocked and Claimable.
    """

    def __init__(
        self,
        adapter: Adapter | str | int,
        name: str = "Keithley 2600B",
        *,
        clock: Clock | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, **kwargs)
        for channel in self.channels:
            cast("Any", self).add_child(Keithley2600Channel, channel, prefix="smu", collection="smu")
        self.line_frequency = self._line_frequency()
        self.found_on = tuple(channel for channel, on in self.outputs().items() if on)
        self._planner = Planner(self.model, self._abilities, self.line_frequency)
        self._loaded: dict[str, dict[str, float]] = {}  # what each channel's read-back must still give
        self._programs: dict[str, Program] = {}
        self._held: dict[str, float] = {}  # levels kept since the last drive
        self._run: SweepRun | None = None

    def channel(self, name: str) -> Keithley2600Channel:
        """Return one channel by its name, "a" or "b"."""
        return cast("Keithley2600Channel", getattr(self, f"smu{name}"))

    def plan(
        self, dwell: FloatArray, read_delay: FloatArray | None, programs: Sequence[Program], *, hold: bool
    ) -> Plan:
        """Work out how the drive would be played, sending nothing. Raises DriveError with what would do."""
        return self._planner.plan(dwell, read_delay, programs, hold=hold)

    def load(self, plan: Plan) -> None:
        """Write everything and read it back; levels stay at rest or held, outputs as they are.

        Raises DriveError when a source would change its function while it is on, InstrumentError when the instrument
        refuses or reads back otherwise; such a channel cannot be switched on.
        """
        channels = [program.channel for program in plan.programs]
        for channel in channels:
            self._loaded.pop(channel, None)
        self._run = None
        outputs = self.outputs()
        self._check_functions(plan, outputs)
        self._held = {channel: level for channel, level in self._held.items() if outputs[channel]}
        self.write("errorqueue.clear()")
        played = back_to_zero(plan) if not plan.hold and any(name in self._held for name in channels) else plan
        settings = [self._settings(program, plan) for program in plan.programs]
        sweeps = [words.sweep(program, played) for program in played.programs]
        # Limits and ranges are read back as well; for offsets, filters, timers, levels and buffers the count must do.
        lines = (lines for lines, _ in settings)
        self.deliver(itertools.chain(("format.asciiprecision = 10",), *lines, words.timing(played), *sweeps))
        for program, (_, expected) in zip(plan.programs, settings, strict=True):
            self._programs[program.channel] = program
            self._compare(program.channel, expected)
        self._run = SweepRun(plan, played, self.clock)

    def start(self) -> None:
        """Start what was loaded, all channels together. Raises DriveError when nothing is loaded."""
        run = self._run
        if run is None or run.started is not None:
            raise DriveError(f"{self.where}: nothing is loaded that could be started; load a plan first")
        self.write(words.initiate(run.plan))
        run.begin()  # nothing is asked here: waiting for an answer would make the start look later than it was
        if run.plan.hold:
            self._held |= {program.channel: float(program.levels[-1]) for program in run.plan.programs}

    def fetch(self) -> Samples | None:
        """Wait up to 0.5 s for new samples and return them, which may be none; None once the drive has ended.

        Raises InstrumentError when the sweep ended early, does not end, or left an error.
        """
        run = self._run
        if run is None or run.started is None:
            return None
        if not run.looks:
            self.check_errors()
        run.wait()
        channels = len(run.plan.programs)
        condition, *states = self.numbers(words.poll(run.plan), 1 + 3 * channels)
        self._check_still_on(run.plan, states[:channels])
        counts = states[channels:]
        last = run.up_to(round(min(counts)))
        if last > run.fetched:
            return self._read(run, last)
        if not words.sweeping(condition, run.plan):
            self._end(run)
            return None
        if run.overdue:
            text = f"a sweep of {show(run.length, 's')} does not end"
            raise InstrumentError(0, text, self.where)
        return run.nothing()

    def stated_error(self, program: Program, voltage: FloatArray, current: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the ± errors in V and A that the data sheet states for readings of a planned program."""
        peak = float(np.abs(program.levels).max())
        spans = {
            program.quantity: self._abilities.range_for(peak, program.quantity, source=True),
            program.quantity.other: program.range or program.compliance,
        }
        readings = {Quantity.VOLTAGE: voltage, Quantity.CURRENT: current}
        errors = [stated_error(self.model, quantity, spans[quantity], readings[quantity]) for quantity in readings]
        return errors[0], errors[1]

    def rest_channels(self, channels: Sequence[str]) -> None:
        """Do what `rest` does, for some channels."""
        self._run = None
        for channel in channels:
            self._held.pop(channel, None)
        super().rest_channels(channels)

    def freeze(self) -> dict[str, Standing]:
        """Abort whatever runs, each output staying at its level; returns what stands at the channels that are on.

        All in one line, so that nothing steps through zero. Raises InstrumentError, WireError.
        """
        levels = self._held | (self._run.standing() if self._run is not None and self._run.started is not None else {})
        known = {channel: Standing(self._programs[channel].quantity, level) for channel, level in levels.items()}
        self._run, self._held = None, levels
        self.insist(words.freeze(self.channels, known))
        return {channel: self.standing(channel) for channel, on in self.outputs().items() if on}

    def set_level(self, channel: str, level: float) -> None:
        """Go to a level of the present function at once, a step of a ramp; said before all else, and read back.

        Raises DriveError for a level beyond the instrument, InstrumentError when it did not follow.
        """
        program = self._programs.get(channel)
        quantity = self.standing(channel).quantity if program is None else program.quantity
        self._abilities.range_for(level, quantity, source=True)
        self.insist(words.level(channel, quantity, level))
        self._held[channel] = level
        standing = self.standing(channel)
        if not math.isclose(standing.level, level, rel_tol=_ALIKE, abs_tol=1e-15):
            text = f"channel {channel} was sent to {show(level, quantity.unit)} but stands at {standing.level:.6g}"
            raise InstrumentError(0, text, self.where)

    def forget(self) -> None:
        """Drop what is believed about the settings: no channel has confirmed limits or a known level any more."""
        super().forget()
        self._run = None
        for believed in (self._loaded, self._programs, self._held):
            believed.clear()

    def switch_on(self, channels: Sequence[str]) -> None:
        """Switch outputs on at level zero; one that is already on stays as it is.

        Raises DriveError unless limits were loaded and read back alike, InterlockError when the interlock is open,
        InstrumentError when the instrument refuses otherwise.
        """
        for channel in channels:
            if channel not in self._loaded:
                raise DriveError(f"{self.where}: channel {channel} has no confirmed limits; load a plan first")
            self._compare(channel, self._loaded.pop(channel))
        already = self.outputs()
        for channel in channels:
            if not already[channel]:
                self.write(f"{words.zero(channel)} smu{channel}.source.output = smu{channel}.OUTPUT_ON")
        self.check_errors()
        self.confirm(channels, on=True)

    def _line_frequency(self) -> float:
        command = "print(localnode.linefreq)"
        (frequency,) = self.numbers(command, 1)
        if frequency not in {50.0, 60.0}:
            raise self.strange(command, frequency, "50 or 60 Hz was expected")
        return frequency

    def _check_functions(self, plan: Plan, outputs: dict[str, bool]) -> None:
        for program in plan.programs:
            channel = program.channel
            (function,) = self.numbers(f"print(smu{channel}.source.func)", 1)
            if outputs[channel] and function != words.FUNCTION_CODE[program.quantity]:
                raise DriveError(
                    f"{self.where}: channel {channel} is on and sources the other quantity; switch it off "
                    f"before it may source {program.quantity.value}"
                )

    def _settings(self, program: Program, plan: Plan) -> tuple[Iterator[str], dict[str, float]]:
        """Return the lines that set a channel up, and what its read-back must give then."""
        held = self._held.get(program.channel)
        source_range = self._planner.source_range(program, float(plan.read_delay.min()))
        if held is not None:
            source_range = max(source_range, self._abilities.range_for(held, program.quantity, source=True))
        nplc = plan.aperture * self.line_frequency
        limit_first = program.compliance <= self._abilities.common_limit(program.quantity.other)
        lines = words.settings(program, source_range, nplc, held=held is not None, limit_first=limit_first)
        return lines, words.expected(program, source_range, nplc)

    def _compare(self, channel: str, expected: dict[str, float]) -> None:
        """Read a channel's settings back. Raises InstrumentError for the first that differs, and bars switching on."""
        found = self.numbers(words.readback(self._programs[channel]), len(expected))
        for (setting, wanted), value in zip(expected.items(), found, strict=True):
            if not abs(value - wanted) <= _ALIKE * abs(wanted):
                text = f"the {setting} of channel {channel} was set to {wanted:.6g} but reads back as {value:.6g}"
                raise InstrumentError(0, f"{text}; the output stays barred", self.where)
        self._loaded[channel] = expected

    def _check_still_on(self, plan: Plan, outputs: Sequence[float]) -> None:
        """Raise InstrumentError for an output that went off by itself while the drive ran."""
        for program, state in zip(plan.programs, outputs, strict=True):
            if program.channel in self.switched_on and state != 1:
                self.went_off(program.channel)

    def _read(self, run: SweepRun, last: int) -> Samples:
        count = (last - run.fetched) * len(run.plan.programs) * words.FIELDS
        return self.block_as(words.fetch(run.fetched, last, run.plan), count, run.take)

    def _end(self, run: SweepRun) -> None:
        self._run = None
        if not run.plan.hold:
            held = [program.channel for program in run.plan.programs if program.channel in self._held]
            self._held = {channel: level for channel, level in self._held.items() if channel not in held}
            if held:
                self.deliver(map(words.zero, held))
        self.check_errors()
        if run.fetched < run.plan.dwell.size:
            text = f"the sweep ended after {run.fetched} of {run.plan.dwell.size} steps"
            raise InstrumentError(0, text, self.where)
