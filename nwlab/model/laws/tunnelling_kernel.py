"""The threshold junction for many junctions at once; equations in `tunnelling`.

Spread, per junction: factor on both threshold voltages, factor on the speed of shrinking, factor on the conductance.
"""

from __future__ import annotations

import math

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.laws.tunnelling import DECAY, GAP, SLOPE
from nwlab.model.randomness import exp

THRESHOLDS, BOOST, SCALE = range(3)
"""Rows of the spread."""


@compiled
def advance(constants: FloatArray, spread: FloatArray, state: FloatArray, voltage: FloatArray, duration: float) -> None:
    """Let `duration` s pass; state (1, junctions) changes in place."""
    v_set, v_reset, longest, boost = constants[0], constants[1], constants[3], constants[4]
    for i in range(voltage.size):
        drop = abs(voltage[i])
        # Of growth and decay at most one is not 0, since v_reset ≤ v_set.
        growth = max(drop - v_set * spread[THRESHOLDS, i], 0.0) * duration
        decay = boost * spread[BOOST, i] * max(v_reset * spread[THRESHOLDS, i] - drop, 0.0) * duration
        grown = min(max(state[0, i] + math.copysign(growth, voltage[i]), -longest), longest)
        state[0, i] = math.copysign(max(abs(grown) - decay, 0.0), grown)


@compiled
def conduct(constants: FloatArray, spread: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Write conductances in S."""
    closed, contact, beside = constants[2], constants[5], constants[6]
    for i in range(out.size):
        gap = max(0.0, (closed - abs(state[0, i])) * GAP / closed)
        out[i] = spread[SCALE, i] * (1.0 / (SLOPE * gap * exp(DECAY * gap) + contact) + beside)
