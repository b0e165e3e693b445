"""By what the conductance is differentiated, and the numbers that compiled loops read for it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray

LN_KP0, LN_KD0, ETA_P, ETA_D, START, SPREAD_P, SPREAD_D, SPREAD_G, G_MIN, G_SPAN = range(10)
"""Columns of a tangent: ln κ_P0, ln κ_D0, η_P, η_D, the state at the start, the deviations of the three spreads,
G_min, G_max − G_min."""

COLUMNS = 10
WIDTH = 16
"""Columns are padded to two bundles of eight."""


class Rates(NamedTuple):
    """A law whose junctions differ by log-normal factors, as compiled loops read it."""

    kp0: float  # 1/s
    kd0: float  # 1/s
    eta_p: float  # 1/V
    eta_d: float  # 1/V
    start: float  # state of every junction at the start
    spread_p: float  # standard deviation of the logarithm of κ_P0
    spread_d: float
    spread_g: float
    g_min: float  # S
    g_span: float  # S


def rates_of(values: FloatArray) -> Rates:
    """Return the law of numbers (COLUMNS,), of which the first two are logarithms."""
    kp0, kd0 = np.exp(values[:2])
    return Rates(float(kp0), float(kd0), *(float(value) for value in values[2:]))
