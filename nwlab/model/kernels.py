"""Compiled steps of the rate-balance law, and paths of one film.

Theory of operation
    Over dt at constant voltage the state goes to b·g + (1 − b)·g̃ + s·n with b = e^(−θ·dt), s² = σ²(1 − b²)/(2θ) and a
    standard normal n: exact for any dt. Given both ends, the time mean of the path between them is normal again:
    g̃ + (x0 + x1)·tanh(θ·dt/2)/(θ·dt) around the attractor, with variance σ²·(θ·dt − 2·tanh(θ·dt/2))/(θ³·dt²); both
    follow from the covariance of an Ornstein-Uhlenbeck process with its integral. Jumps come after exponential waiting
    times: a step that holds one is cut there, and the jump's direction is drawn with the state of that moment. Waiting
    times have no memory, so that each call may start a new one.
"""

from __future__ import annotations

import math

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.randomness import Stream, draw, exp, fill_normals, log, normal_pair, uniform
from nwlab.model.rate_balance import Constants

BLOCK = 1024
"""Steps whose normals and factors are made together; they stay in the fastest cache."""


@compiled
def rates(law: Constants, voltage: float) -> tuple[float, float]:
    """Return θ in 1/s and g̃."""
    up = law.kp0 * exp(law.eta_p * abs(voltage))
    down = law.kd0 * exp(-law.eta_d * abs(voltage))
    return up + down, up / (up + down)


@compiled
def factors(law: Constants, rate: float, duration: float) -> tuple[float, float]:
    """Return b and s of a step.

    The noise of a step far shorter than 1/θ is a difference of nearly equal numbers; there its series is used.
    """
    x = rate * duration
    b = exp(-x)
    growth = (1.0 - b * b) / (2.0 * rate) if x > 1e-5 else duration * (1.0 - x)
    return b, law.noise * math.sqrt(growth)


@compiled
def mean_between(
    law: Constants, rate: float, goal: float, duration: float, first: float, last: float, normal: float
) -> float:
    """Draw the time mean of the state between two known ends, at constant voltage; duration > 0."""
    x = rate * duration
    if x < 0.03:
        y = x * x
        weight = 0.5 - y * (1.0 / 24.0 - y / 240.0)
        excess = x * (1.0 / 12.0 - y * (1.0 / 120.0 - y * 17.0 / 20160.0))
    else:
        half = math.tanh(0.5 * x)
        weight, excess = half / x, (x - 2.0 * half) / (x * x)
    spread = law.noise * math.sqrt(excess / rate)
    return max(goal + (first + last - 2.0 * goal) * weight + spread * normal, law.floor)


@compiled
def wait_for_jump(law: Constants, stream: Stream) -> float:
    """Draw the s to the next jump."""
    return -log(uniform(stream)) / law.jump_rate if law.jump_rate > 0.0 else math.inf


@compiled
def jumped(law: Constants, state: float, goal: float, chance: float, side: float) -> float:
    """Return the state after a jump whose size and direction two uniform numbers decide."""
    size = law.jump_smallest * exp(log(1.0 + chance * law.jump_growth) / law.jump_power)
    up = 0.5 + 0.5 * (goal - state) / (1.0 + 2.0 * law.jump_largest)
    return max(state + size if side < up else state - size, law.floor)


@compiled
def jump(law: Constants, state: float, goal: float, stream: Stream) -> float:
    """Return the state after a jump."""
    return jumped(law, state, goal, uniform(stream), uniform(stream))


@compiled
def step(law: Constants, state: float, rate: float, goal: float, duration: float, stream: Stream) -> float:
    """Return the state after `duration` without a jump."""
    b, s = factors(law, rate, duration)
    normal, _ = normal_pair(draw(stream))
    return max(goal + b * (state - goal) + s * normal, law.floor)


@compiled
def step_with_jumps(
    law: Constants, state: float, rate: float, goal: float, duration: float, wait: float, stream: Stream
) -> tuple[float, float]:
    """Return the state after a step whose first jump comes `wait` ≤ `duration` s after its begin, and the wait left."""
    while wait <= duration:
        state = step(law, state, rate, goal, wait, stream)
        state = jump(law, state, goal, stream)
        duration -= wait
        wait = wait_for_jump(law, stream)
    return step(law, state, rate, goal, duration, stream), wait - duration


@compiled
def held_path(law: Constants, state: float, voltage: float, duration: float, stream: Stream, out: FloatArray) -> None:
    """Fill `out` with the states after each of equal steps at one voltage."""
    normals = np.empty(BLOCK)
    rate, goal = rates(law, voltage)
    b, s = factors(law, rate, duration)
    wait = wait_for_jump(law, stream)
    for start in range(0, out.size, BLOCK):
        count = min(BLOCK, out.size - start)
        fill_normals(stream, normals, count)
        for i in range(count):
            normals[i] = goal - b * goal + s * normals[i]
        for i in range(count):
            if wait > duration:
                wait -= duration
                state = max(b * state + normals[i], law.floor)
            else:
                state, wait = step_with_jumps(law, state, rate, goal, duration, wait, stream)
            out[start + i] = state


@compiled
def driven_path(
    law: Constants, state: float, voltage: FloatArray, duration: FloatArray, stream: Stream, out: FloatArray
) -> None:
    """Fill `out` with the states after each step; `voltage` and `duration` are (steps,)."""
    kick, keep = np.empty(BLOCK), np.empty(BLOCK)
    wait = wait_for_jump(law, stream)
    for start in range(0, out.size, BLOCK):
        count = min(BLOCK, out.size - start)
        fill_normals(stream, kick, count)
        for i in range(count):
            rate, goal = rates(law, voltage[start + i])
            b, s = factors(law, rate, duration[start + i])
            keep[i] = b
            kick[i] = goal - b * goal + s * kick[i]
        for i in range(count):
            if wait > duration[start + i]:
                wait -= duration[start + i]
                state = max(keep[i] * state + kick[i], law.floor)
            else:
                rate, goal = rates(law, voltage[start + i])
                state, wait = step_with_jumps(law, state, rate, goal, duration[start + i], wait, stream)
            out[start + i] = state
