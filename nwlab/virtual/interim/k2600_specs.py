"""What the data sheet of the Series 2600B promises: ranges, resolution, accuracy, noise.

Source: data sheet SPEC-2600B, one-year accuracy at 23 °C ± 5 °C. A simulated instrument is freshly calibrated: its gain
and offset errors are drawn once, within a tenth of what the data sheet allows after a year.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

CALIBRATED = 0.1
"""Share of the stated accuracy that a freshly calibrated instrument uses."""
OVERRANGE = 1.02
"""Readings beyond this multiple of a range overflow; levels up to a little less can be sourced."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """± (share of the value + offset) on one range."""

    full_scale: float  # V or A
    gain: float
    offset: float  # V or A


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the family."""

    name: str
    channels: tuple[str, ...]
    source_v: tuple[Accuracy, ...]
    source_i: tuple[Accuracy, ...]
    measure_v: tuple[Accuracy, ...]
    measure_i: tuple[Accuracy, ...]
    limit_i: tuple[float, float]  # smallest and largest current limit, A
    limit_v: tuple[float, float]  # smallest and largest voltage limit, V
    limit_i_default: float
    limit_v_default: float
    limit_i_high: float  # largest current on the highest voltage range, A


def _table(*rows: tuple[float, float, float]) -> tuple[Accuracy, ...]:
    return tuple(Accuracy(full_scale, percent / 100, offset) for full_scale, percent, offset in rows)


_V_SOURCE = _table((0.2, 0.02, 375e-6), (2, 0.02, 600e-6), (20, 0.02, 5e-3), (200, 0.02, 50e-3))
_V_MEASURE = _table((0.2, 0.015, 225e-6), (2, 0.02, 350e-6), (20, 0.015, 5e-3), (200, 0.015, 50e-3))
_V_SOURCE_40 = _table((0.1, 0.02, 250e-6), (1, 0.02, 400e-6), (6, 0.02, 1.8e-3), (40, 0.02, 12e-3))
_V_MEASURE_40 = _table((0.1, 0.015, 150e-6), (1, 0.015, 200e-6), (6, 0.015, 1e-3), (40, 0.015, 8e-3))
_I_SOURCE_LOW = _table((1e-9, 0.15, 2e-12), (10e-9, 0.15, 5e-12), (100e-9, 0.06, 50e-12), (1e-6, 0.03, 700e-12))
_I_MEASURE_LOW = _table(
    (100e-12, 0.15, 120e-15),
    (1e-9, 0.15, 240e-15),
    (10e-9, 0.15, 3e-12),
    (100e-9, 0.06, 40e-12),
    (1e-6, 0.025, 400e-12),
)
_I_SOURCE = _table(
    (10e-6, 0.03, 5e-9), (100e-6, 0.03, 60e-9), (1e-3, 0.03, 300e-9), (10e-3, 0.03, 6e-6), (100e-3, 0.03, 30e-6)
)
_I_MEASURE = _table(
    (10e-6, 0.025, 1.5e-9), (100e-6, 0.02, 25e-9), (1e-3, 0.02, 200e-9), (10e-3, 0.02, 2.5e-6), (100e-3, 0.02, 20e-6)
)
_I_SOURCE_12 = _table((100e-9, 0.06, 100e-12), (1e-6, 0.03, 800e-12))
_I_MEASURE_12 = _table((100e-9, 0.05, 100e-12), (1e-6, 0.025, 500e-12))
_TOP_15 = _table((1, 0.05, 1.8e-3), (1.5, 0.06, 4e-3))
_TOP_15_MEASURE = _table((1, 0.03, 1.5e-3), (1.5, 0.05, 3.5e-3))
_TOP_30 = _table((1, 0.05, 1.8e-3), (3, 0.06, 4e-3))
_TOP_30_MEASURE = _table((1, 0.03, 1.5e-3), (3, 0.05, 3.5e-3))


def _family(number: int) -> dict[str, Model]:
    low = number == 30
    wide = number == 0
    limits = (100e-12 if low else 10e-9, 3.0 if wide else 1.5)
    models: dict[str, Model] = {}
    for last, channels in (
        (("1", ("smua",)), ("2", ("smua", "smub"))) if not low else (("5", ("smua",)), ("6", ("smua", "smub")))
    ):
        name = f"26{number // 10}{last}B"
        models[name] = Model(
            name,
            channels,
            _V_SOURCE_40 if wide else _V_SOURCE,
            (_I_SOURCE_LOW if low else _I_SOURCE_12) + _I_SOURCE + (_TOP_30 if wide else _TOP_15),
            _V_MEASURE_40 if wide else _V_MEASURE,
            (_I_MEASURE_LOW if low else _I_MEASURE_12) + _I_MEASURE + (_TOP_30_MEASURE if wide else _TOP_15_MEASURE),
            limits,
            (10e-3 if wide else 20e-3, 40.0 if wide else 200.0),
            1.0 if wide else 100e-3,
            40.0 if wide else 20.0,
            1.0 if wide else 100e-3,
        )
    return models


MODELS = {**_family(0), **_family(10), **_family(30)}


def range_for(table: tuple[Accuracy, ...], value: float) -> int:
    """Return the index of the smallest range that holds a value; the largest when none does."""
    for index, entry in enumerate(table):
        if abs(value) <= entry.full_scale * (1 + 1e-9):
            return index
    return len(table) - 1


class Converter:
    """One direction (source or measure, V or I) of one channel: its ranges and its own small errors."""

    def __init__(self, table: tuple[Accuracy, ...], resolution: float, rng: np.random.Generator) -> None:
        self.table, self._resolution, self._rng = table, resolution, rng
        self._gains = [entry.gain * CALIBRATED * rng.uniform(-1, 1) for entry in table]
        self._offsets = [entry.offset * CALIBRATED * rng.uniform(-1, 1) for entry in table]

    def sourced(self, value: float, index: int) -> float:
        """Return what really comes out for a programmed level: rounded to the range's resolution, then off a little."""
        step = self.table[index].full_scale * self._resolution
        return round(value / step) * step * (1 + self._gains[index]) + self._offsets[index]

    def measured(self, value: float, index: int, nplc: float) -> float:
        """Return what is displayed for a true value; infinite beyond the range.

        Noise of one resolution step at 1 NPLC shrinks with the square root of the integration time.
        """
        if abs(value) > self.table[index].full_scale * OVERRANGE:
            return math.copysign(math.inf, value)
        step = self.table[index].full_scale * self._resolution
        noise = step * self._rng.standard_normal() / math.sqrt(nplc)
        return round((value * (1 + self._gains[index]) + self._offsets[index] + noise) / step) * step
