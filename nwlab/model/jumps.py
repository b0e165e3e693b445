"""Sudden rearrangements of the film: a compound Poisson process with a bounded power law of sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Jumps:
    """How often the state jumps, and how far: density of sizes ∝ A^−exponent between smallest and largest.

    A jump goes up with probability ½ + (g̃ − g)/(2(1 + 2·largest)), that is, rather towards the attractor.
    Source: Milano et al., Nature Communications 16 (2025), s41467-025-58741-2.
    """

    rate: float  # 1/s
    exponent: float
    smallest: float  # of the state, > 0
    largest: float

    def __post_init__(self) -> None:
        """Refuse what is no distribution; raises UsageError."""
        if not (math.isfinite(self.rate) and self.rate >= 0):
            raise UsageError(f"jumps need a rate of 0 /s or more, not {self.rate!r}")
        if not (0 < self.smallest <= self.largest < math.inf):
            raise UsageError(f"jump sizes need 0 < smallest ≤ largest, not {self.smallest!r} and {self.largest!r}")
        if not math.isfinite(self.exponent):
            raise UsageError(f"jump sizes need a finite exponent, not {self.exponent!r}")

    @property
    def mean(self) -> float:
        """Mean size ⟨A⟩."""
        return self._moment(1)

    @property
    def mean_square(self) -> float:
        """Mean squared size ⟨A²⟩."""
        return self._moment(2)

    @property
    def span(self) -> float:
        """ln(largest/smallest)."""
        return math.log(self.largest / self.smallest)

    @property
    def power(self) -> float:
        """1 − exponent: the power of the distribution function.

        An exponent of 1, whose distribution function is a logarithm, counts as 1.000001: no size then differs by more
        than some 1e-6 of itself, and one formula serves all.
        """
        power = 1.0 - self.exponent
        return power if abs(power) > 1e-6 else -1e-6

    @property
    def growth(self) -> float:
        """(largest/smallest)^power − 1."""
        return math.expm1(self.power * self.span)

    def sizes(self, uniform: FloatArray) -> FloatArray:
        """Turn uniform numbers in (0, 1) into sizes by inverting the distribution function."""
        growth = np.log1p(uniform * self.growth) / self.power
        return self.smallest * np.exp(growth)

    def _moment(self, order: int) -> float:
        power = 1.0 - self.exponent
        return self.smallest**order * _mean_exp(power + order, self.span) / _mean_exp(power, self.span)


def _mean_exp(slope: float, span: float) -> float:
    """Mean of e^(slope·x) over 0 … span, which is 1 for a span of 0."""
    x = slope * span
    return math.expm1(x) / x if x else 1.0
