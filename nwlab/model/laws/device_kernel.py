"""Non-volatile cells, many at once; equations in `device`.

Spread, per cell: factors on the rates up and down, factor on the drift exponent, factor on the conductance.
"""

from __future__ import annotations

import math

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.randomness import Stream, exp, fill_normals, log

WEIGHT, ERROR, AGE = range(3)
"""Rows of the state."""
RATE_UP, RATE_DOWN, NU, SCALE = range(4)
"""Rows of the spread."""

_G_MIN, _G_SPAN, _V_UP, _V_DOWN, _RATE_UP, _RATE_DOWN, _ETA, _BEND_UP, _BEND_DOWN, _LEVELS, _ERROR, _NU, _T0 = range(13)
_BLOCK = 512
_TINY = 1e-300  # the logarithm wants more than 0


@compiled
def advance(
    constants: FloatArray, spread: FloatArray, state: FloatArray, voltage: FloatArray, duration: float, stream: Stream
) -> None:
    """Let `duration` s pass; state (3, cells) changes in place."""
    normal = np.zeros(_BLOCK)
    for first in range(0, voltage.size, _BLOCK):
        count = min(_BLOCK, voltage.size - first)
        if constants[_ERROR] > 0.0:
            fill_normals(stream, normal, count)
        for i in range(first, first + count):
            rate = _speed(constants, spread, voltage[i], i)
            if rate > 0.0:
                _write(constants, spread, state, voltage[i] > 0.0, rate * duration, normal[i - first], i)
            else:
                state[AGE, i] += duration


@compiled
def conduct(constants: FloatArray, spread: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Write conductances in S."""
    steps = constants[_LEVELS] - 1.0
    for i in range(out.size):
        weight = state[WEIGHT, i]
        level = math.floor(weight * steps + 0.5) / steps if steps > 0.0 else weight
        written = constants[_G_MIN] + constants[_G_SPAN] * (level + state[ERROR, i])
        out[i] = spread[SCALE, i] * max(written, 0.0) * _fallen(constants, spread, state, i)


@compiled
def _speed(constants: FloatArray, spread: FloatArray, voltage: float, i: int) -> float:
    """Return the rate K of writing in 1/s, 0 between the thresholds."""
    if voltage > constants[_V_UP]:
        return constants[_RATE_UP] * spread[RATE_UP, i] * exp(constants[_ETA] * (voltage - constants[_V_UP]))
    if voltage < -constants[_V_DOWN]:
        return constants[_RATE_DOWN] * spread[RATE_DOWN, i] * exp(constants[_ETA] * (-voltage - constants[_V_DOWN]))
    return 0.0


@compiled
def _fallen(constants: FloatArray, spread: FloatArray, state: FloatArray, i: int) -> float:
    """Return the share of its conductance that drift has left since the last write."""
    return exp(-constants[_NU] * spread[NU, i] * log(1.0 + state[AGE, i] / constants[_T0]))


@compiled
def _write(
    constants: FloatArray, spread: FloatArray, state: FloatArray, up: bool, dose: float, normal: float, i: int
) -> None:
    """Write with K·duration = `dose`, beginning with what the cell conducts by now."""
    fallen, offset = _fallen(constants, spread, state, i), constants[_G_MIN] / constants[_G_SPAN]
    weight = max((state[WEIGHT, i] + offset) * fallen - offset, 0.0)
    if up:
        state[WEIGHT, i] = 1.0 - _approach(1.0 - weight, dose, constants[_BEND_UP])
    else:
        state[WEIGHT, i] = _approach(weight, dose, constants[_BEND_DOWN])
    renewed = constants[_ERROR] * math.sqrt(-math.expm1(-2.0 * dose))
    state[ERROR, i] = exp(-dose) * fallen * state[ERROR, i] + renewed * normal
    state[AGE, i] = 0.0


@compiled
def _approach(distance: float, dose: float, bend: float) -> float:
    """Return what is left of the distance to a bound: y' = −y^bend over a time `dose`."""
    power = bend - 1.0
    if abs(power) < 1e-6:
        return distance * exp(-dose)
    if distance <= _TINY:
        return 0.0
    left = 1.0 + power * dose * exp(power * log(distance))
    return distance * exp(-log(left) / power) if left > _TINY else 0.0
