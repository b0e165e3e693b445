"""Compiled life of one junction under a staircase of voltages, read as means; for millions of steps."""

from __future__ import annotations

import math

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.junction import STATE, WAIT, conductance_of
from nwlab.model.kernels import factors, jump, mean_between, rates, step_with_jumps, wait_for_jump
from nwlab.model.randomness import Stream, draw, normal_pair
from nwlab.model.rate_balance import Constants

_REACH = 8.0  # standard deviations that count as everything
_JUMPS = 4.0  # largest jumps in one direction beyond the mean number that count as everything


@compiled
def _highest(law: Constants, state: float, rate: float, goal: float, duration: float, wait: float) -> float:
    """Return a conductance in S that a step will not exceed."""
    spread = law.noise / math.sqrt(2.0 * rate)
    top = max(state, goal) + _REACH * spread
    if wait <= duration:
        top += (_JUMPS + _JUMPS * law.jump_rate * duration) * law.jump_largest
    return conductance_of(law, top)


@compiled
def _mean_over(law: Constants, memory: FloatArray, rate: float, goal: float, duration: float, stream: Stream) -> float:
    """Let `duration` s pass and return the mean state."""
    total, left = 0.0, duration
    while True:
        is_jump = memory[WAIT] <= left
        piece = memory[WAIT] if is_jump else left
        state = memory[STATE]
        b, s = factors(law, rate, piece)
        one, two = normal_pair(draw(stream))
        end = max(goal + b * (state - goal) + s * one, law.floor)
        if piece > 0.0:
            total += piece * mean_between(law, rate, goal, piece, state, end, two)
        left -= piece
        if not is_jump:
            memory[STATE] = end
            memory[WAIT] -= piece
            return total / duration
        memory[STATE] = jump(law, end, goal, stream)
        memory[WAIT] = wait_for_jump(law, stream)


@compiled
def play(
    law: Constants,
    memory: FloatArray,
    voltage: FloatArray,
    dwell: FloatArray,
    delay: FloatArray,
    limit: float,
    stream: Stream,
    current: FloatArray,
) -> int:
    """Fill `current` with mean currents in A, from delay to end of each dwell; return how many steps were played."""
    for k in range(voltage.size):
        rate, goal = rates(law, voltage[k])
        highest = _highest(law, memory[STATE], rate, goal, dwell[k], memory[WAIT])
        if highest * abs(voltage[k]) > limit:
            return k
        if delay[k] > 0.0:
            memory[STATE], memory[WAIT] = step_with_jumps(
                law, memory[STATE], rate, goal, delay[k], memory[WAIT], stream
            )
        mean = _mean_over(law, memory, rate, goal, dwell[k] - delay[k], stream)
        current[k] = voltage[k] * conductance_of(law, mean)
    return voltage.size
