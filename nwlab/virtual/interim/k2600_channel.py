"""One source-measure channel: settings with their checks, what it does to its port, and its readings."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nwlab.core.drive import Quantity
from nwlab.virtual.interim.k2600_buffer import STATUS_COMPLIANCE, STATUS_OVERFLOW, Buffer, Sample
from nwlab.virtual.interim.k2600_specs import MODELS, Accuracy, Converter, range_for
from nwlab.virtual.interim.tsp_errors import RefusedError
from nwlab.virtual.port import Appointment, Output, PortMean, Surroundings

VOLTS, AMPS = 1, 0
OFF, ON, HIGH_Z = 0, 1, 2
NORMAL, ZERO = 0, 1
AUTOZERO_AUTO = 2
LEVEL_OVERRANGE = 1.01
SETTLING = 100e-6  # s that a synchronous measurement lets the source settle; the order of the data sheet's figure
_RESOLUTION = {"source v": 2.5e-5, "source i": 2e-5, "measure v": 5e-6, "measure i": 1e-6}
"""Data sheet: smallest step as a share of the range."""

DEFAULTS: dict[str, float] = {
    "source.func": VOLTS,
    "source.levelv": 0,
    "source.leveli": 0,
    "source.autorangev": 1,
    "source.autorangei": 1,
    "source.output": OFF,
    "source.offmode": NORMAL,
    "source.offfunc": VOLTS,
    "source.offlimiti": 1e-3,
    "source.offlimitv": 40,
    "source.delay": 0,
    "source.settling": 0,
    "source.sink": 0,
    "source.highc": 0,
    "source.outputenableaction": 0,
    "measure.nplc": 1,
    "measure.autozero": AUTOZERO_AUTO,
    "measure.autorangev": 1,
    "measure.autorangei": 1,
    "measure.delay": 0,
    "measure.delayfactor": 1,
    "measure.count": 1,
    "measure.interval": 0,
    "measure.filter.enable": 0,
    "measure.filter.count": 1,
    "measure.filter.type": 1,
    "measure.rel.enablev": 0,
    "measure.rel.enablei": 0,
    "measure.rel.levelv": 0,
    "measure.rel.leveli": 0,
    "sense": 0,
}
BOUNDS: dict[str, tuple[float, float]] = {
    "source.func": (0, 1),
    "source.output": (0, 2),
    "source.offmode": (0, 2),
    "source.offfunc": (0, 1),
    "source.delay": (-1, 4.2e6),
    "measure.nplc": (0.001, 25),
    "measure.autozero": (0, 2),
    "measure.count": (1, 60_000),
    "measure.interval": (0, 1),
    "measure.filter.count": (1, 100),
    "sense": (0, 3),
}


class Channel:
    """`smua` or `smub` of one instrument."""

    def __init__(self, model: str, port: str, world: Surroundings, rng: np.random.Generator, line: float) -> None:
        self.model, self._port, self._world, self._line = MODELS[model], port, world, line
        self._source = {
            "v": Converter(self.model.source_v, _RESOLUTION["source v"], rng),
            "i": Converter(self.model.source_i, _RESOLUTION["source i"], rng),
        }
        self._measure = {
            "v": Converter(self.model.measure_v, _RESOLUTION["measure v"], rng),
            "i": Converter(self.model.measure_i, _RESOLUTION["measure i"], rng),
        }
        self.buffers = {"nvbuffer1": Buffer(), "nvbuffer2": Buffer()}
        self.sweep_limit: Callable[[str], float | None] = lambda _: None
        self.condition = 0
        self._swept: tuple[str, float] | None = None
        self.settings: dict[str, float] = {}
        self.reset()

    def reset(self) -> None:
        """Return to the settings after power-on: output off, level zero."""
        self.settings = dict(DEFAULTS)
        self.settings |= {"source.limiti": self.model.limit_i_default, "source.limitv": self.model.limit_v_default}
        self.settings |= {f"source.lowrange{q}": self._source[q].table[0].full_scale for q in "vi"}
        self.settings |= {f"measure.lowrange{q}": self._measure[q].table[0].full_scale for q in "vi"}
        self._ranges = {f"{side} {q}": 0 for side in ("source", "measure") for q in "vi"}
        self._swept = None
        for buffer in self.buffers.values():
            buffer.samples.clear()
            buffer.__post_init__()
        self.apply()

    @property
    def sources_volts(self) -> bool:
        """Whether the channel forces voltage."""
        return self.settings["source.func"] == VOLTS

    @property
    def is_on(self) -> bool:
        """Whether the output is on."""
        return self.settings["source.output"] == ON

    @property
    def aperture(self) -> float:
        """Integration time in s."""
        return self.settings["measure.nplc"] / self._line

    def put(self, key: str, value: float) -> None:
        """Change a setting as a script does; raises RefusedError when it is refused."""
        value = float(value)
        low, high = BOUNDS.get(key, (-math.inf, math.inf))
        _bound(value, low, high)
        if key in ("source.limiti", "source.limitv"):
            self._put_limit(key, value)
        elif key in ("source.levelv", "source.leveli"):
            self._put_level(key, value)
        else:
            self.settings[key] = value
        if key == "source.func":
            self._swept = None
        self.apply()

    def range_of(self, side: str, quantity: str) -> float:
        """Return the full scale of the range in use on one side ("source", "measure")."""
        return self._table(side, quantity)[self._index(side, quantity)].full_scale

    def put_range(self, side: str, quantity: str, value: float) -> None:
        """Choose the smallest range that holds `value`; turns autorange off."""
        table = self._table(side, quantity)
        value = abs(float(value))
        if value > table[-1].full_scale * (1 + 1e-9):
            raise RefusedError(1101)
        index = range_for(table, value)
        if side == "source":
            self._check_power(index if quantity == "v" else None, self.settings["source.limiti"])
        self._ranges[f"{side} {quantity}"] = index
        self.settings[f"{side}.autorange{quantity}"] = 0
        self.apply()

    def apply(self) -> None:
        """Make the port do what the settings say."""
        self._world.force(self._port, self._output())

    def compliance(self) -> bool:
        """Look whether the limit acts now."""
        self._note(self._world.begin(self._port).end())
        return bool(self.condition & (1 | 2))

    def measure(self, buffers: dict[str, Buffer]) -> dict[str, float]:
        """Take the settings' count of readings, waiting for each; return the last."""
        for buffer in buffers.values():
            buffer.begin()
        last: dict[str, float] = {}
        for index in range(int(self.settings["measure.count"])):
            begun = self._world.now()
            last = self._one(buffers, settle=index == 0)
            self._world.wait(self.settings["measure.interval"] - (self._world.now() - begun))
        return last

    def sweep_level(self, quantity: str, level: float) -> None:
        """Go to a level of a sweep."""
        self._swept = (quantity, level)
        self.apply()

    def sweep_idle(self) -> None:
        """Go back to the level outside the sweep."""
        self._swept = None
        self.apply()

    def sweep_delay(self) -> float:
        """Return the source delay in s; automatic ones are taken as none."""
        return max(self.settings["source.delay"], 0.0)

    def sweep_measure(self, buffers: dict[str, Buffer], done: Callable[[], None]) -> Appointment:
        """Start a reading that fills the buffers when it has been integrated."""
        begun, integral = self._world.now(), self._world.begin(self._port)

        def finish() -> None:
            self._keep(self._convert(integral.end()), begun, buffers)
            done()

        return self._world.at(begun + self.aperture, finish)

    def _one(self, buffers: dict[str, Buffer], *, settle: bool) -> dict[str, float]:
        self._world.wait(SETTLING * settle + max(self.settings["measure.delay"], 0.0))
        if self.settings["measure.autozero"] == AUTOZERO_AUTO:
            self._world.wait(2 * self.aperture)
        readings: list[dict[str, float]] = []
        begun = self._world.now()
        for _ in range(int(self.settings["measure.filter.count"] if self.settings["measure.filter.enable"] else 1)):
            integral = self._world.begin(self._port)
            self._world.wait(self.aperture)
            readings.append(self._convert(integral.end()))
        values = {key: sum(reading[key] for reading in readings) / len(readings) for key in readings[0]}
        self._keep(values, begun, buffers)
        return values

    def _convert(self, mean: PortMean) -> dict[str, float]:
        self._note(mean)
        nplc = self.settings["measure.nplc"]
        values: dict[str, float] = {}
        for quantity, true in (("v", mean.voltage), ("i", mean.current)):
            relative = self.settings[f"measure.rel.level{quantity}"] * self.settings[f"measure.rel.enable{quantity}"]
            index = self._measure_index(quantity, true)
            values[quantity] = self._measure[quantity].measured(true, index, nplc) - relative
        return values

    def _note(self, mean: PortMean) -> None:
        limited = mean.in_compliance and self.is_on
        self.condition = (2 if self.sources_volts else 1) * limited

    def _keep(self, values: dict[str, float], begun: float, buffers: dict[str, Buffer]) -> None:
        source = self._level()
        for letter, buffer in buffers.items():
            value = derived(letter, values)
            status = STATUS_COMPLIANCE * bool(self.condition & 3) + STATUS_OVERFLOW * math.isinf(value)
            quantity = letter if letter in "vi" else "i"
            buffer.add(Sample(value, begun, status, source, self.range_of("measure", quantity)))

    def _level(self) -> float:
        if self._swept:
            return self._swept[1]
        return self.settings["source.levelv" if self.sources_volts else "source.leveli"]

    def _output(self) -> Output | None:
        if not self.is_on:
            return self._off_output()
        quantity = "v" if self.sources_volts else "i"
        other = "i" if self.sources_volts else "v"
        level = self._level()
        index = self._index("source", quantity, level)
        limit = self.sweep_limit(other) or self.settings[f"source.limit{other}"]
        limit_index = range_for(self._source[other].table, limit)
        true = self._source[quantity].sourced(level, index)
        # The offset of the limit's converter must not turn a tiny limit negative.
        compliance = max(self._source[other].sourced(limit, limit_index), 0.5 * limit)
        kind = Quantity.VOLTAGE if self.sources_volts else Quantity.CURRENT
        return Output(kind, true, compliance, remote=self.settings["sense"] == 1)

    def _off_output(self) -> Output | None:
        mode = self.settings["source.offmode"]
        if self.settings["source.output"] == HIGH_Z or mode == HIGH_Z:
            return None
        if mode == ZERO or self.settings["source.offfunc"] == VOLTS:
            return Output(Quantity.VOLTAGE, 0.0, self.settings["source.offlimiti"])
        return Output(Quantity.CURRENT, 0.0, self.settings["source.offlimitv"])

    def _put_limit(self, key: str, value: float) -> None:
        low, high = self.model.limit_i if key == "source.limiti" else self.model.limit_v
        _bound(value, low, high)
        if key == "source.limiti":
            self._check_power(self._index("source", "v"), value)
        self.settings[key] = value

    def _put_level(self, key: str, value: float) -> None:
        quantity = key[-1]
        table = self._source[quantity].table
        auto = self.settings[f"source.autorange{quantity}"]
        largest = table[-1 if auto else self._ranges[f"source {quantity}"]].full_scale * LEVEL_OVERRANGE
        _bound(value, -largest, largest)
        if auto and quantity == "v":
            self._check_power(range_for(table, value), self.settings["source.limiti"])
        self.settings[key] = value
        self._swept = None

    def _check_power(self, voltage_index: int | None, limit: float) -> None:
        if voltage_index == len(self.model.source_v) - 1 and limit > self.model.limit_i_high * (1 + 1e-9):
            raise RefusedError(-221)

    def _table(self, side: str, quantity: str) -> tuple[Accuracy, ...]:
        return (self._source if side == "source" else self._measure)[quantity].table

    def _index(self, side: str, quantity: str, value: float | None = None) -> int:
        if not self.settings[f"{side}.autorange{quantity}"]:
            return self._ranges[f"{side} {quantity}"]
        if side == "source":
            present = self.settings[f"source.level{quantity}"] if value is None else value
            return range_for(self._table(side, quantity), present)
        return self._ranges[f"{side} {quantity}"]

    def _measure_index(self, quantity: str, true: float) -> int:
        """A sourced quantity is measured on the source's range; the other one on its own, chosen by value if automatic."""
        table = self._measure[quantity].table
        if quantity == ("v" if self.sources_volts else "i"):
            return range_for(table, self.range_of_level(quantity))
        if self.settings[f"measure.autorange{quantity}"]:
            self._ranges[f"measure {quantity}"] = range_for(table, true)
        return self._ranges[f"measure {quantity}"]

    def range_of_level(self, quantity: str) -> float:
        """Return the full scale of the range that the present level is sourced on."""
        return self._source[quantity].table[self._index("source", quantity, self._level())].full_scale


def derived(letter: str, values: dict[str, float]) -> float:
    """Return voltage, current, resistance or power of one reading."""
    v, i = values["v"], values["i"]
    if letter == "r":
        return v / i if i else math.inf
    return {"v": v, "i": i, "p": v * i}[letter]


def _bound(value: float, low: float, high: float) -> None:
    if value > high * (1 + 1e-9) or value < low * (1 - 1e-9 * (1 if low > 0 else -1)):
        raise RefusedError(1101 if value > high else 1102)
