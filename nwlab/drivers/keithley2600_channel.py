"""One channel of a Series 2600B instrument, property by property."""

from __future__ import annotations

import math

from pymeasure.instruments import Channel
from pymeasure.instruments.validators import strict_discrete_set, strict_range

from nwlab.drivers.keithley2600_sweep import OVERFLOW
from nwlab.drivers.tsp import TspChannel


def reading(value: float) -> float:
    """Return a reading, or NaN for what stands for one beyond its range (±9.91e37)."""
    return value if abs(value) < OVERFLOW else math.nan


class Keithley2600Channel(TspChannel):
    """A source-measure unit, for use by hand. What the instrument refuses is raised as InstrumentError at once.

    Ranges depend on the model: 2602B 40 V and 3 A, 2612B 200 V and 1.5 A, 2636B the same down to 1 nA (and 100 pA
    for measuring).
    """

    source_function = Channel.control(
        "print(smu{ch}.source.func)",
        "smu{ch}.source.func = %d",
        """Control what is sourced: "voltage" or "current"; change it with the output off.""",
        validator=strict_discrete_set,
        values={"current": 0, "voltage": 1},
        map_values=True,
    )
    source_voltage = Channel.control(
        "print(smu{ch}.source.levelv)",
        "smu{ch}.source.levelv = %.9e",
        """Control the voltage that is sourced, in V (to ±40.4 V or ±202 V by model).""",
    )
    source_current = Channel.control(
        "print(smu{ch}.source.leveli)",
        "smu{ch}.source.leveli = %.9e",
        """Control the current that is sourced, in A (to ±3.03 A or ±1.515 A by model).""",
    )
    source_voltage_range = Channel.control(
        "print(smu{ch}.source.rangev)",
        "smu{ch}.source.rangev = %.9e",
        """Control the range of the sourced voltage by the highest value it must hold, in V.""",
    )
    source_current_range = Channel.control(
        "print(smu{ch}.source.rangei)",
        "smu{ch}.source.rangei = %.9e",
        """Control the range of the sourced current by the highest value it must hold, in A.""",
    )
    compliance_current = Channel.control(
        "print(smu{ch}.source.limiti)",
        "smu{ch}.source.limiti = %.9e",
        """Control the current limit while voltage is sourced, in A (from 10 nA; 2634B … 2636B from 100 pA).""",
    )
    compliance_voltage = Channel.control(
        "print(smu{ch}.source.limitv)",
        "smu{ch}.source.limitv = %.9e",
        """Control the voltage limit while current is sourced, in V (from 10 mV or 20 mV by model).""",
    )
    measure_voltage_range = Channel.control(
        "print(smu{ch}.measure.rangev)",
        "smu{ch}.measure.rangev = %.9e",
        """Control the range of measured voltage by the highest value it must hold, in V; locked to the source's range
        while voltage is sourced.""",
    )
    measure_current_range = Channel.control(
        "print(smu{ch}.measure.rangei)",
        "smu{ch}.measure.rangei = %.9e",
        """Control the range of measured current by the highest value it must hold, in A; locked to the source's range
        while current is sourced.""",
    )
    nplc = Channel.control(
        "print(smu{ch}.measure.nplc)",
        "smu{ch}.measure.nplc = %.9e",
        """Control the integration time of a reading in power line cycles (0.001 to 25).""",
        validator=strict_range,
        values=(0.001, 25),
    )
    sense_mode = Channel.control(
        "print(smu{ch}.sense)",
        "smu{ch}.sense = %d",
        """Control where voltage is measured and regulated: "local" (two wires) or "remote" (four wires).""",
        validator=strict_discrete_set,
        values={"local": 0, "remote": 1},
        map_values=True,
    )
    autozero = Channel.control(
        "print(smu{ch}.measure.autozero)",
        "smu{ch}.measure.autozero = %d",
        """Control the internal reference readings: "off", "once" (now, then off) or "auto".""",
        validator=strict_discrete_set,
        values={"off": 0, "once": 1, "auto": 2},
        map_values=True,
    )
    source_enabled = Channel.control(
        "print(smu{ch}.source.output)",
        "smu{ch}.source.output = %d",
        """Control whether the output is on. Switching it on starts at the level that is set: look at it first.""",
        validator=strict_discrete_set,
        values={True: 1, False: 0},
        map_values=True,
    )
    voltage = Channel.measurement(
        "print(smu{ch}.measure.v())", """Measure the voltage in V; NaN beyond the range.""", get_process=reading
    )
    current = Channel.measurement(
        "print(smu{ch}.measure.i())",
        """Measure the current in A, positive out of HI; NaN beyond the range.""",
        get_process=reading,
    )

    @property
    def compliance_tripped(self) -> bool:
        """Whether the limit acts on the source now. Raises WireError."""
        command = f"print(smu{self.id}.source.compliance)"
        reply = self.ask(command).strip()
        if reply not in {"true", "false"}:
            raise self.parent.strange(command, reply, "true or false was expected")
        return reply == "true"

    def measure_iv(self) -> tuple[float, float]:
        """Measure current in A and voltage in V at the same time; NaN beyond the range."""
        current, voltage = self.parent.numbers(f"print(smu{self.id}.measure.iv())", 2)
        return reading(current), reading(voltage)

    def rest(self) -> None:
        """Abort what runs and set both levels to zero; the output stays as it is."""
        self.parent.rest_channels((str(self.id),))
