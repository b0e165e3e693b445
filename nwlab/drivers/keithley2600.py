"""Keithley Series 2600B source-measure units (2601B … 2636B), spoken to in TSP.

Source: Series 2600B reference manual 2600BS-901-01.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from nwlab.drivers.keithley2600_plan import Planner, back_to_zero
from nwlab.drivers.keithley2600_ranges import MODELS
from nwlab.drivers.keithley2600_run import SweepRun
from nwlab.drivers.roles import Plan, Program, Samples
from nwlab.drivers.tsp import TspInstrument

_ALIKE = 1e-5  # relative, between a setting and its read-back


class Keithley2600(TspInstrument):
    """A Series 2600B instrument; channels `smua` and, where the model has it, `smub`.

    Connecting reads identity, line frequency and output states, and changes nothing. Fills the roles Smu and Outputs.
    """

    def __init__(
        self,
        adapter: Adapter | str | int,
        name: str = "Keithley 2600B",
        *,
        clock: Clock | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, MODELS, clock=clock, **kwargs)
        self._abilities = MODELS[self.model]
        self.channels: tuple[str, ...] = self._abilities.channels
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
        self._send(("errorqueue.clear()", "format.asciiprecision = 10"))
        for program in plan.programs:
            self._load_settings(program, plan)
        played = back_to_zero(plan) if not plan.hold and any(name in self._held for name in channels) else plan
        self._send(words.timing(played))
        for program in played.programs:
            self._send(words.sweep(program, played))
        self.check_errors()
        self._run = SweepRun(plan, played, self.clock)

    def start(self) -> None:
        """Start what was loaded, all channels together. Raises DriveError when nothing is loaded."""
        run = self._run
        if run is None or run.started is not None:
            raise DriveError(f"{self.where}: nothing is loaded that could be started; load a plan first")
        self.write(words.initiate(run.plan))
        run.begin()
        self.check_errors()
        if run.plan.hold:
            self._held |= {program.channel: float(program.levels[-1]) for program in run.plan.programs}

    def fetch(self) -> Samples | None:
        """Wait up to 0.5 s for new samples and return them, which may be none; None once the drive has ended.

        Raises InstrumentError when the sweep ended early, does not end, or left an error.
        """
        run = self._run
        if run is None or run.started is None:
            return None
        run.wait()
        condition, *counts = self.numbers(words.poll(run.plan), 1 + 2 * len(run.plan.programs))
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

    def rest(self) -> None:
        """Abort whatever runs and bring all levels to zero; outputs stay as they are. Raises InstrumentError."""
        self.rest_channels(self.channels)

    def rest_channels(self, channels: Sequence[str]) -> None:
        """Do what `rest` does, for some channels. Said before the link is brought back into step, and read back."""
        self._run = None
        self.insist(words.stop_timers(), *map(words.rest, channels))
        for channel in channels:
            levels = self.numbers(f"print(smu{channel}.source.levelv, smu{channel}.source.leveli)", 2)
            self._held.pop(channel, None)
            if any(levels):
                raise InstrumentError(0, f"channel {channel} was sent to zero but stands at {levels}", self.where)

    def switch_on(self, channels: Sequence[str]) -> None:
        """Switch outputs on at level zero; one that is already on stays as it is.

        Raises DriveError unless limits were loaded and read back alike, InstrumentError when the instrument refuses.
        """
        for channel in channels:
            if channel not in self._loaded:
                raise DriveError(f"{self.where}: channel {channel} has no confirmed limits; load a plan first")
            self._compare(channel)
        already = self.outputs()
        for channel in channels:
            if not already[channel]:
                self.write(f"{words.zero(channel)} smu{channel}.source.output = smu{channel}.OUTPUT_ON")
        self.check_errors()
        self._confirm(channels, on=True)

    def switch_off(self, channels: Sequence[str]) -> None:
        """Switch outputs off and read them back. Raises InstrumentError."""
        self.insist(*(f"smu{channel}.source.output = smu{channel}.OUTPUT_OFF" for channel in channels))
        self._confirm(channels, on=False)

    def outputs(self) -> dict[str, bool]:
        """Read back which outputs are on. Codes: 0 off, 1 on, 2 off with its relay open."""
        asked = ", ".join(f"smu{channel}.source.output" for channel in self.channels)
        states = self.numbers(f"print({asked})", len(self.channels))
        return {channel: state == 1 for channel, state in zip(self.channels, states, strict=True)}

    def shutdown(self) -> None:
        """Bring all levels to zero and switch all outputs off."""
        self.rest()
        self.switch_off(self.channels)
        super().shutdown()

    def _line_frequency(self) -> float:
        command = "print(localnode.linefreq)"
        (frequency,) = self.numbers(command, 1)
        if frequency not in {50.0, 60.0}:
            raise self.strange(command, frequency, "50 or 60 Hz was expected")
        return frequency

    def _send(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def _check_functions(self, plan: Plan, outputs: dict[str, bool]) -> None:
        for program in plan.programs:
            channel = program.channel
            (function,) = self.numbers(f"print(smu{channel}.source.func)", 1)
            if outputs[channel] and function != words.FUNCTION_CODE[program.quantity]:
                raise DriveError(
                    f"{self.where}: channel {channel} is on and sources the other quantity; switch it off "
                    f"before it may source {program.quantity.value}"
                )

    def _load_settings(self, program: Program, plan: Plan) -> None:
        """Write a channel's settings, look for errors, and compare."""
        channel, held = program.channel, self._held.get(program.channel)
        source_range = self._planner.source_range(program, float(plan.read_delay.min()))
        if held is not None:
            source_range = max(source_range, self._abilities.range_for(held, program.quantity, source=True))
        nplc = plan.aperture * self.line_frequency
        limit_first = program.compliance <= self._abilities.common_limit(program.quantity.other)
        self._send(words.settings(program, source_range, nplc, held=held is not None, limit_first=limit_first))
        self.check_errors()
        self._programs[channel] = program
        self._loaded[channel] = words.expected(program, source_range, nplc)
        self._compare(channel)

    def _compare(self, channel: str) -> None:
        """Read a channel's settings back. Raises InstrumentError for the first that differs, and bars switching on."""
        expected = self._loaded.pop(channel)
        found = self.numbers(words.readback(self._programs[channel]), len(expected))
        for (setting, wanted), value in zip(expected.items(), found, strict=True):
            if abs(value - wanted) > _ALIKE * abs(wanted):
                text = f"the {setting} of channel {channel} was set to {wanted:.6g} but reads back as {value:.6g}"
                raise InstrumentError(0, f"{text}; the output stays barred", self.where)
        self._loaded[channel] = expected

    def _confirm(self, channels: Sequence[str], *, on: bool) -> None:
        outputs = self.outputs()
        wrong = [channel for channel in channels if outputs[channel] is not on]
        if wrong:
            text = f"output {', '.join(wrong)} was switched {'on' if on else 'off'} but is {'off' if on else 'on'}"
            raise InstrumentError(0, text, self.where)

    def _read(self, run: SweepRun, last: int) -> Samples:
        command = words.fetch(run.fetched, last, run.plan)
        block = self.block(command, (last - run.fetched) * len(run.plan.programs) * words.FIELDS)
        try:
            return run.take(block)
        except ValueError as error:
            raise self.strange(command, block.tobytes(), str(error)) from None

    def _end(self, run: SweepRun) -> None:
        self._run = None
        if not run.plan.hold:
            held = [program.channel for program in run.plan.programs if program.channel in self._held]
            self._send(words.zero(channel) for channel in held)
            self._held = {channel: level for channel, level in self._held.items() if channel not in held}
        self.check_errors()
        if run.fetched < run.plan.dwell.size:
            text = f"the sweep ended after {run.fetched} of {run.plan.dwell.size} steps"
            raise InstrumentError(0, text, self.where)
