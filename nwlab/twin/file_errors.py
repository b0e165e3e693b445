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
from nwlab.twin.film_law import MEAN

_ORDER = ("kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max", "noise", "jump_rate")
_VOLTS, _AMPERES = 1.5e-4, 2.5e-4
"""Parts of its readings by which a meter may be off that is within its data sheet (Keithley SPEC-2636B, one year)."""
_IMAGINARY = 1e-30


class FileErrors:
    """Errors of a rate-balance law."""

    def __init__(self, law: RateBalance, fit: Mapping[str, Any]) -> None:
        """`fit` is the [fit] of a chip file; without one, or with another law's, the numbers count as exact."""
        self._law, self._covariance = law, np.zeros((len(_ORDER), len(_ORDER)))
        order, told = list(fit.get("order", ())), np.array(fit.get("covariance", ()), dtype=np.float64)
        self._fitted = fit.get("law") == "rate-balance" and told.shape == (len(order), len(order))
        if self._fitted:
            known = [(row, order.index(name)) for row, name in enumerate(_ORDER) if name in order]
            rows, places = (np.array(each) for each in zip(*known, strict=True))
            self._covariance[np.ix_(rows, rows)] = np.nan_to_num(told[np.ix_(places, places)])

    def variances(self, voltage: float) -> FloatArray:
        """Return the variances (4,) of a change that nothing has changed for, at a voltage in V."""
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
        return np.einsum("ij,jk,ik->i", slopes, self._covariance, slopes)

    def _calibration(self, voltage: float) -> FloatArray:
        law, variances = self._law, np.zeros(4)
        state = float(law.attractor(voltage))
        off = _AMPERES * float(law.conductance(state)) / ((law.g_max - law.g_min) * state * (1.0 - state))
        variances[MEAN] = off**2 + ((law.eta_p + law.eta_d) * _VOLTS * voltage) ** 2
        return variances


def _numbers(law: Values, voltage: float) -> Values:
    """ln θ, the logit of the attractor's place between the bounds, ln σ² in S²/s, ln of the jump rate.

    The bounds' errors move the attractor in S, as a window sees it: a shift of the logit does that, too.
    """
    kp0, kd0, eta_p, eta_d, g_min, g_max, noise, jump_rate = law
    up, down = kp0 * np.exp(eta_p * voltage), kd0 * np.exp(-eta_d * voltage)
    goal, span = g_min + (g_max - g_min) * up / (up + down), np.real(g_max - g_min)
    state = (goal - np.real(g_min)) / span
    return np.array(
        [np.log(up + down), np.log(state / (1.0 - state)), 2.0 * np.log(noise * (g_max - g_min)), np.log(jump_rate)]
    )
