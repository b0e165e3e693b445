"""The outputs of a Series 2600B instrument: to zero, on, off, and why they may not come on.

Source: Series 2600B reference manual 2600BS-901-01, `smuX.source.output`, `smuX.source.offmode`,
`status.measurement.*`, "Error summary list".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymeasure.adapters import Adapter

from nwlab.core.clock import Clock
from nwlab.core.drive import Quantity
from nwlab.core.errors import DriveError, InstrumentError, InterlockError
from nwlab.drivers import keithley2600_sweep as words
from nwlab.drivers.keithley2600_ranges import MODELS
from nwlab.drivers.roles import Standing
from nwlab.drivers.tsp import TspInstrument

OFF_MODES = {"normal": 0, "zero": 1, "high-z": 2}
"""Codes of smuX.source.offmode: OUTPUT_NORMAL, OUTPUT_ZERO, OUTPUT_HIGH_Z."""

_INTERLOCK = 2048  # bit B11 of status.measurement.condition: the interlock line is asserted, that is, closed
_BLOCKED = {802, 5052}  # "OUTPUT blocked by interlock", "Interlock engaged; system stabilizing"
_REARM = "Close it, look at the chip, and start anew: nothing is switched on again by itself"


class Keithley2600Outputs(TspInstrument):
    """What the safe order and the interlock need of the instrument; a bench plays drives with Keithley2600."""

    def __init__(self, adapter: Adapter | str | int, name: str, *, clock: Clock | None = None, **kwargs: Any) -> None:
        super().__init__(adapter, name, MODELS, clock=clock, **kwargs)
        self._abilities = MODELS[self.model]
        self.channels: tuple[str, ...] = self._abilities.channels
        self.switched_on: set[str] = set()  # channels that were read back as on after we switched them

    def rest(self) -> None:
        """Abort whatever runs and bring all levels to zero; outputs stay as they are. Raises InstrumentError."""
        self.rest_channels(self.channels)

    def rest_channels(self, channels: Sequence[str]) -> None:
        """Do what `rest` does, for some channels. Said before the link is brought back into step, and read back."""
        self.insist(words.stop_timers(), *map(words.rest, channels))
        for channel in channels:
            sweeping, *levels = self.numbers(words.resting(channel), 3)
            if any(levels):
                raise InstrumentError(0, f"channel {channel} was sent to zero but stands at {levels}", self.where)
            if words.is_sweeping(sweeping, channel):
                raise InstrumentError(0, f"channel {channel} was sent to zero but goes on with its sweep", self.where)

    def switch_off(self, channels: Sequence[str]) -> None:
        """Switch outputs off and read them back. Raises InstrumentError."""
        self.insist(*(f"smu{channel}.source.output = smu{channel}.OUTPUT_OFF" for channel in channels))
        self.confirm(channels, on=False)

    def outputs(self) -> dict[str, bool]:
        """Read back which outputs are on. Codes: 0 off, 1 on, 2 off with its relay open; WireError for another."""
        command = f"print({', '.join(f'smu{channel}.source.output' for channel in self.channels)})"
        states = self.numbers(command, len(self.channels))
        for state in states:
            if state not in {0, 1, 2}:
                raise self.strange(command, state, "0, 1 or 2 was expected for each output")
        return {channel: state == 1 for channel, state in zip(self.channels, states, strict=True)}

    def standing(self, channel: str) -> Standing:
        """Read back what a channel sources when nothing sweeps."""
        smu = f"smu{channel}.source"
        command = f"print({smu}.func, {smu}.levelv, {smu}.leveli)"
        function, volts, amps = self.numbers(command, 3)
        if function not in words.FUNCTION_CODE.values():
            raise self.strange(command, function, "0 or 1 was expected for what is sourced")
        return Standing(Quantity.VOLTAGE, volts) if function else Standing(Quantity.CURRENT, amps)

    def set_off_mode(self, channel: str, mode: str) -> None:
        """Choose what an output is while it is off: "normal", "zero" or "high-z"; read back.

        Raises DriveError for another word, InstrumentError when the instrument does not follow.
        """
        if mode not in OFF_MODES or channel not in self.channels:
            raise DriveError(
                f"{self.where}: off-mode {mode!r} was asked for channel {channel}; there are {', '.join(OFF_MODES)} "
                f"for channels {', '.join(self.channels)}"
            )
        self.write(f"smu{channel}.source.offmode = {OFF_MODES[mode]}")
        (found,) = self.numbers(f"print(smu{channel}.source.offmode)", 1)
        if found != OFF_MODES[mode]:
            text = (
                f"the off-mode of channel {channel} was set to {mode} ({OFF_MODES[mode]}) but reads back as {found:g}"
            )
            raise InstrumentError(0, text, self.where)

    def interlock_open(self) -> bool:
        """Read whether the interlock is open; the instrument then refuses its highest voltage range.

        Models 2601B … 2604B have none.
        """
        if self.model.startswith("260"):
            return False
        (condition,) = self.numbers("print(status.measurement.condition)", 1)
        return not int(condition) & _INTERLOCK

    def check_errors(self) -> list[tuple[int, str]]:
        """Empty the error queue. Raises InterlockError or InstrumentError for its oldest entry."""
        try:
            return super().check_errors()
        except InstrumentError as error:
            if error.code in _BLOCKED:
                raise InterlockError(error.code, f"{error.text}. {_REARM}", self.where) from None
            raise

    def went_off(self, channel: str) -> None:
        """Raise InterlockError or InstrumentError for an output that is off though nobody switched it."""
        self.switched_on.discard(channel)
        self.check_errors()
        if self.interlock_open():
            raise InterlockError(
                0, f"output {channel} went off by itself and the interlock is open. {_REARM}", self.where
            )
        text = f"output {channel} went off by itself: interlock, over-temperature, or somebody at the front panel"
        raise InstrumentError(0, text, self.where)

    def confirm(self, channels: Sequence[str], *, on: bool) -> None:
        """Read outputs back. Raises InterlockError or InstrumentError for those that are not as they should be."""
        outputs = self.outputs()
        self.switched_on = {channel for channel in (*self.switched_on, *channels) if outputs[channel]}
        wrong = [channel for channel in channels if outputs[channel] is not on]
        if wrong:
            if on and self.interlock_open():
                text = f"output {', '.join(wrong)} did not come on and the interlock is open. {_REARM}"
                raise InterlockError(0, text, self.where)
            text = f"output {', '.join(wrong)} was switched {'on' if on else 'off'} but is {'off' if on else 'on'}"
            raise InstrumentError(0, text, self.where)

    def forget(self) -> None:
        """Drop what is believed about the settings."""
        super().forget()
        self.switched_on.clear()

    def shutdown(self) -> None:
        """Bring all levels to zero and switch all outputs off."""
        self.rest()
        self.switch_off(self.channels)
        super().shutdown()
