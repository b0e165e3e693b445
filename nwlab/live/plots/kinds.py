"""What is plotted against time: conductance, current, voltage, and how far they are from what was expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nwlab.core.units import G0
from nwlab.live.scene.line import Line
from nwlab.live.scene.trace import Trace

SCALES = ("linear", "log", "G0")
"""How conductance is plotted: in S, in decades of S, in conductance quanta."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the plots that lie below one another."""

    name: str
    symbol: str  # where there is no room for the name
    unit: str  # of the traces
    trace: Callable[[Line], Trace]
    share: float  # of the height, relative to the others
    least: float  # range of values that is always shown
    ticks: tuple[float, ...] = ()  # numbers at the axis while it does not reach far beyond them; else any
    dots: bool = True  # whether samples that are few and far between get a dot; levels are seen without

    def scale(self, name: str) -> Scale:
        """Return how values are plotted when conductance is plotted as `name`."""
        if self is not CONDUCTANCE or name == "linear":
            return Scale(self.unit, least=self.least)
        return Scale("S", logarithmic=True, least=0.3) if name == "log" else Scale("G₀", G0, least=self.least / G0)


@dataclass(frozen=True, slots=True)
class Scale:
    """How values are plotted."""

    unit: str  # at the axis
    value: float = 1.0  # of that unit, in the unit of the traces
    logarithmic: bool = False
    least: float = 0.0  # range of values that is always shown, in the axis' unit or decades


CONDUCTANCE = Kind("Conductance", "G", "S", lambda line: line.conductance, 1.6, 1e-13)
CURRENT = Kind("Current", "I", "A", lambda line: line.current, 1.0, 1e-13)
VOLTAGE = Kind("Voltage", "V", "V", lambda line: line.voltage, 1.0, 1e-6, dots=False)
RESIDUAL = Kind("Residual z", "z", "1", lambda line: line.residual, 0.8, 8.0, (-3.0, 0.0, 3.0))
KINDS = (CONDUCTANCE, CURRENT, VOLTAGE, RESIDUAL)
