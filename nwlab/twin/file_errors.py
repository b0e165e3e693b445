"""By how much a chip that has not changed may differ from its file, in the numbers of a change.

A file that a fit wrote has its own errors; they are carried over to first order. One that was written from elsewhere
knows nothing of the meters of this bench, whose calibration shifts every mean alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nwlab.analysis.rate_balance.world import Values
from nwlab.core.drive import FloatArray
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.film_law import MEAN, THETA

_ORDER = ("kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max", "noise", "jump_rate")
_VOLTS, _AMPERES = 1.5e-4, 2.5e-4
"""Parts of its readings by which a meter may be off that is within its data sheet (Keithley SPEC-2636B, one year)."""
_IMAGINARY = 1e-30
_SATURATED = 1e-9
"""Where an attractor is so near to a bound, no shift of its logit tells it apart."""


class FileErrors:
    """Errors of a rate-balance law."""

    def __init__(self, law: RateBalance, fit: Mapping[str, Any]) -> None:
        """`fit` is the [fit] of a chip file; without one, or with another law's, meters alone are off."""
        self._law, self._covariance = law, np.zeros((len(_ORDER), len(_ORDER)))
        order, told = list(fit.get("order", ())), np.array(fit.get("covariance", ()), dtype=np.float64)
        self._fitted = fit.get("law") == "rate-balance" and told.shape == (len(order), len(order))
        if self._fitted:
            known = [(row, order.index(name)) for row, name in enumerate(_ORDER) if name in order]
            rows, places = (np.array(each) for each in zip(*known, strict=True))
            self._covariance[np.ix_(rows, rows)] = np.nan_to_num(told[np.ix_(places, places)])

    def variances(self, voltage: float) -> FloatArray:
        """Return the variances (4,) of a change that nothing has changed for, at a voltage in V."""
        state = float(self._law.attractor(voltage))
        found = self._variances(voltage)
        found[MEAN] /= (self._span * max(state * (1.0 - state), _SATURATED)) ** 2
        return found

    def of_course(self, voltage: float) -> tuple[float, float]:
        """Return the errors of where a film is drawn at a voltage in V, in S, and of ln θ."""
        found = np.sqrt(self._variances(voltage))
        return float(found[MEAN]), float(found[THETA])

    @property
    def _span(self) -> float:
        return self._law.g_max - self._law.g_min

    def _variances(self, voltage: float) -> FloatArray:
        """As `variances`, with that of the attractor in S²."""
        if not self._fitted:
            return self._calibration(voltage)
        jumps = self._law.jumps
        values = [getattr(self._law, name) for name in _ORDER[:-1]]
        best = np.array([*values, jumps.rate if jumps else 1.0], dtype=np.complex128)
        slopes = np.zeros((4, best.size))
        for index in range(best.size):
            moved = best.copy()
            moved[index] += 1j * _IMAGINARY
            slopes[:, index] = np.imag(_numbers(moved, voltage)) / _IMAGINARY
        return np.maximum(np.einsum("ij,jk,ik->i", slopes, self._covariance, slopes), 0.0)

    def _calibration(self, voltage: float) -> FloatArray:
        law, variances, off = self._law, np.zeros(4), _VOLTS * voltage
        state = float(law.attractor(voltage))
        moved = self._span * state * (1.0 - state) * (law.eta_p + law.eta_d) * off
        variances[MEAN] = moved**2 + (_AMPERES * float(law.conductance(state))) ** 2
        variances[THETA] = ((state * law.eta_p - (1.0 - state) * law.eta_d) * off) ** 2
        return variances


def _numbers(law: Values, voltage: float) -> Values:
    """ln θ, the attractor in S as a window sees it, ln σ² in S²/s, ln of the jump rate."""
    kp0, kd0, eta_p, eta_d, g_min, g_max, noise, jump_rate = law
    up, down = kp0 * np.exp(eta_p * voltage), kd0 * np.exp(-eta_d * voltage)
    goal = g_min + (g_max - g_min) * up / (up + down)
    return np.array([np.log(up + down), goal, 2.0 * np.log(noise * (g_max - g_min)), np.log(jump_rate)])
