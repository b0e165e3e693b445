"""The source of one channel: its settings, and what they do to the world.

Source: Series 2600B reference manual 2600BS-901-01, `smuX.source.*`, "Output-off states", "Error summary list".
"""

from __future__ import annotations

from nwlab.core.drive import Quantity
from nwlab.virtual.k2600_meter import Meter
from nwlab.virtual.k2600_specs import OVERRANGE_SOURCE, Model
from nwlab.virtual.port import Output, Surroundings
from nwlab.virtual.tsp_errors import TOO_BIG, TOO_SMALL, ErrorQueue

OFF, ON, HIGH_Z = 0, 1, 2
OFF_NORMAL, OFF_ZERO, OFF_HIGH_Z = 0, 1, 2
DC_AMPS, DC_VOLTS = 0, 1
VALUE_TOO_BIG = (5005, "Value too big for range")
UNSAFE = (5007, "Operation would exceed safe operating area of the instrument")

V, A = Quantity.VOLTAGE, Quantity.CURRENT


class Source:
    """Settings of a channel's source. A setting that is refused leaves an error and everything as it was."""

    def __init__(
        self, world: Surroundings, channel: str, model: Model, meter: Meter, errors: ErrorQueue, name: str
    ) -> None:
        self._world, self._channel, self._model, self._meter, self._errors = world, channel, model, meter, errors
        self._label = f"SMU {name[-1].upper()}: "
        self._powered = True
        self._ignored: set[str] = set()
        self._bars: dict[int, tuple[int, str]] = {}  # why the output cannot be switched on: cause → error
        self.reset()

    def reset(self) -> None:
        """Go to the defaults, output off."""
        self.function = V
        self.level = {V: 0.0, A: 0.0}
        self.limit = {V: self._model.default_limit[0], A: self._model.default_limit[1]}
        self.auto = {V: True, A: True}
        self.low_range = {V: self._tops(V)[0], A: self._tops(A)[0]}
        self._fixed = {V: self._tops(V)[0], A: self._tops(A)[0]}
        self.output, self.off_mode, self.off_function = OFF, OFF_NORMAL, DC_VOLTS
        self.off_limit = {V: self._model.low[0], A: 1e-3}
        self.remote = False
        self.delay = 0.0
        self._swept: tuple[float, float, float] | None = None  # level, its range, limit: while a sweep sets them
        self.apply()

    def apply(self) -> None:
        """Tell the world what the channel does now."""
        if self._powered:
            self._world.force(self._channel, self._output())

    def cut_power(self) -> None:
        """Leave the output to itself for good; a program that still runs cannot reach it any more."""
        self._powered = False
        self._world.force(self._channel, None)

    def set_bar(self, cause: int, error: tuple[int, str] | None) -> None:
        """Bar the output for a cause with this error, or lift the bar (None).

        An output that is on goes off and leaves the error; after the bar is lifted it stays off until switched on.
        """
        if error is None:
            self._bars.pop(cause, None)
            return
        self._bars[cause] = error
        if self.output == ON:
            self.output, self._swept = OFF, None
            self._refuse(error)
            self.apply()

    def is_barred(self, cause: int) -> bool:
        """Whether a cause keeps the output off."""
        return cause in self._bars

    def ignore(self, setting: str, *, ignored: bool) -> None:
        """Let a setting ("limit", "output") keep its present value whatever is written, without an error, or not."""
        (self._ignored.add if ignored else self._ignored.discard)(setting)

    def play(self, level: float, top: float, limit: float) -> None:
        """Put out a level of a sweep, on the sweep's range and with its limit."""
        self._swept = (level, top, limit)
        self.apply()

    def stop_playing(self, *, hold: bool = False) -> None:
        """Go back to the level that was set, or keep the sweep's last one as if it had been set."""
        if self._swept is not None:
            if hold:
                self.level[self.function] = self._swept[0]
            self._swept = None
            self.apply()

    @property
    def present_level(self) -> float:
        """The level that is put out, as it was asked for."""
        return self.level[self.function] if self._swept is None else self._swept[0]

    @property
    def present_range(self) -> float:
        """The range of the sourced quantity."""
        return self.range(self.function) if self._swept is None else self._swept[1]

    def set_function(self, code: float) -> None:
        """Choose what is sourced: 0 current, 1 voltage."""
        code = self._errors.within(code, DC_AMPS, DC_VOLTS, float(self.function is V))
        self.function = V if code else A
        self._swept = None
        self.apply()

    def set_level(self, quantity: Quantity, level: float) -> None:
        """Set a level, on a range that holds it."""
        most = (self._tops(quantity)[-1] if self.auto[quantity] else self._fixed[quantity]) * OVERRANGE_SOURCE
        if abs(level) > most:
            if self.auto[quantity]:
                self._errors.put(TOO_BIG if level > 0 else TOO_SMALL)
            else:
                self._refuse(VALUE_TOO_BIG)
            return
        if not self._is_safe(quantity, self._auto_range(quantity, level), self.limit[quantity.other]):
            self._refuse(UNSAFE)
            return
        self.level[quantity] = level
        if quantity is self.function:
            self._swept = None
            self.apply()

    def set_limit(self, quantity: Quantity, limit: float) -> None:
        """Set the limit of one quantity, which acts while the other is sourced."""
        if not self.accepts_limit(quantity, limit) or "limit" in self._ignored:
            return
        if not self._is_safe(quantity.other, self.range(quantity.other), limit):
            self._refuse(UNSAFE)
            return
        self.limit[quantity] = limit
        self.apply()

    def accepts_limit(self, quantity: Quantity, limit: float) -> bool:
        """Tell whether a limit lies within the model's bounds, else note the error."""
        least, most = self._model.smallest_limit(quantity), self._tops(quantity)[-1]
        if least * (1 - 1e-9) <= limit <= most * OVERRANGE_SOURCE:
            return True
        self._errors.put(TOO_SMALL if limit < least else TOO_BIG)
        return False

    def set_range(self, quantity: Quantity, value: float) -> None:
        """Choose the lowest range that holds a value, and end autoranging; 0 is refused."""
        top = self.range_for(quantity, value)
        if top is None:
            return
        if abs(self.level[quantity]) > top * OVERRANGE_SOURCE:
            self._refuse(VALUE_TOO_BIG)
        elif not self._is_safe(quantity, top, self.limit[quantity.other]):
            self._refuse(UNSAFE)
        else:
            self._fixed[quantity], self.auto[quantity] = top, False
            self.apply()

    def range_for(self, quantity: Quantity, value: float) -> float | None:
        """Return the lowest range that holds a value, or note why there is none."""
        if value == 0:
            self._errors.put(TOO_SMALL)
            return None
        for top in self._tops(quantity):
            if abs(value) <= top * OVERRANGE_SOURCE:
                return top
        self._errors.put(TOO_BIG)
        return None

    def set_auto(self, quantity: Quantity, *, on: bool) -> None:
        """Let the range follow the level, or keep it as it is now."""
        self._fixed[quantity] = self.range(quantity)
        self.auto[quantity] = on
        self.apply()

    def range(self, quantity: Quantity) -> float:
        """Return the range that is in use."""
        return self._auto_range(quantity, self.level[quantity])

    def set_off_limit(self, quantity: Quantity, limit: float) -> None:
        """Set the limit that acts while the output is off."""
        least, most = self._model.smallest_limit(quantity), self._tops(quantity)[-1]
        self.off_limit[quantity] = self._errors.within(limit, least, most, self.off_limit[quantity])
        self.apply()

    def set_delay(self, delay: float) -> None:
        """Set the time to wait after each level; -1 stands for the instrument's own, which is none here."""
        self.delay = delay if delay == -1 else self._errors.within(delay, 0, 1000, self.delay)

    def set_output(self, state: float) -> None:
        """Switch the output: 0 off, 1 on, 2 off with the relay open."""
        wanted = int(self._errors.within(state, OFF, HIGH_Z, self.output))
        if "output" in self._ignored:
            return
        if wanted == ON and self._bars:
            self._refuse(next(iter(self._bars.values())))
            return
        self.output = wanted
        self._swept = None
        self.apply()

    def sweep_range(self, quantity: Quantity, levels: list[float]) -> float | None:
        """Return the one range a sweep is played on, or note why it cannot be played."""
        peak = max(map(abs, [*levels, self.level[quantity]]))
        if not self.auto[quantity]:
            top = self._fixed[quantity]
            if peak > top * OVERRANGE_SOURCE:
                self._refuse(VALUE_TOO_BIG)
                return None
            return top
        top = self.range_for(quantity, peak) if peak > 0 else self.range(quantity)
        if top is not None and not self._is_safe(quantity, top, self.limit[quantity.other]):
            self._refuse(UNSAFE)
            return None
        return top

    def _refuse(self, error: tuple[int, str]) -> None:
        self._errors.add(error[0], self._label + error[1])

    def refuse(self, code: int, text: str) -> None:
        """Note an error of this channel."""
        self._refuse((code, text))

    def _tops(self, quantity: Quantity) -> list[float]:
        return [span.top for span in self._model.ranges(quantity) if span.source is not None]

    def _auto_range(self, quantity: Quantity, level: float) -> float:
        if not self.auto[quantity]:
            return self._fixed[quantity]
        wanted = max(abs(level), self.low_range[quantity] / OVERRANGE_SOURCE)
        return next(top for top in self._tops(quantity) if wanted <= top * OVERRANGE_SOURCE)

    def _is_safe(self, quantity: Quantity, top: float, limit: float) -> bool:
        return self._model.is_safe(top, limit) if quantity is V else self._model.is_safe(limit, top)

    def _output(self) -> Output | None:
        if self.output == ON:
            quantity = self.function
            level, top, limit = self._swept or (self.level[quantity], self.range(quantity), self.limit[quantity.other])
            return self._forced(quantity, level, top, limit, remote=self.remote)
        if self.output == HIGH_Z or self.off_mode == OFF_HIGH_Z:
            return None
        if self.off_mode == OFF_ZERO:
            return self._forced(V, 0.0, self._tops(V)[0], self.limit[A])
        quantity = V if self.off_function == DC_VOLTS else A
        return self._forced(quantity, 0.0, self._tops(quantity)[0], self.off_limit[quantity.other])

    def _forced(self, quantity: Quantity, level: float, top: float, limit: float, *, remote: bool = False) -> Output:
        other = quantity.other
        limit_top = next(top for top in self._tops(other) if limit <= top * OVERRANGE_SOURCE)
        compliance = self._meter.limited(other, limit, limit_top)
        return Output(quantity, self._meter.sourced(quantity, level, top), compliance, remote=remote)
