"""Where a film goes by its law without chance, under a source that drives no more than a current and a voltage.

Where the current is what limits, the film sets its own voltage I/g, which pulls it back: where it conducts more, it has
less of it. A published chip relaxes some six times as fast so.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from nwlab.model.rate_balance import RateBalance

_PARTS, _MOST = 6, 300
"""Parts of a way, at least and at most, in each of which a film relaxes as it does where that begins (Rosenbrock);"""
_LITTLE = 0.03
"""by which part of itself a conductance may change in one."""
_TANGENT = 1e-3
"""Part of a conductance over which a slope is that of a tangent."""
STEEP = 60.0
"""The largest exponent: a film that is so fast is there at once."""
_LEAST = 1e-9
"""Of the largest conductance: none is less, for a current through nothing has no voltage."""


class Source(NamedTuple):
    """What is applied to a film; magnitudes."""

    current: float  # A; infinite where a voltage is held
    voltage: float  # V

    def at(self, conductance: float) -> float:
        """Return the voltage along a film in V."""
        return min(self.voltage, self.current / conductance)

    def limits(self, conductance: float) -> bool:
        """Whether the current of a film is as much as is driven."""
        return self.current < self.voltage * conductance


class Way(NamedTuple):
    """How a film has gone for a while; S."""

    end: float
    mean: float
    read: float  # what mean current over mean voltage say
    kept: float  # part of a deviation at the begin that is left at the end,
    felt: float  # and that is seen in the mean


class Line(NamedTuple):
    """The straight line that meets the law at two conductances: it relaxes to a goal at a rate."""

    below: float  # S
    above: float  # S
    rate: float  # 1/s
    goal: float  # S

    def end(self, begin: float, lasts: float) -> float:
        """Return where a film comes from a conductance in S in a time in s."""
        return self.goal + (begin - self.goal) * math.exp(-self.rate * lasts)

    def mean(self, begin: float, lasts: float) -> float:
        """Return its mean meanwhile."""
        x = self.rate * lasts
        return self.goal + (begin - self.goal) * (-math.expm1(-x) / x if x > 0.0 else 1.0)


def within(law: RateBalance, conductance: float) -> float:
    """Return the nearest conductance in S that a film can have."""
    return min(max(conductance, law.g_min, _LEAST * law.g_max), law.g_max)


def go(law: RateBalance, begin: float, source: Source, lasts: float) -> Way:
    """Follow a film from a conductance in S for a time in s."""
    if lasts <= 0.0:
        return Way(begin, begin, begin, 1.0, 1.0)
    here, left, kept = begin, lasts, 1.0
    mean = volts = amperes = felt = 0.0
    while left > 0.0:
        speed, slope = _pace(law, here, source)
        step = min(_step(here, speed, source, lasts), left)
        x = slope * step
        part = -math.expm1(-x) / x
        middle = within(law, here + speed * step * (1.0 - part) / x)
        there = source.at(middle)
        mean, volts, amperes = mean + step * middle, volts + step * there, amperes + step * there * middle
        felt, kept = felt + step * kept * part, kept * math.exp(-x)
        here, left = within(law, here + speed * step * part), left - step
    mean /= lasts
    return Way(here, mean, amperes / volts if volts > 0.0 else mean, kept, felt / lasts)


def _step(conductance: float, speed: float, source: Source, lasts: float) -> float:
    """Return for how long a film relaxes as it does now, s: at a held voltage always."""
    if math.isinf(source.current):
        return lasts
    return min(max(_LITTLE * conductance / max(abs(speed), 1e-300), lasts / _MOST), lasts / _PARTS)


def line(law: RateBalance, begin: float, end: float, source: Source) -> Line:
    """Return the line that meets the law at both points of Gauss and Legendre of a way between conductances in S.

    The mean of the law's speed along that way is then right to the third order.
    """
    middle = 0.5 * (begin + end)
    aside = max(abs(end - begin) / math.sqrt(12.0), _TANGENT * middle)
    below, above = within(law, middle - aside), within(law, middle + aside)
    (slower, _), (quicker, _) = _pace(law, above, source), _pace(law, below, source)
    rate = (quicker - slower) / (above - below)
    return Line(below, above, rate, 0.5 * (below + above) + 0.5 * (quicker + slower) / rate)


def _pace(law: RateBalance, conductance: float, source: Source) -> tuple[float, float]:
    """Return how fast a film goes in S/s, and how fast it relaxes in 1/s."""
    volts, span = source.at(conductance), law.g_max - law.g_min
    up = law.kp0 * math.exp(min(law.eta_p * volts, STEEP))
    down = law.kd0 * math.exp(-min(law.eta_d * volts, STEEP))
    state = (conductance - law.g_min) / span
    slope = up + down
    if source.limits(conductance):
        slope += span * (law.eta_p * up * (1.0 - state) + law.eta_d * down * state) * volts / conductance
    return span * (up * (1.0 - state) - down * state), slope
