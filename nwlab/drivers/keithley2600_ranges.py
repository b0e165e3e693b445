"""What each Series 2600B model can source, limit and measure.

Source: reference manual 2600BS-901-01, "Available ranges", "Operating boundaries", "Measurement settling time
considerations". The smallest limit is a tenth of the smallest source range.
"""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.core.drive import Quantity
from nwlab.core.errors import DriveError
from nwlab.core.units import show

STEPS = 60_000
"""Readings with time stamps that a channel's own buffer holds."""

_FIT = 1 + 1e-9  # a level of exactly one range stays on it whatever its last bit says
_SETTLING = (
    (1e-9, 360e-3),
    (10e-9, 90e-3),
    (100e-9, 15e-3),
    (1e-6, 2.5e-3),
    (10e-6, 500e-6),
    (100e-6, 150e-6),
    (1e-3, 100e-6),
    (100e-3, 80e-6),
    (3.0, 120e-6),
)
_ZERO_CURRENT_RANGES = (10e-9, 100e-9, 1e-6, 10e-6)


@dataclass(frozen=True, slots=True)
class Abilities:
    """Ranges and limits of one model."""

    channels: tuple[str, ...]
    source_voltage: tuple[float, ...]  # ranges, V
    source_current: tuple[float, ...]  # ranges, A
    measure_current: tuple[float, ...]  # ranges, A; those of voltage are the source's
    low: tuple[float, float]  # up to this voltage the instrument gives this current; V, A
    high: tuple[float, float]  # the same on the highest voltage range; V, A

    def ranges(self, quantity: Quantity, *, source: bool) -> tuple[float, ...]:
        """Return the ranges of one quantity, smallest first."""
        if quantity is Quantity.VOLTAGE:
            return self.source_voltage
        return self.source_current if source else self.measure_current

    def range_for(self, value: float, quantity: Quantity, *, source: bool) -> float:
        """Return the smallest range that holds a value.

        Raises DriveError when there is none.
        """
        ranges = self.ranges(quantity, source=source)
        for candidate in ranges:
            if abs(value) <= candidate * _FIT:
                return candidate
        raise DriveError(f"{show(value, quantity.unit)} is beyond the highest range of {_unit(ranges[-1], quantity)}")

    def smallest_limit(self, quantity: Quantity) -> float:
        """Return the lowest compliance that the instrument keeps; below it answers 1102 and stays where it was."""
        return self.ranges(quantity, source=True)[0] / 10

    def largest_limit(self, source_range: float, quantity: Quantity) -> float:
        """Return the highest compliance in `quantity` while the other quantity is sourced on a range."""
        if quantity is Quantity.CURRENT:
            return self.low[1] if source_range <= self.low[0] else self.high[1]
        return self.high[0] if source_range <= self.high[1] else self.low[0]

    def common_limit(self, quantity: Quantity) -> float:
        """Return the highest compliance that every source range can keep."""
        return self.high[1] if quantity is Quantity.CURRENT else self.low[0]


def settling(current_range: float) -> float:
    """Return the s until a current is within 0.1 % of its end value on a range, measured or sourced."""
    return next(time for top, time in _SETTLING if current_range <= top * _FIT)


def zero_current_range(abilities: Abilities, patience: float) -> float:
    """Return the source range for a channel that only ever forces 0 A, that is, works as a voltmeter.

    A lower range has less offset current but settles later: the lowest that settles within `patience` s.
    """
    ranges = [span for span in _ZERO_CURRENT_RANGES if span >= abilities.source_current[0]]
    return next((span for span in ranges if settling(span) <= patience * _FIT), ranges[-1])


def _unit(value: float, quantity: Quantity) -> str:
    return show(value, quantity.unit)


_CURRENT = (100e-9, 1e-6, 10e-6, 100e-6, 1e-3, 10e-3, 100e-3, 1.0)
_LOW_CURRENT = (1e-9, 10e-9, *_CURRENT)


def _abilities(family: str, channels: tuple[str, ...]) -> Abilities:
    if family == "260":
        ranges = (*_CURRENT, 3.0)
        return Abilities(channels, (0.1, 1.0, 6.0, 40.0), ranges, ranges, low=(6.0, 3.0), high=(40.0, 1.0))
    source = (*(_CURRENT if family == "261" else _LOW_CURRENT), 1.5)
    measure = (100e-12, *source) if family == "263" else source
    return Abilities(channels, (0.2, 2.0, 20.0, 200.0), source, measure, low=(20.0, 1.5), high=(200.0, 0.1))


MODELS = {
    "2601B": _abilities("260", ("a",)),
    "2602B": _abilities("260", ("a", "b")),
    "2604B": _abilities("260", ("a", "b")),
    "2611B": _abilities("261", ("a",)),
    "2612B": _abilities("261", ("a", "b")),
    "2614B": _abilities("261", ("a", "b")),
    "2634B": _abilities("2634", ("a", "b")),
    "2635B": _abilities("263", ("a",)),
    "2636B": _abilities("263", ("a", "b")),
}
"""Abilities by model name."""
