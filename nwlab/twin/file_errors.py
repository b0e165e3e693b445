"""How sure a chip file is of itself: the errors that a fit wrote into it, in the numbers of a change.

A chip that has not changed differs from its file by the file's own errors. They are carried over to first order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nwlab.analysis.rate_balance.tables import Values
from nwlab.core.drive import FloatArray
from nwlab.model.rate_balance import RateBalance

_ORDER = ("kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max", "noise", "jump_rate")
_IMAGINARY = 1e-30


class FileErrors:
    """Errors of a rate-balance law."""

    def __init__(self, law: RateBalance, fit: Mapping[str, Any]) -> None:
        """`fit` is the [fit] of a chip file; without one, or with another law's, the file counts as exact."""
        self._law = law
        self._covariance = np.zeros((len(_ORDER), len(_ORDER)))
        order, told = list(fit.get("order", ())), np.array(fit.get("covariance", ()), dtype=np.float64)
        if fit.get("law") == "rate-balance" and told.shape == (len(order), len(order)):
            known = [(row, order.index(name)) for row, name in enumerate(_ORDER) if name in order]
            rows, places = (np.array(each) for each in zip(*known, strict=True))
            self._covariance[np.ix_(rows, rows)] = np.nan_to_num(told[np.ix_(places, places)])

    def variances(self, voltage: float) -> FloatArray:
        """Return the variances (4,) of a change that the file's own errors are, at a voltage in V."""
        jumps = self._law.jumps
        values = [getattr(self._law, name) for name in _ORDER[:-1]]
        best = np.array([*values, jumps.rate if jumps else 1.0], dtype=np.complex128)
        slopes = np.zeros((4, best.size))
        for index in range(best.size):
            moved = best.copy()
            moved[index] += 1j * _IMAGINARY
            slopes[:, index] = np.imag(_numbers(moved, voltage)) / _IMAGINARY
        return np.einsum("ij,jk,ik->i", slopes, self._covariance, slopes)


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
