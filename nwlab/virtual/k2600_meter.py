"""The converters of one channel with their own errors, as a freshly calibrated instrument has them.

Each converter on each range has a fixed gain and offset error, drawn once within a tenth of the specification. Readings
carry white noise; its dependence on the integration time follows the specifications' extra error at short ones.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np

from nwlab.core.drive import Quantity
from nwlab.virtual.k2600_specs import OVERRANGE_MEASURE, Accuracy, Model
from nwlab.virtual.tsp_numbers import OVERFLOW

_CALIBRATED = 0.1  # of the specification
_NOISE = ((1e-3, 2e-3), (1e-2, 2.3e-4), (0.1, 3.3e-5), (1.0, 1e-6), (25.0, 2e-7))
"""(line cycles, standard deviation as a fraction of the range); a third of the specified bounds below one cycle."""
_POINTS = [(math.log(cycles), math.log(sigma)) for cycles, sigma in _NOISE]
_DRAWS = 1024


class Converter:
    """One direction on one range."""

    def __init__(self, accuracy: Accuracy, random: np.random.Generator) -> None:
        self.resolution = accuracy.resolution
        self._gain = 1 + accuracy.gain * _CALIBRATED * float(random.uniform(-1, 1))
        self._offset = accuracy.offset * _CALIBRATED * float(random.uniform(-1, 1))

    def convert(self, value: float) -> float:
        """Return a value with the errors of this converter."""
        return value * self._gain + self._offset

    def rounded(self, value: float) -> float:
        """Return a value on the grid of this converter."""
        return round(value / self.resolution) * self.resolution


class Meter:
    """All converters of a channel, and the noise of its readings."""

    def __init__(self, model: Model, random: np.random.Generator) -> None:
        self._random = random
        self._source: dict[tuple[Quantity, float], Converter] = {}
        self._measure: dict[tuple[Quantity, float], Converter] = {}
        for quantity in Quantity:
            for span in model.ranges(quantity):
                self._measure[quantity, span.top] = Converter(span.measure, random)
                if span.source is not None:
                    self._source[quantity, span.top] = Converter(span.source, random)
        self._drawn: list[float] = []

    def sourced(self, quantity: Quantity, level: float, top: float) -> float:
        """Return what really comes when a level is set on a range."""
        converter = self._source[quantity, top]
        return converter.convert(converter.rounded(level))

    def limited(self, quantity: Quantity, limit: float, top: float) -> float:
        """Return where a limit set on a range really acts."""
        return max(self.sourced(quantity, limit, top), limit / 2)

    def read(self, quantity: Quantity, value: float, top: float, cycles: float) -> float:
        """Return the reading of a true value on a range, integrated over so many line cycles."""
        if abs(value) > top * OVERRANGE_MEASURE:
            return OVERFLOW
        converter = self._measure[quantity, top]
        return converter.rounded(converter.convert(value) + top * _sigma(cycles) * self._normal())

    def _normal(self) -> float:
        if not self._drawn:
            self._drawn = self._random.standard_normal(_DRAWS).tolist()
        return self._drawn.pop()


@lru_cache
def _sigma(cycles: float) -> float:
    """Interpolate the noise between the points of its table."""
    wanted = math.log(cycles)
    for (left, low), (right, high) in itertools.pairwise(_POINTS):
        if wanted <= right:
            return math.exp(low + (high - low) * (wanted - left) / (right - left))
    return math.exp(_POINTS[-1][1])
