"""The unknowns of a fit: logarithms of the law's parameters, in which bounds are at infinity and errors are factors.

Theory of operation
    κ_P0 and η_P act as κ_P0·e^(η_P·V), so that what a pulse of V* fixes is K_P(V*): ln K_P(V*) is an unknown in place
    of ln κ_P0. All others are logarithms of the parameters themselves, G_max by way of G_max − G_min. Each recording
    has a starting conductance of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.model.tangent.columns import COLUMNS, START, Rates, rates_of

NAMES = ("kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max", "spread_kp0", "spread_kd0", "spread_conductance")
UNITS = ("1/s", "1/s", "1/V", "1/V", "S", "S", "1", "1", "1")
SHARED = len(NAMES)


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """How unknowns and parameters belong together; the starting conductances follow the shared ones."""

    pivot: float  # V*, V
    starts: int  # how many recordings
    is_free: BoolArray  # (SHARED + starts,)

    def parameters(self, unknowns: FloatArray) -> FloatArray:
        """Return the parameters, (SHARED + starts,), of unknowns (SHARED + starts,)."""
        found = np.exp(unknowns)
        found[0] = math.exp(unknowns[0] - found[2] * self.pivot)
        found[5] = found[4] + found[5]
        return found

    def unknowns(self, parameters: FloatArray) -> FloatArray:
        """Return the unknowns of parameters."""
        plain = parameters.copy()
        plain[5] -= plain[4]
        found = np.log(np.maximum(plain, 1e-300))
        found[0] += parameters[2] * self.pivot
        return found

    def slope(self, unknowns: FloatArray) -> FloatArray:
        """Return the derivatives of the parameters by the unknowns, (SHARED + starts, SHARED + starts)."""
        found = self.parameters(unknowns)
        slope = np.diag(found)
        slope[0, 2] = -found[0] * found[2] * self.pivot
        slope[5, 4], slope[5, 5] = found[4], found[5] - found[4]
        return slope

    def rates(self, unknowns: FloatArray, recording: int) -> Rates:
        """Return the law as the model plays it."""
        found = self.parameters(unknowns)
        span = found[5] - found[4]
        start = (found[SHARED + recording] - found[4]) / span
        values = [math.log(max(found[0], 1e-300)), math.log(found[1]), found[2], found[3], start, *found[6:9]]
        return rates_of(np.array([*values, found[4], span]))

    def pulled(self, unknowns: FloatArray, recording: int, slope: FloatArray) -> FloatArray:
        """Turn derivatives by the model's columns, (samples, COLUMNS), into those by the unknowns."""
        found = self.parameters(unknowns)
        low, span, start = found[4], found[5] - found[4], found[SHARED + recording]
        turn = np.zeros((COLUMNS, SHARED + self.starts))
        turn[0, 0], turn[0, 2] = 1.0, -found[2] * self.pivot
        turn[1, 1] = 1.0
        turn[2, 2], turn[3, 3] = found[2], found[3]
        turn[START, 4], turn[START, 5] = -low / span, -(start - low) / span
        turn[START, SHARED + recording] = start / span
        turn[[5, 6, 7], [6, 7, 8]] = found[6:9]
        turn[8, 4], turn[9, 5] = low, span
        return slope @ turn
