"""One source-measure unit: its parts, and the commands that act on more than one of them.

Source: Series 2600B reference manual 2600BS-901-01, `smuX.measure.Y`, `smuX.reset`, `smuX.abort`, `smuX.makebuffer`.
"""

from __future__ import annotations

from nwlab.virtual.k2600_measure import BUFFER_AVAILABLE, Measuring
from nwlab.virtual.k2600_meter import Meter
from nwlab.virtual.k2600_source import Source
from nwlab.virtual.k2600_specs import Model
from nwlab.virtual.k2600_sweep import Sweep
from nwlab.virtual.tsp import TspEngine
from nwlab.virtual.tsp_buffers import Column, ReadingBuffer
from nwlab.virtual.tsp_node import Node, TspRefusalError, number
from nwlab.virtual.tsp_trigger import EventBus

_MOST_READINGS = 140_000  # of one buffer


class SmuChannel:
    """A channel of the instrument (`smua`) at a channel of the world ("a")."""

    def __init__(
        self,
        engine: TspEngine,
        name: str,
        port: str,
        model: Model,
        bus: EventBus,
        meter: Meter,
        first_event: int,
    ) -> None:
        self.engine, self.name, self.port = engine, name, port
        world = engine.world
        self.source = Source(world, port, model, meter, engine.errors, name)
        frequency = engine.identity.line_frequency
        self.measuring = Measuring(world, port, model, meter, self.source, engine.errors, frequency)
        self.sweep = Sweep(world, bus, self.source, self.measuring, first_event)
        self.buffers = (ReadingBuffer(engine.errors), ReadingBuffer(engine.errors))

    @property
    def condition(self) -> int:
        """Bits of `status.measurement.instrument.smuX.condition`."""
        return self.measuring.condition | (BUFFER_AVAILABLE if any(map(len, self.buffers)) else 0)

    def reset(self) -> None:
        """Go to the defaults, output off; buffers keep their readings."""
        self.sweep.reset()
        self.source.reset()
        self.measuring.reset()

    def abort(self) -> None:
        """End whatever runs by itself."""
        self.sweep.abort()

    def cut_power(self) -> None:
        """Leave the output to itself and end whatever runs, for good."""
        self.sweep.abort()
        self.source.cut_power()

    def measure(self, functions: str, *buffers: object) -> tuple[float, ...]:
        """Measure, waiting for it, and return the last readings.

        Raises TspRefusalError for what is no buffer.
        """
        chosen = chosen_buffers(functions, buffers)
        for buffer in chosen.values():
            buffer.begin()
        steps = self.measuring.play(functions, chosen)
        while True:
            try:
                self.engine.wait(next(steps))
            except StopIteration as end:
                readings: dict[str, float] = end.value
                return tuple(readings[function] for function in functions)

    def measure_and_step(self, functions: str, *arguments: object) -> tuple[float, ...]:
        """Measure once, then change the source's level, which is the last argument."""
        *buffers, level = arguments
        readings = self.measure(functions, *buffers)
        self.source.set_level(self.source.function, number(level))
        return readings

    def overlap(self, functions: str, *buffers: object) -> None:
        """Start a measurement that goes on by itself. Raises TspRefusalError for what is no buffer."""
        self.sweep.overlap(functions, chosen_buffers(functions, buffers))

    def look(self) -> bool:
        """Return whether a limit acts now."""
        return self.measuring.look().in_compliance

    def make_buffer(self, capacity: object) -> Node:
        """Return a new reading buffer. Raises TspRefusalError for an impossible size."""
        size = int(number(capacity))
        if not 0 < size <= _MOST_READINGS:
            raise TspRefusalError(f"a buffer cannot hold {size} readings")
        return ReadingBuffer(self.engine.errors, size).node()

    def save_buffer(self, _: object) -> None:
        """Keep a buffer over switching off: nothing to do here."""


def chosen_buffers(functions: str, buffers: tuple[object, ...]) -> dict[str, ReadingBuffer]:
    """Return which buffer takes which function.

    Raises TspRefusalError for what is no buffer.
    """
    chosen: dict[str, ReadingBuffer] = {}
    for function, column in zip(functions, buffers, strict=False):
        if not isinstance(column, Column):
            raise TspRefusalError("reading buffer expected")
        chosen[function] = column.buffer
    return chosen
