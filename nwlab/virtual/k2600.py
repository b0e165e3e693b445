"""Virtual Keithley Series 2600B source-measure units (2601B … 2636B) behind their wire.

Source: Series 2600B reference manual 2600BS-901-01 and specifications SPEC-2600B.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nwlab.core.errors import UsageError
from nwlab.virtual.ailments import (
    Ailment,
    ErrorEntry,
    IgnoredSetting,
    OpenInterlock,
    OverTemperature,
    PowerCut,
)
from nwlab.virtual.k2600_channel import SmuChannel
from nwlab.virtual.k2600_display import display_node
from nwlab.virtual.k2600_meter import Meter
from nwlab.virtual.k2600_names import smu_node
from nwlab.virtual.k2600_specs import MODELS
from nwlab.virtual.k2600_status import INTERLOCK, TOO_HOT, install_status
from nwlab.virtual.k2600_trigger_names import FIRST_SMU, SMU_EVENTS, digital_node, instrument_trigger_node
from nwlab.virtual.port import Surroundings
from nwlab.virtual.tsp import Identity, TspEngine
from nwlab.virtual.tsp_buffers import print_buffer
from nwlab.virtual.tsp_node import Node
from nwlab.virtual.tsp_trigger import EventBus

_HOT = (5046, "SMU too hot")
_INTERLOCK_OPEN = (802, "OUTPUT blocked by interlock")
_NOT_ENABLED = (5041, "Output Enable not asserted")


class Virtual2600:
    """One instrument; `channels` says which channel of the world each SMU is: "a" or "smua" → its name there.

    Its own errors (gain, offset, noise) follow from `seed`. An SMU that the bench does not use stands unconnected.
    Ailments that stand outlast the power.
    Raises UsageError for an unknown model or channel.
    """

    def __init__(
        self,
        world: Surroundings,
        channels: Mapping[str, str],
        *,
        model: str = "2636B",
        serial: str = "4098765",
        seed: int = 0,
        line_frequency: float = 50.0,
    ) -> None:
        if model not in MODELS:
            raise UsageError(f"there is no virtual {model!r}; known are {', '.join(MODELS)}")
        self.model, self._world = model, world
        self._identity = Identity(model, serial, line_frequency=line_frequency)
        self._ports = _ports(model, channels)
        seeds = np.random.SeedSequence(seed).spawn(len(self._ports))
        self._meters = [Meter(MODELS[model], np.random.default_rng(each)) for each in seeds]
        self._strings: dict[str, str] = {}  # the user's, which outlast the power
        self._standing: list[Ailment] = []
        self._power_on()

    ailments = (ErrorEntry, PowerCut, OpenInterlock, OverTemperature, IgnoredSetting)

    def receive(self, data: bytes) -> None:
        """Take bytes in any chunking and act on each complete message before returning."""
        self._engine.receive(data)

    def take(self) -> bytes:
        """Hand over all reply bytes that are waiting."""
        return self._engine.take()

    def clear(self) -> None:
        """Device clear: sources and sweeps go on."""
        self._engine.clear()

    def status_byte(self) -> int:
        """IEEE 488.2 status byte."""
        return self._engine.status_byte()

    def trigger(self) -> None:
        """Bus trigger, as `*TRG` would do."""
        self._engine.trigger()

    def suffer(self, ailment: Ailment) -> None:
        """Let an ailment begin; one that lasts outlasts the power, too."""
        if isinstance(ailment, ErrorEntry):
            self._engine.errors.add(ailment.code, ailment.text)
        elif isinstance(ailment, PowerCut):
            self._power_off()
        else:
            self._standing.append(ailment)
            self._feel(ailment, ill=True)

    def recover(self, ailment: Ailment) -> None:
        """Let an ailment end."""
        if isinstance(ailment, PowerCut):
            self._power_on()
        elif ailment in self._standing:
            self._standing.remove(ailment)
            self._feel(ailment, ill=ailment in self._standing)

    def _feel(self, ailment: Ailment, *, ill: bool) -> None:
        """Become as an ailment has it, or as one without it."""
        match ailment:
            case OpenInterlock():
                self._engine.status.measurement.set(INTERLOCK, not ill)
                error = _INTERLOCK_OPEN if MODELS[self.model].has_interlock else _NOT_ENABLED
                for smu in self.smus:
                    smu.source.set_bar(INTERLOCK, error if ill else None)
            case OverTemperature(channel):
                self._smu_at(channel).source.set_bar(TOO_HOT, _HOT if ill else None)
            case IgnoredSetting(channel, setting):
                self._smu_at(channel).source.ignore(setting, ignored=ill)
            case _:
                raise UsageError(f"a {self.model} cannot suffer {ailment}")

    def _smu_at(self, port: str) -> SmuChannel:
        return next(smu for smu in self.smus if smu.port == port)

    def _power_on(self) -> None:
        self._engine = TspEngine(self._world, self._identity, self._strings)
        self._bus = EventBus()
        self.smus = self._make_channels()
        self._engine.on_reset.append(self._reset)
        self._engine.busy.extend(lambda smu=smu: smu.sweep.running or smu.sweep.measuring for smu in self.smus)
        self._engine.install(self._names())
        self._engine.status.measurement.set(INTERLOCK, True)
        for ailment in self._standing:
            self._feel(ailment, ill=True)

    def _power_off(self) -> None:
        self._engine.clear()
        for smu in self.smus:
            smu.cut_power()

    def _make_channels(self) -> tuple[SmuChannel, ...]:
        spec = MODELS[self.model]
        return tuple(
            SmuChannel(self._engine, name, port, spec, self._bus, meter, FIRST_SMU + SMU_EVENTS * index)
            for index, ((name, port), meter) in enumerate(zip(self._ports.items(), self._meters, strict=True))
        )

    def _names(self) -> dict[str, object]:
        engine = self._engine
        install_status(engine.status, self.smus, interlock=MODELS[self.model].has_interlock)
        smus: dict[str, Node] = {smu.name: smu_node(smu) for smu in self.smus}

        def print_buffers(first: object, last: object, *columns: object) -> None:
            engine.print_line(print_buffer(engine.format, first, last, columns))

        return {
            **smus,
            "trigger": instrument_trigger_node(engine, self._bus),
            "digio": digital_node(engine, self._bus),
            "display": display_node([smu.name for smu in self.smus]),
            "status": engine.status.node(),
            "printbuffer": print_buffers,
        }

    def _reset(self) -> None:
        for smu in self.smus:
            smu.reset()


def _ports(model: str, channels: Mapping[str, str]) -> dict[str, str]:
    """Map each SMU of the model to a channel of the world."""
    known = MODELS[model].channels
    asked = {name if name.startswith("smu") else f"smu{name}": port for name, port in channels.items()}
    for name in asked:
        if name not in known:
            raise UsageError(f"a {model} has no channel {name.removeprefix('smu')!r}; it has {', '.join(known)}")
    return {name: asked.get(name, f"{name} unused") for name in known}
