"""The map that older published network codes iterate in place of the rate balance; for reproduction only.

    g → g̃ + (1 − g̃)·e^(−θ·Δt)·g        instead of        g → g̃ + e^(−θ·Δt)·(g − g̃)

A parenthesis of the exact recursion is misplaced there. The result depends on the step: two half steps are not one
step, each step moves g however short it is, and the end is g̃/(1 − (1 − g̃)·e^(−θ·Δt)), more than g̃. Parameters
published with those codes were fitted through this map and belong to it *and to the step of their data*: play them with
that step, and without substeps. 0 s are no step.

The map of Milano et al., Nature Materials 21 (2022) 195, and of codes that descend from it. Spread as in the rate
balance.
"""

from __future__ import annotations

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.laws.rate_balance_kernel import DOWN, UP, unpacked
from nwlab.model.randomness import exp


@compiled
def advance(constants: FloatArray, spread: FloatArray, state: FloatArray, voltage: FloatArray, duration: float) -> None:
    """Take one step of the map; state (1, junctions) changes in place."""
    law = unpacked(constants)
    if duration <= 0.0:
        return
    for i in range(voltage.size):
        drop = abs(voltage[i])
        up = law.kp0 * spread[UP, i] * exp(law.eta_p * drop)
        down = law.kd0 * spread[DOWN, i] * exp(-law.eta_d * drop)
        rate = up + down
        state[0, i] = up / rate + down / rate * exp(-rate * duration) * state[0, i]
