"""Compiled paths of many independent films under one drive.

Theory of operation
    All films share voltage and step, thus the factors of a step; they are stepped in blocks on all lanes of the
    processor. Films that jump within the step are then collected and stepped anew in two parts with a jump between,
    again on all lanes; the rare ones that jump once more in the rest of the step are finished one by one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.kernels import BLOCK, factors, jumped, rates, step_with_jumps, wait_for_jump
from nwlab.model.randomness import STRIDE, Bits, Stream, fill_normals, log, normal_pair, scramble, unit
from nwlab.model.rate_balance import Constants

IndexArray = NDArray[np.int64]

_DRAWS = 4  # of a jump: two normals, size, direction, next wait


@compiled
def ensemble_paths(
    law: Constants, states: FloatArray, voltage: FloatArray, duration: FloatArray, stream: Stream, out: FloatArray
) -> None:
    """Fill `out` (steps, paths) with the states of independent paths under one drive; `states` are their starts."""
    normals = np.empty(BLOCK)
    due, work = np.empty(BLOCK, dtype=np.int64), np.empty((5, BLOCK))
    waits = np.empty(states.size)
    for p in range(states.size):
        waits[p] = wait_for_jump(law, stream)
    for k in range(voltage.size):
        rate, goal = rates(law, voltage[k])
        b, s = factors(law, rate, duration[k])
        before = states if k == 0 else out[k - 1]
        for start in range(0, states.size, BLOCK):
            end = min(start + BLOCK, states.size)
            fill_normals(stream, normals, end - start)
            for p in range(start, end):
                moved = goal - b * goal + b * before[p] + s * normals[p - start]
                out[k, p] = max(moved, law.floor)
            if law.jump_rate > 0.0:
                count = _due(waits, duration[k], start, end, due)
                _leap(law, rate, goal, duration[k], before, waits, out[k], due, count, work, stream)


@compiled
def _due(waits: FloatArray, duration: float, start: int, end: int, due: IndexArray) -> int:
    """Let time pass, and collect the paths whose jump was due: their wait is then −(what is left of the step)."""
    count = 0
    for p in range(start, end):
        waits[p] -= duration
        due[count] = p
        count += waits[p] <= 0.0
    return count


@compiled
def _leap(
    law: Constants,
    rate: float,
    goal: float,
    duration: float,
    before: FloatArray,
    waits: FloatArray,
    after: FloatArray,
    due: IndexArray,
    count: int,
    work: FloatArray,
    stream: Stream,
) -> None:
    """Step those paths anew whose jump falls into the step."""
    state, ended, left, wait, normal = work[0], work[1], work[2], work[3], work[4]
    for i in range(count):
        state[i], left[i] = before[due[i]], -waits[due[i]]
    start = stream[0]
    for i in range(count):
        one, normal[i] = normal_pair(_bits(start, i, 1))
        b, s = factors(law, rate, duration - left[i])
        state[i] = max(goal + b * (state[i] - goal) + s * one, law.floor)
    for i in range(count):
        state[i] = jumped(law, state[i], goal, unit(_bits(start, i, 2)), unit(_bits(start, i, 3)))
    for i in range(count):
        b, s = factors(law, rate, left[i])
        ended[i] = max(goal + b * (state[i] - goal) + s * normal[i], law.floor)
        wait[i] = -log(unit(_bits(start, i, 4))) / law.jump_rate
    stream[0] = start + STRIDE * np.uint64(_DRAWS * count)
    for i in range(count):
        p = due[i]
        after[p], waits[p] = ended[i], wait[i] - left[i]
        if waits[p] <= 0.0:
            after[p], waits[p] = step_with_jumps(law, state[i], rate, goal, left[i], wait[i], stream)


@compiled
def _bits(start: Bits, index: int, which: int) -> Bits:
    """Return one of the draws that belong to a jump."""
    return scramble(start + STRIDE * np.uint64(_DRAWS * index + which))
