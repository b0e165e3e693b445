"""Junctions side by side between two terminals, with derivatives: all see the voltage of the terminals.

The conductance is the mean over the junctions, so that one junction is a film in the mean field and many with a spread
of rates are a film that relaxes along a stretched exponential. Every step is exact in time.
"""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.randomness import exp
from nwlab.model.tangent.columns import COLUMNS, G_MIN, G_SPAN, SPREAD_G, START, WIDTH, Rates
from nwlab.model.tangent.junction_kernel import explicit, moved


def play(
    rates: Rates, normals: FloatArray, level: FloatArray, length: FloatArray, *, is_legacy: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Hold `level` (pieces,) V for `length` (pieces,) s each; `normals` (3, junctions) say how junctions differ.

    Returns the conductance at the begin of every piece and at the end of the last, (pieces + 1,) S, and its
    derivatives, (pieces + 1, COLUMNS).
    """
    value, slope = np.zeros(level.size + 1), np.zeros((level.size + 1, COLUMNS))
    _play(rates, np.ascontiguousarray(normals), np.abs(level), length, is_legacy, value, slope)
    return value, slope


@compiled
def _play(
    rates: Rates,
    normals: FloatArray,
    drop: FloatArray,
    length: FloatArray,
    is_legacy: bool,
    value: FloatArray,
    slope: FloatArray,
) -> None:
    count = normals.shape[1]
    tangent = np.empty(WIDTH)
    for i in range(count):
        zp, zd, zg = normals[0, i], normals[1, i], normals[2, i]
        factor = exp(rates.spread_g * zg) / count
        kp0, kd0 = rates.kp0 * exp(rates.spread_p * zp), rates.kd0 * exp(rates.spread_d * zd)
        state = rates.start
        tangent[:] = 0.0
        tangent[START] = 1.0
        last, up, down = -1.0, 0.0, 0.0
        for k in range(drop.size + 1):
            _note(rates, state, tangent, factor, zg, value, slope[k], k)
            if k == drop.size:
                break
            if drop[k] != last:
                last = drop[k]
                up, down = kp0 * exp(rates.eta_p * last), kd0 * exp(-rates.eta_d * last)
            state, kept, by_up, by_down = moved(up, down, length[k], state, is_legacy)
            for c in range(WIDTH):
                tangent[c] *= kept
            explicit(tangent, 0, by_up, by_down, last, zp, zd)


@compiled
def _note(
    rates: Rates,
    state: float,
    tangent: FloatArray,
    factor: float,
    normal: float,
    value: FloatArray,
    slope: FloatArray,
    k: int,
) -> None:
    conductance = factor * (rates.g_min + rates.g_span * state)
    value[k] += conductance
    scale = factor * rates.g_span
    for c in range(slope.size):
        slope[c] += scale * tangent[c]
    slope[SPREAD_G] += normal * conductance
    slope[G_MIN] += factor
    slope[G_SPAN] += factor * state
