"""Ranges, accuracy, resolution and limits of the Series 2600B models.

Source: Series 2600B specifications (SPEC-2600B), "Voltage" and "Current" accuracy and resolution, one year at
23 °C ± 5 °C; reference manual 2600BS-901-01, "Operating boundaries", "Measure auto delay", `smuX.source.limitY`.
"""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.core.drive import Quantity

OVERRANGE_SOURCE, OVERRANGE_MEASURE = 1.01, 1.02
"""How far beyond its range a source may be set, and a reading go."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A converter on one range: resolution, and error as a fraction of the value plus an offset."""

    resolution: float
    gain: float
    offset: float


@dataclass(frozen=True, slots=True)
class Range:
    """One range: its full scale and both converters; some can only be measured on."""

    top: float
    source: Accuracy | None
    measure: Accuracy


@dataclass(frozen=True, slots=True)
class Model:
    """What one model can do."""

    channels: tuple[str, ...]
    voltage: tuple[Range, ...]
    current: tuple[Range, ...]
    low: tuple[float, float]  # up to this voltage range, this current; V, A
    high: tuple[float, float]  # on the highest voltage range, this current; V, A
    default_limit: tuple[float, float]  # V, A
    auto_delay: bool = False  # whether a measurement waits for its range by default

    @property
    def has_interlock(self) -> bool:
        """Whether the line that can bar the outputs is a safety interlock; models up to 40 V have an output enable."""
        return self.high[0] > 42

    def ranges(self, quantity: Quantity) -> tuple[Range, ...]:
        """Return the ranges of a quantity, smallest first."""
        return self.voltage if quantity is Quantity.VOLTAGE else self.current

    def smallest_limit(self, quantity: Quantity) -> float:
        """Return the lowest limit: a tenth of the lowest source range."""
        return next(span.top for span in self.ranges(quantity) if span.source) / 10

    def is_safe(self, voltage: float, current: float) -> bool:
        """Tell whether a voltage range or limit may stand beside a current limit or range."""
        return voltage <= self.low[0] * 1.02 or current <= self.high[1] * 1.02


def measure_delay(current_range: float) -> float:
    """Return the automatic delay before a current reading, in s."""
    return next((delay for top, delay in _AUTO_DELAY if current_range <= top * 1.001), 0.0)


def _voltage(top: float, *numbers: float) -> Range:
    return Range(top, Accuracy(*numbers[:3]), Accuracy(*numbers[3:]))


_current = _voltage

_AUTO_DELAY = (
    (1e-9, 0.15),
    (10e-9, 0.045),
    (100e-9, 15e-3),
    (1e-6, 2e-3),
    (10e-6, 1e-3),
    (100e-6, 0.5e-3),
    (2.0, 0.1e-3),
)

_VOLTAGE_200 = (
    _voltage(0.2, 5e-6, 2e-4, 375e-6, 100e-9, 1.5e-4, 225e-6),
    _voltage(2.0, 50e-6, 2e-4, 600e-6, 1e-6, 2e-4, 350e-6),
    _voltage(20.0, 500e-6, 2e-4, 5e-3, 10e-6, 1.5e-4, 5e-3),
    _voltage(200.0, 5e-3, 2e-4, 50e-3, 100e-6, 1.5e-4, 50e-3),
)
_VOLTAGE_40 = (
    _voltage(0.1, 5e-6, 2e-4, 250e-6, 100e-9, 1.5e-4, 150e-6),
    _voltage(1.0, 50e-6, 2e-4, 400e-6, 1e-6, 1.5e-4, 200e-6),
    _voltage(6.0, 50e-6, 2e-4, 1.8e-3, 10e-6, 1.5e-4, 1e-3),
    _voltage(40.0, 500e-6, 2e-4, 12e-3, 10e-6, 1.5e-4, 8e-3),
)
_CURRENT_UPPER = (
    _current(100e-6, 2e-9, 3e-4, 60e-9, 100e-12, 2e-4, 25e-9),
    _current(1e-3, 20e-9, 3e-4, 300e-9, 1e-9, 2e-4, 200e-9),
    _current(10e-3, 200e-9, 3e-4, 6e-6, 10e-9, 2e-4, 2.5e-6),
    _current(100e-3, 2e-6, 3e-4, 30e-6, 100e-9, 2e-4, 20e-6),
    _current(1.0, 20e-6, 5e-4, 1.8e-3, 1e-6, 3e-4, 1.5e-3),
)
_CURRENT_260X = (
    _current(100e-9, 2e-12, 6e-4, 100e-12, 100e-15, 5e-4, 100e-12),
    _current(1e-6, 20e-12, 3e-4, 800e-12, 1e-12, 2.5e-4, 500e-12),
    _current(10e-6, 200e-12, 3e-4, 5e-9, 10e-12, 2.5e-4, 1.5e-9),
    *_CURRENT_UPPER,
)
_CURRENT_261X = (
    _current(100e-9, 2e-12, 6e-4, 100e-12, 100e-15, 6e-4, 100e-12),
    *_CURRENT_260X[1:],
    _current(1.5, 50e-6, 6e-4, 4e-3, 1e-6, 5e-4, 3.5e-3),
)
_CURRENT_263X = (
    Range(100e-12, None, Accuracy(0.1e-15, 1.5e-3, 120e-15)),
    _current(1e-9, 20e-15, 1.5e-3, 2e-12, 1e-15, 1.5e-3, 240e-15),
    _current(10e-9, 200e-15, 1.5e-3, 5e-12, 10e-15, 1.5e-3, 3e-12),
    _current(100e-9, 2e-12, 6e-4, 50e-12, 100e-15, 6e-4, 40e-12),
    _current(1e-6, 20e-12, 3e-4, 700e-12, 1e-12, 2.5e-4, 400e-12),
    _current(10e-6, 200e-12, 3e-4, 5e-9, 10e-12, 2.5e-4, 1.5e-9),
    *_CURRENT_UPPER,
    _current(1.5, 50e-6, 6e-4, 4e-3, 1e-6, 5e-4, 3.5e-3),
)
_CURRENT_2634 = _CURRENT_263X[1:]  # no 100 pA range

_ONE, _TWO = ("smua",), ("smua", "smub")
_260X = (
    _VOLTAGE_40,
    (*_CURRENT_260X, _current(3.0, 50e-6, 6e-4, 4e-3, 1e-6, 5e-4, 3.5e-3)),
    (6.0, 3.0),
    (40.0, 1.0),
    (40.0, 1.0),
)
_261X = (_VOLTAGE_200, _CURRENT_261X, (20.0, 1.5), (200.0, 0.1), (20.0, 0.1))
_263X = (_VOLTAGE_200, _CURRENT_263X, (20.0, 1.5), (200.0, 0.1), (20.0, 0.1), True)

MODELS = {
    "2601B": Model(_ONE, *_260X),
    "2602B": Model(_TWO, *_260X),
    "2604B": Model(_TWO, *_260X),
    "2611B": Model(_ONE, *_261X),
    "2612B": Model(_TWO, *_261X),
    "2614B": Model(_TWO, *_261X),
    "2634B": Model(_TWO, _VOLTAGE_200, _CURRENT_2634, (20.0, 1.5), (200.0, 0.1), (20.0, 0.1), True),
    "2635B": Model(_ONE, *_263X),
    "2636B": Model(_TWO, *_263X),
}
