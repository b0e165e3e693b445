"""Virtual Keithley Series 2600B source-measure units: 2601B, 2602B, 2611B, 2612B, 2635B, 2636B.

Source: Series 2600B reference manual 2600BS-901-01.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from nwlab.core.errors import UsageError
from nwlab.virtual.interim import k2600_sweep as sweeps
from nwlab.virtual.interim.k2600_buffer import Buffer, finite
from nwlab.virtual.interim.k2600_channel import Channel, derived
from nwlab.virtual.interim.k2600_scripts import FACTORY_SCRIPTS
from nwlab.virtual.interim.k2600_specs import MODELS
from nwlab.virtual.interim.k2600_sweep import Sweep
from nwlab.virtual.interim.tsp import TspEngine
from nwlab.virtual.interim.tsp_errors import RefusedError
from nwlab.virtual.interim.tsp_lua import Branch, Getter, Setter
from nwlab.virtual.interim.tsp_numbers import NO_READING
from nwlab.virtual.interim.tsp_status import register
from nwlab.virtual.interim.tsp_trigger import TriggerSystem
from nwlab.virtual.port import Surroundings

CONSTANTS: dict[str, float] = {
    "OUTPUT_DCAMPS": 0,
    "OUTPUT_DCVOLTS": 1,
    "OUTPUT_OFF": 0,
    "OUTPUT_ON": 1,
    "OUTPUT_HIGH_Z": 2,
    "OUTPUT_NORMAL": 0,
    "OUTPUT_ZERO": 1,
    "SENSE_LOCAL": 0,
    "SENSE_REMOTE": 1,
    "SENSE_CALA": 3,
    "AUTORANGE_OFF": 0,
    "AUTORANGE_ON": 1,
    "AUTORANGE_FOLLOW_LIMIT": 2,
    "AUTOZERO_OFF": 0,
    "AUTOZERO_ONCE": 1,
    "AUTOZERO_AUTO": 2,
    "DELAY_OFF": 0,
    "DELAY_AUTO": -1,
    "FILTER_OFF": 0,
    "FILTER_ON": 1,
    "FILTER_MOVING_AVG": 0,
    "FILTER_REPEAT_AVG": 1,
    "FILTER_MEDIAN": 2,
    "REL_OFF": 0,
    "REL_ON": 1,
    "SETTLE_SMOOTH": 0,
    "SETTLE_FAST_RANGE": 1,
    "SETTLE_FAST_POLARITY": 2,
    "SETTLE_DIRECT_IRANGE": 3,
    "SETTLE_SMOOTH_100NA": 4,
    "SETTLE_FAST_ALL": 128,
    "DISABLE": sweeps.DISABLE,
    "ENABLE": sweeps.ENABLE,
    "ASYNC": sweeps.ASYNC,
    "SOURCE_IDLE": sweeps.SOURCE_IDLE,
    "SOURCE_HOLD": sweeps.SOURCE_HOLD,
    "LIMIT_AUTO": sweeps.LIMIT_AUTO,
    "FILL_ONCE": 0,
    "FILL_WINDOW": 1,
    "DISPLAY_AUTO": 0,
    "DISABLED": 0,
    "OE_NONE": 0,
    "OE_OUTPUT_OFF": 1,
    "NONE": 0,
}
SWEEPING_BITS = {"smua": 2, "smub": 4}
FIRMWARE = "3.2.1"


class Virtual2600:
    """The instrument behind its wire. `channels` maps the driver's channel ("a", "b") to the world's channel."""

    def __init__(
        self,
        world: Surroundings,
        channels: Mapping[str, str],
        *,
        model: str = "2636B",
        seed: int = 0,
        serial: str = "1398687",
        line_frequency: float = 50.0,
    ) -> None:
        if model not in MODELS:
            raise UsageError(f"there is no virtual {model}; known are {', '.join(MODELS)}")
        self.model = model
        self._world, self._line = world, line_frequency
        rng = np.random.default_rng([seed, 2600])
        self._channels: dict[str, Channel] = {}
        self._sweeps: dict[str, Sweep] = {}
        self._buffers: list[Buffer] = []
        self._triggers = TriggerSystem(world)
        identity = f"Keithley Instruments Inc., Model {model}, {serial}, {FIRMWARE}"
        self._engine = TspEngine(
            identity,
            world,
            trigger=self._triggers.command,
            wait_complete=self._wait_complete,
            reset=self.reset,
        )
        for name in MODELS[model].channels:
            port = channels.get(name.removeprefix("smu"), f"{model} {serial} {name}")
            self._channels[name] = Channel(model, port, world, rng, line_frequency)
            self._sweeps[name] = self._sweep(name)
        self._define(serial)

    def receive(self, data: bytes) -> None:
        """Take bytes in any chunking and act on each complete message before returning."""
        self._engine.receive(data)

    def take(self) -> bytes:
        """Hand over all reply bytes that are waiting."""
        return self._engine.take()

    def clear(self) -> None:
        """Device clear."""
        self._engine.clear()

    def status_byte(self) -> int:
        """Return the status byte."""
        return self._engine.status_byte()

    def trigger(self) -> None:
        """Bus trigger."""
        self._triggers.command()

    def reset(self) -> None:
        """Return to the settings after power-on: outputs off, levels zero."""
        for name in self._channels:
            self._reset_channel(name)
        self._triggers.reset()

    def _reset_channel(self, name: str) -> None:
        self._sweeps[name].reset()
        self._channels[name].reset()

    def _sweep(self, name: str) -> Sweep:
        channel = self._channels[name]
        sweep = Sweep(name, self._triggers.bus, self._world, channel)
        channel.sweep_limit = sweep.limit
        return sweep

    def _define(self, serial: str) -> None:
        engine, guarded = self._engine, self._engine.guarded
        status = engine.status.branch()
        status.children["operation"] = Branch(children={"sweeping": register(self._sweeping, self._smu_bits())})
        status.children["measurement"] = self._measurement_status()
        engine.define(
            {
                "status": status,
                "trigger": self._triggers.branch(guarded),
                "localnode": self._localnode(serial),
                "display": _display(self._channels),
                "beeper": _quiet("beep"),
                "makebuffer": self._make_buffer,
                "printbuffer": guarded(self._print_buffer),
                **{name: self._smu(name) for name in self._channels},
            }
        )
        for name, channel in self._channels.items():
            for buffer_name, buffer in channel.buffers.items():
                engine.lua.globals[name][buffer_name] = self._buffer_table(buffer)
        for script in FACTORY_SCRIPTS:
            engine.lua.run(script)

    def _buffer_table(self, buffer: Buffer) -> Any:
        self._buffers.append(buffer)
        return self._engine.lua.table(buffer.branch(len(self._buffers) - 1))

    def _make_buffer(self, size: float) -> Any:
        return self._buffer_table(Buffer(int(size)))

    def _buffer(self, table: Any) -> Buffer:
        return self._column_of(table)[0]

    def _column_of(self, table: Any) -> tuple[Buffer, str]:
        number, _, column = (self._engine.lua.identity(table) or "").partition(" ")
        if not column:
            raise RefusedError(5027)
        return self._buffers[int(number)], column

    def _print_buffer(self, first: float, last: float, *tables: Any) -> None:
        self._world.now()
        parts: list[list[float]] = []
        for table in tables:
            buffer, column = self._column_of(table)
            found = buffer.values(column, int(first), int(last))
            missing = int(last) - max(int(first), 1) + 1 - len(found)
            parts.append(found + [NO_READING] * missing)
        self._engine.reply_block(value for row in zip(*parts, strict=True) for value in row)

    def _smu(self, name: str) -> Branch:
        channel, sweep = self._channels[name], self._sweeps[name]
        measure = self._group(channel, "measure.")
        for letters in ("v", "i", "r", "p", "iv"):
            measure.functions[letters] = self._engine.guarded(self._measurer(channel, letters))
        source = self._group(channel, "source.")
        source.attributes["compliance"] = (channel.compliance, None)
        for quantity in "vi":
            measure.attributes[f"range{quantity}"] = self._range(channel, "measure", quantity)
            source.attributes[f"range{quantity}"] = self._range(channel, "source", quantity)
            source.attributes[f"limit{quantity}"] = self._setting(channel, f"source.limit{quantity}")
        source.attributes["limitp"] = (lambda: 0.0, lambda _: None)
        measure.children |= {key: self._group(channel, f"measure.{key}.") for key in ("filter", "rel")}
        return Branch(
            attributes={"sense": self._setting(channel, "sense")},
            functions={
                "reset": lambda: self._reset_channel(name),
                "abort": sweep.abort,
                "makebuffer": self._make_buffer,
            },
            constants=CONSTANTS,
            children={
                "source": source,
                "measure": measure,
                "trigger": sweep.branch(self._engine.guarded, self._buffer),
            },
        )

    def _group(self, channel: Channel, prefix: str) -> Branch:
        keys = [key for key in channel.settings if key.startswith(prefix) and "." not in key.removeprefix(prefix)]
        return Branch(attributes={key.removeprefix(prefix): self._setting(channel, key) for key in keys})

    def _setting(self, channel: Channel, key: str) -> tuple[Getter, Setter]:
        return lambda: channel.settings[key], self._engine.guarded(lambda value: channel.put(key, value))

    def _range(self, channel: Channel, side: str, quantity: str) -> tuple[Getter, Setter]:
        put = self._engine.guarded(lambda value: channel.put_range(side, quantity, value))
        return lambda: channel.range_of(side, quantity), put

    def _measurer(self, channel: Channel, letters: str) -> Callable[..., Any]:
        def measure(*tables: Any) -> Any:
            buffers = {letter: self._buffer(table) for letter, table in zip(letters, tables, strict=False)}
            values = channel.measure(buffers)
            found = tuple(finite(derived(letter, values)) for letter in letters)
            return found if len(found) > 1 else found[0]

        return measure

    def _localnode(self, serial: str) -> Branch:
        state = {"prompts": 0, "showerrors": 0, "prompts4882": 1, "autolinefreq": True}

        def own(key: str) -> tuple[Getter, Setter]:
            return lambda: state[key], lambda value: state.__setitem__(key, value)

        return Branch(
            attributes={
                "model": (lambda: self.model, None),
                "serialno": (lambda: serial, None),
                "revision": (lambda: FIRMWARE, None),
                "description": (lambda: f"Keithley Instruments SMU {self.model}", None),
                "linefreq": (lambda: self._line, None),
                **{key: own(key) for key in state},
            },
            functions={"reset": self.reset},
        )

    def _measurement_status(self) -> Branch:
        instrument = {name: register(lambda name=name: self._channels[name].condition) for name in self._channels}
        return Branch(
            attributes={"condition": (lambda: 0, None)},
            children={
                "instrument": Branch(children=dict(instrument)),
                "voltage_limit": register(lambda: self._limited(1), self._smu_bits()),
                "current_limit": register(lambda: self._limited(2), self._smu_bits()),
                "buffer_available": register(self._available, self._smu_bits()),
            },
        )

    def _smu_bits(self) -> dict[str, float]:
        return {name.upper(): SWEEPING_BITS[name] for name in self._channels}

    def _limited(self, bit: int) -> int:
        return sum(SWEEPING_BITS[name] for name, channel in self._channels.items() if channel.condition & bit)

    def _available(self) -> int:
        filled = {name for name, c in self._channels.items() if any(buffer.samples for buffer in c.buffers.values())}
        return sum(SWEEPING_BITS[name] for name in filled)

    def _sweeping(self) -> int:
        self._world.now()
        return sum(SWEEPING_BITS[name] for name, sweep in self._sweeps.items() if sweep.running)

    def _wait_complete(self) -> None:
        while self._sweeping():
            self._world.wait(1e-2)


def _display(channels: Iterable[str]) -> Branch:
    """The front panel: it takes everything and shows nothing."""
    panel = _quiet("clear", "settext", "setcursor", "trigger", "inputvalue", "prompt", "sendkey")
    panel.attributes["screen"] = _own(0)
    panel.constants |= {"MEASURE_DCAMPS": 0, "MEASURE_DCVOLTS": 1, "MEASURE_OHMS": 2, "MEASURE_WATTS": 3}
    panel.constants |= {
        "SMUA": 0,
        "SMUB": 1,
        "SMUA_SMUB": 2,
        "USER": 3,
        "DIGITS_4_5": 4,
        "DIGITS_5_5": 5,
        "DIGITS_6_5": 6,
    }
    for name in channels:
        measure, limit = Branch(attributes={"func": _own(1)}), Branch(attributes={"func": _own(0)})
        panel.children[name] = Branch(attributes={"digits": _own(5)}, children={"measure": measure, "limit": limit})
    return panel


def _own(value: float) -> tuple[Getter, Setter]:
    """An attribute that is kept and has no effect."""
    state = [value]
    return lambda: state[0], lambda new: state.__setitem__(0, float(new))


def _quiet(*functions: str) -> Branch:
    return Branch(functions={name: lambda *_: None for name in functions})
