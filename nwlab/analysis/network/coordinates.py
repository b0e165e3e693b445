"""The unknowns of a fit: logarithms of the law's parameters, in which bounds are at infinity and errors are factors.

Theory of operation
    κ_P0 and η_P act as κ_P0·e^(η_P·V), so that what a pulse of V* fixes is K_P(V*): ln K_P(V*) is an unknown in place
    of ln κ_P0, and likewise ln K_D(V°) at a low voltage in place of ln κ_D0; a parameter that is given is none. All
    others are logarithms of the parameters themselves, G_max by way of G_max − G_min unless it is given. Each recording
    has a starting conductance of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.model.tangent.columns import COLUMNS, G_MIN, G_SPAN, LN_KD0, LN_KP0, START, Rates, rates_of

NAMES = ("kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max", "spread_kp0", "spread_kd0", "spread_conductance")
UNITS = ("1/s", "1/s", "1/V", "1/V", "S", "S", "1", "1", "1")
SHARED = len(NAMES)
_KP0, _KD0, _ETA_P, _ETA_D, _LOW, _TOP = range(6)
_MOST = 0.999
"""Of a G_max that is given, what G_min may be."""


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """How unknowns and parameters belong together; the starting conductances follow the shared ones."""

    high: float  # V*, V; 0 where κ_P0 is given
    low: float  # V°, V; 0 where κ_D0 is given
    starts: int  # how many recordings
    is_free: BoolArray  # (SHARED + starts,)
    top: float | None = None  # S, G_max where that is given

    def parameters(self, unknowns: FloatArray) -> FloatArray:
        """Return the parameters, (SHARED + starts,), of unknowns (SHARED + starts,)."""
        found = np.exp(unknowns)
        found[_KP0] = math.exp(unknowns[_KP0] - found[_ETA_P] * self.high)
        found[_KD0] = math.exp(unknowns[_KD0] + found[_ETA_D] * self.low)
        if self.top is None:
            found[_TOP] = found[_LOW] + found[_TOP]
        else:
            found[_LOW], found[_TOP] = min(found[_LOW], _MOST * self.top), self.top
        return found

    def unknowns(self, parameters: FloatArray) -> FloatArray:
        """Return the unknowns of parameters."""
        plain = parameters.copy()
        plain[_TOP] -= plain[_LOW]
        found = np.log(np.maximum(plain, 1e-300))
        found[_KP0] += parameters[_ETA_P] * self.high
        found[_KD0] -= parameters[_ETA_D] * self.low
        return found

    def slope(self, unknowns: FloatArray) -> FloatArray:
        """Return the derivatives of the parameters by the unknowns, (SHARED + starts, SHARED + starts)."""
        found = self.parameters(unknowns)
        slope = np.diag(found)
        slope[_KP0, _ETA_P] = -found[_KP0] * found[_ETA_P] * self.high
        slope[_KD0, _ETA_D] = found[_KD0] * found[_ETA_D] * self.low
        if self.top is None:
            slope[_TOP, _LOW], slope[_TOP, _TOP] = found[_LOW], found[_TOP] - found[_LOW]
        return slope

    def rates(self, unknowns: FloatArray, recording: int) -> Rates:
        """Return the law as the model plays it."""
        found = self.parameters(unknowns)
        span = found[_TOP] - found[_LOW]
        start = (found[SHARED + recording] - found[_LOW]) / span
        kp0, kd0 = (math.log(max(each, 1e-300)) for each in found[:2])
        return rates_of(np.array([kp0, kd0, found[_ETA_P], found[_ETA_D], start, *found[6:9], found[_LOW], span]))

    def pulled(self, unknowns: FloatArray, recording: int, slope: FloatArray) -> FloatArray:
        """Turn derivatives by the model's columns, (samples, COLUMNS), into those by the unknowns."""
        found = self.parameters(unknowns)
        low, span, start = found[_LOW], found[_TOP] - found[_LOW], found[SHARED + recording]
        turn = np.zeros((COLUMNS, SHARED + self.starts))
        turn[LN_KP0, _KP0], turn[LN_KP0, _ETA_P] = 1.0, -found[_ETA_P] * self.high
        turn[LN_KD0, _KD0], turn[LN_KD0, _ETA_D] = 1.0, found[_ETA_D] * self.low
        turn[_ETA_P, _ETA_P], turn[_ETA_D, _ETA_D] = found[_ETA_P], found[_ETA_D]
        turn[START, SHARED + recording] = start / span
        turn[[5, 6, 7], [6, 7, 8]] = found[6:9]
        turn[START, _LOW], turn[G_MIN, _LOW] = -low / span, low
        if self.top is None:
            turn[START, _TOP], turn[G_SPAN, _TOP] = -(start - low) / span, span
        else:
            turn[START, _LOW] += low * (start - low) / span**2
            turn[G_SPAN, _LOW] = -low
        return slope @ turn
