"""Virtual Keithley Series 2600B source-measure units (2601B … 2636B) behind their wire.

Source: Series 2600B reference manual 2600BS-901-01 and specifications SPEC-2600B.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nwlab.core.errors import UsageError
from nwlab.virtual.k2600_channel import SmuChannel
from nwlab.virtual.k2600_display import display_node
from nwlab.virtual.k2600_names import smu_node
from nwlab.virtual.k2600_specs import MODELS
from nwlab.virtual.k2600_status import install_status
from nwlab.virtual.k2600_trigger_names import FIRST_SMU, SMU_EVENTS, digital_node, instrument_trigger_node
from nwlab.virtual.port import Surroundings
from nwlab.virtual.tsp import Identity, TspEngine
from nwlab.virtual.tsp_buffers import print_buffer
from nwlab.virtual.tsp_node import Node
from nwlab.virtual.tsp_trigger import EventBus


class Virtual2600:
    """One instrument; `channels` says which channel of the world each SMU is: "a" or "smua" → its name there.

    Its own errors (gain, offset, noise) follow from `seed`. An SMU that the bench does not use stands unconnected.
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
        self.model = model
        self._engine = TspEngine(world, Identity(model, serial, line_frequency=line_frequency))
        self._bus = EventBus()
        self.smus = self._make_channels(_ports(model, channels), seed)
        self._engine.on_reset.append(self._reset)
        self._engine.busy.extend(lambda smu=smu: smu.sweep.running or smu.sweep.measuring for smu in self.smus)
        self._engine.install(self._names())

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

    def _make_channels(self, ports: Mapping[str, str], seed: int) -> tuple[SmuChannel, ...]:
        spec = MODELS[self.model]
        seeds = np.random.SeedSequence(seed).spawn(len(spec.channels))
        return tuple(
            SmuChannel(
                self._engine,
                name,
                ports[name],
                spec,
                self._bus,
                np.random.default_rng(seeds[index]),
                FIRST_SMU + SMU_EVENTS * index,
            )
            for index, name in enumerate(spec.channels)
        )

    def _names(self) -> dict[str, object]:
        engine = self._engine
        install_status(engine.status, self.smus)
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
