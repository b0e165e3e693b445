"""Where the numbers stand at an axis, and how they are written."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.units import show
from nwlab.plot.scales import prefixed, time_axis

_STEPS = (0.5, 1.0, 2.0, 5.0, 10.0)
_SLACK = 0.8  # numbers may stand a little closer than they should, rather than much wider
_CROWD = 1.75  # times as many as there should be still do not touch


@dataclass(frozen=True, slots=True)
class Tick:
    """A number at an axis."""

    place: float  # in what the axis counts: s, the plot's unit, or decades of it
    text: str


@dataclass(frozen=True, slots=True)
class Ticks:
    """All numbers of an axis and the unit in which they are written."""

    ticks: tuple[Tick, ...]
    unit: str
    step: float = 1.0  # from one to the next, in what the axis counts; has no meaning for decades


def of_time(begin: float, end: float, most: int) -> Ticks:
    """Return at most `most` ticks from `begin` to `end` s, in ms, s, min or h."""
    factor, unit = time_axis(end - begin)
    if factor < 1 and max(abs(begin), abs(end)) > 1:
        factor, unit = 1.0, "s"  # 5000.2 s is easier to place than 5000200 ms
    return _linear(begin, end, most, factor, unit)


def of_values(low: float, high: float, most: int, unit: str) -> Ticks:
    """Return at most `most` ticks from `low` to `high`; the unit gets a prefix, unless it is "1"."""
    factor, written = (1.0, "") if unit == "1" else prefixed([np.array([low, high])], unit)
    return _linear(low, high, most, factor, written)


def of_decades(low: float, high: float, most: int, unit: str) -> Ticks:
    """Return at most about `most` ticks from 10^`low` to 10^`high`, each with its own prefix."""
    first, last = math.floor(low), math.ceil(high)
    apart = max(1, -(-math.floor(high - low) // max(most, 1)))
    marks = (1, 2, 5) if 3 * (high - low) <= most else (1,)
    values = [mark * 10.0**exponent for exponent in range(first, last + 1) if not exponent % apart for mark in marks]
    ticks = (Tick(math.log10(value), written(value, unit)) for value in values)
    return Ticks(tuple(tick for tick in ticks if low <= tick.place <= high), "")


def written(value: float, unit: str, digits: int = 3) -> str:
    """Write a quantity for the eye: 1.2e-5, "S" → "12 µS"; "1" is a plain number."""
    return show(value, unit, digits).replace(" u", " µ").replace("-", "−")


def places(low: float, high: float, most: int) -> tuple[FloatArray, float]:
    """Return the multiples of a step between two numbers, about `most` of them, and the step: 1, 2 or 5 times 10^n.

    They are two or more, unless these would stand much too close.
    """
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    steps = [step * power for step in _STEPS]
    wanted = next(index for index, step in enumerate(steps) if step >= _SLACK * rough)
    values = _multiples(low, high, steps[wanted])
    finer = _multiples(low, high, steps[wanted - 1]) if wanted else values
    if values.size < 2 <= finer.size <= _CROWD * most:
        return finer, steps[wanted - 1]
    return values, steps[wanted]


def _multiples(low: float, high: float, step: float) -> FloatArray:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return np.arange(first, last + 1, dtype=np.float64) * step


def _linear(low: float, high: float, most: int, factor: float, unit: str) -> Ticks:
    values, step = places(low / factor, high / factor, most)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    texts = (f"{value + 0.0:.{decimals}f}".replace("-", "−") for value in np.round(values, decimals).tolist())
    ticks = tuple(Tick(value * factor, text) for value, text in zip(values.tolist(), texts, strict=True))
    return Ticks(ticks, unit, step * factor)
