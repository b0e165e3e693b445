"""The meters of one channel: settings, and how a measurement proceeds in time.

A measurement is a generator of the seconds it wants to pass, so that a command can wait for it and a sweep can run it
by appointments. Source: Series 2600B reference manual 2600BS-901-01, `smuX.measure.*`, "Measurement", "Filters".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from statistics import fmean, median
from typing import NamedTuple

from nwlab.core.drive import Quantity
from nwlab.virtual.k2600_meter import Meter
from nwlab.virtual.k2600_source import Source
from nwlab.virtual.k2600_specs import OVERRANGE_MEASURE, Model, measure_delay
from nwlab.virtual.port import PortMean, Surroundings
from nwlab.virtual.tsp_buffers import Reading, ReadingBuffer
from nwlab.virtual.tsp_errors import TOO_BIG, TOO_SMALL, ErrorQueue
from nwlab.virtual.tsp_numbers import OVERFLOW

AUTOZERO_OFF, AUTOZERO_ONCE, AUTOZERO_AUTO = 0, 1, 2
MOVING_AVERAGE, REPEAT_AVERAGE, MEDIAN = 0, 1, 2
DELAY_AUTO = -1.0
VOLTAGE_LIMITED, CURRENT_LIMITED, READING_OVERFLOW, BUFFER_AVAILABLE = 1, 2, 128, 256
"""Bits of `status.measurement.instrument.smuX.condition`."""
_AUTORANGED, _SOURCE_AUTORANGED, _FOUR_WIRE, _RELATIVE, _LIMITED, _FILTERED = 4, 8, 16, 32, 64, 128
_FUNCTION_CODES = {"i": 0, "v": 1, "r": 2, "p": 3}

V, A = Quantity.VOLTAGE, Quantity.CURRENT
Steps = Generator[float, None, dict[str, float]]


class Sample(NamedTuple):
    """One integration: when it began, what it gave, on which ranges."""

    time: float
    mean: PortMean
    ranges: dict[Quantity, float]


class Measuring:
    """Settings of a channel's meters, and the measurements themselves."""

    def __init__(
        self,
        world: Surroundings,
        channel: str,
        model: Model,
        meter: Meter,
        source: Source,
        errors: ErrorQueue,
        line_frequency: float,
    ) -> None:
        self._world, self._channel, self._model, self._meter = world, channel, model, meter
        self._source, self._errors, self._frequency = source, errors, line_frequency
        self.condition = 0  # limit and overflow bits as of the last measurement
        self.reset()

    def reset(self) -> None:
        """Go to the defaults."""
        self.nplc, self.autozero, self.count, self.interval = 1.0, AUTOZERO_AUTO, 1, 0.0
        self.delay, self.delay_factor = (DELAY_AUTO if self._model.auto_delay else 0.0), 1.0
        self.auto = {V: True, A: True}
        self.low_range = {V: self._tops(V)[0], A: self._tops(A)[0]}
        self._range = {V: self._tops(V)[0], A: self._default_range()}
        self.filter_on, self.filter_type, self.filter_count = False, REPEAT_AVERAGE, 1
        self.relative_on = dict.fromkeys(_FUNCTION_CODES, False)
        self.relative = dict.fromkeys(_FUNCTION_CODES, 0.0)
        self._history: dict[str, deque[float]] = {}

    def set_range(self, quantity: Quantity, value: float) -> None:
        """Choose the lowest range that holds a value, and end autoranging; 0 is refused."""
        if value == 0:
            self._errors.put(TOO_SMALL)
            return
        top = next((top for top in self._tops(quantity) if abs(value) <= top * OVERRANGE_MEASURE), None)
        if top is None:
            self._errors.put(TOO_BIG)
            return
        self._range[quantity], self.auto[quantity] = top, False

    def set_low_range(self, quantity: Quantity, value: float) -> None:
        """Choose the lowest range of autoranging."""
        top = next((top for top in self._tops(quantity) if abs(value) <= top * OVERRANGE_MEASURE), None)
        if top is None:
            self._errors.put(TOO_BIG)
        else:
            self.low_range[quantity] = top

    def range(self, quantity: Quantity) -> float:
        """Return the range in use; the sourced quantity is measured on the source's own."""
        return self._source.present_range if quantity is self._source.function else self._range[quantity]

    def set_auto(self, quantity: Quantity, *, on: bool) -> None:
        """Let the range follow the readings, or stay."""
        self.auto[quantity] = on

    def forget_filter(self) -> None:
        """Start filters afresh."""
        self._history.clear()

    def play(self, functions: str, buffers: Mapping[str, ReadingBuffer], *, count: int | None = None) -> Steps:
        """Measure as often as asked, storing into the buffers, and return the last readings by function.

        Yields the seconds that must pass before it goes on.
        """
        readings: dict[str, float] = {}
        if (delay := self._wait_before(current=functions != "v")) > 0:
            yield delay
        for number in range(count or self.count):
            begun = self._world.now()
            samples: list[Sample] = []
            for _ in range(self.filter_count if self.filter_on and self.filter_type == REPEAT_AVERAGE else 1):
                samples.append((yield from self._integrate()))  # noqa: PERF401 - a comprehension cannot yield
            readings = self._read(functions, samples, buffers)
            if number + 1 < (count or self.count) and (rest := begun + self.interval - self._world.now()) > 0:
                yield rest
        return readings

    def look(self) -> PortMean:
        """Return what stands at the output at this moment, and note whether a limit acts."""
        mean = self._world.begin(self._channel).end()
        self._note(mean, overflow=bool(self.condition & READING_OVERFLOW))
        return mean

    def _integrate(self) -> Generator[float, None, Sample]:
        begun, aperture = self._world.now(), self.nplc / self._frequency
        integral = self._world.begin(self._channel)
        try:
            yield aperture
        except GeneratorExit:  # nobody wants it any more, and the world must not go on in the midst of this
            integral.drop()
            raise
        mean = integral.end()
        if self.autozero == AUTOZERO_AUTO:
            yield 2 * aperture
        return Sample(begun, mean, {V: self._choose(V, mean.voltage), A: self._choose(A, mean.current)})

    def _read(self, functions: str, samples: list[Sample], buffers: Mapping[str, ReadingBuffer]) -> dict[str, float]:
        raw = [self._convert(functions, sample) for sample in samples]
        last = samples[-1]
        overflow = any(value >= OVERFLOW for taken in raw for value in taken.values())
        self._note(last.mean, overflow=overflow)
        readings: dict[str, float] = {}
        for function in functions:
            values = [taken[function] for taken in raw]
            reading = values[0] if len(values) == 1 and not self.filter_on else self._filter(function, values)
            if self.relative_on[function] and reading < OVERFLOW:
                reading -= self.relative[function]
            readings[function] = reading
            if function in buffers:
                buffers[function].add(self._entry(function, reading, samples[0], last))
        return readings

    def _convert(self, functions: str, sample: Sample) -> dict[str, float]:
        values: dict[str, float] = {}
        if functions != "v":
            values["i"] = self._meter.read(A, sample.mean.current, sample.ranges[A], self.nplc)
        if functions != "i":
            values["v"] = self._meter.read(V, sample.mean.voltage, sample.ranges[V], self.nplc)
        if "r" in functions or "p" in functions:
            current, voltage = values["i"], values["v"]
            beyond = OVERFLOW in {current, voltage}
            values["r"] = OVERFLOW if beyond or current == 0 else voltage / current
            values["p"] = OVERFLOW if beyond else voltage * current
        return values

    def _filter(self, function: str, values: list[float]) -> float:
        if any(value >= OVERFLOW for value in values):
            return OVERFLOW
        if self.filter_type == REPEAT_AVERAGE:
            return fmean(values)
        history = self._history.setdefault(function, deque())
        history.extend(values)
        while len(history) > self.filter_count:
            history.popleft()
        return median(history) if self.filter_type == MEDIAN else fmean(history)

    def _entry(self, function: str, reading: float, first: Sample, last: Sample) -> Reading:
        source = self._source
        span = last.ranges[V] if function == "v" else last.ranges[A]
        status = (
            _AUTORANGED * self.auto[V if function == "v" else A]
            | _SOURCE_AUTORANGED * source.auto[source.function]
            | _FOUR_WIRE * source.remote
            | _RELATIVE * self.relative_on[function]
            | _LIMITED * last.mean.in_compliance
            | _FILTERED * self.filter_on
        )
        sourcing = int(source.function is V)
        level, top = source.present_level, source.present_range
        code = _FUNCTION_CODES[function]
        return Reading(reading, first.time, status, level, code, span, sourcing, int(source.output == 1), top)

    def _note(self, mean: PortMean, *, overflow: bool) -> None:
        limited = CURRENT_LIMITED if self._source.function is V else VOLTAGE_LIMITED
        self.condition = limited * mean.in_compliance | READING_OVERFLOW * overflow

    def _choose(self, quantity: Quantity, value: float) -> float:
        """Autoranging ends on the lowest range that holds the value."""
        if quantity is self._source.function or not self.auto[quantity]:
            return self.range(quantity)
        wanted = max(abs(value), self.low_range[quantity] / OVERRANGE_MEASURE)
        tops = self._tops(quantity)
        self._range[quantity] = next((top for top in tops if wanted <= top * OVERRANGE_MEASURE), tops[-1])
        return self._range[quantity]

    def _wait_before(self, *, current: bool) -> float:
        if self.delay != DELAY_AUTO:
            return self.delay
        return measure_delay(self._range_expected()) * self.delay_factor if current else 0.0

    def _range_expected(self) -> float:
        if self._source.function is A or not self.auto[A]:
            return self.range(A)
        return self._choose(A, self._world.begin(self._channel).end().current)

    def _default_range(self) -> float:
        return 100e-3 if 100e-3 in self._tops(A) else self._tops(A)[0]

    def _tops(self, quantity: Quantity) -> list[float]:
        return [span.top for span in self._model.ranges(quantity)]
