"""Rate balance for many junctions at once, each with noise and jumps of its own.

Theory of operation
    Each junction is the Ornstein-Uhlenbeck process of `nwlab.model.rate_balance`, exact for any duration at constant
    voltage. Whether a jump falls into a step is one uniform number per junction: −ln(1 − u)/rate is the wait, and
    waits have no memory, so that none need be kept. A step with a jump is cut there.
    Junctions are stepped in blocks that stay in the fastest cache, one short loop after the other: loops over few
    arrays run on all lanes of the processor.

Spread, per junction: factor on κ_P0, factor on κ_D0, factor on the conductance.
"""

from __future__ import annotations

import math

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.kernels import factors, jumped, step
from nwlab.model.randomness import STRIDE, Stream, exp, fill_normals, log, scramble, uniform, unit
from nwlab.model.rate_balance import Constants

UP, DOWN, SCALE = range(3)
"""Rows of the spread."""

_BLOCK = 512


@compiled
def unpacked(constants: FloatArray) -> Constants:
    """Return the law that constants begin with."""
    c = constants
    return Constants(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12])


@compiled
def advance(
    constants: FloatArray, spread: FloatArray, state: FloatArray, voltage: FloatArray, duration: float, stream: Stream
) -> None:
    """Let `duration` s pass; state (1, junctions) changes in place."""
    law = unpacked(constants)
    if law.noise == 0.0 and law.jump_rate == 0.0:
        _relax(law, spread, state, voltage, duration)
    else:
        _fluctuate(law, spread, state, voltage, duration, stream)


@compiled
def conduct(constants: FloatArray, spread: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Write conductances in S; the state is row 0."""
    low, span = constants[4], constants[5]
    for i in range(out.size):
        out[i] = spread[SCALE, i] * max(low + span * state[0, i], 0.0)


@compiled
def fill_uniforms(stream: Stream, out: FloatArray, count: int) -> None:
    """Write uniform numbers in (0, 1)."""
    start = stream[0]
    for i in range(count):
        out[i] = unit(scramble(start + STRIDE * np.uint64(i + 1)))
    stream[0] = start + STRIDE * np.uint64(count)


@compiled
def _relax(law: Constants, spread: FloatArray, state: FloatArray, voltage: FloatArray, duration: float) -> None:
    for i in range(voltage.size):
        drop = abs(voltage[i])
        up = law.kp0 * spread[UP, i] * exp(law.eta_p * drop)
        down = law.kd0 * spread[DOWN, i] * exp(-law.eta_d * drop)
        rate = up + down
        goal = up / rate
        state[0, i] = goal + (state[0, i] - goal) * exp(-rate * duration)


@compiled
def _fluctuate(
    law: Constants, spread: FloatArray, state: FloatArray, voltage: FloatArray, duration: float, stream: Stream
) -> None:
    chance = -math.expm1(-law.jump_rate * duration)
    goal, rate, before, chances = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    for first in range(0, voltage.size, _BLOCK):
        count = min(_BLOCK, voltage.size - first)
        here = state[0, first : first + count]
        _rates(law, spread[UP, first:], spread[DOWN, first:], voltage[first : first + count], goal, rate)
        before[:count] = here
        fill_normals(stream, chances, count)
        _diffuse(law, goal, rate, chances, duration, here)
        if chance > 0.0:
            fill_uniforms(stream, chances, count)
            for i in range(count):
                if chances[i] < chance:
                    here[i] = _with_jump(law, before[i], rate[i], goal[i], duration, chances[i], stream)


@compiled
def _rates(
    law: Constants, up: FloatArray, down: FloatArray, voltage: FloatArray, goal: FloatArray, rate: FloatArray
) -> None:
    for i in range(voltage.size):
        drop = abs(voltage[i])
        rise = law.kp0 * up[i] * exp(law.eta_p * drop)
        total = rise + law.kd0 * down[i] * exp(-law.eta_d * drop)
        goal[i], rate[i] = rise / total, total


@compiled
def _diffuse(
    law: Constants, goal: FloatArray, rate: FloatArray, normal: FloatArray, duration: float, state: FloatArray
) -> None:
    for i in range(state.size):
        b, s = factors(law, rate[i], duration)
        state[i] = max(goal[i] + (state[i] - goal[i]) * b + s * normal[i], law.floor)


@compiled
def _with_jump(
    law: Constants, state: float, rate: float, goal: float, duration: float, chance: float, stream: Stream
) -> float:
    """Return the state after a step whose first jump a uniform number has placed."""
    wait = -log(1.0 - chance) / law.jump_rate
    while wait < duration:
        state = step(law, state, rate, goal, wait, stream)
        state = jumped(law, state, goal, uniform(stream), uniform(stream))
        duration -= wait
        wait = -log(uniform(stream)) / law.jump_rate
    return step(law, state, rate, goal, duration, stream)
