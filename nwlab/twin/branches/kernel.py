"""Compiled filter of a scalar state that relaxes, diffuses and jumps, seen through read noise, sample by sample.

Theory of operation
    A Gaussian sum (Sorenson and Alspach, Automatica 7 (1971) 465). In each step a branch has a child for no jump, and
    two, up and down, for each part of the step in which a jump may lie. Such a child gathers all size classes, with
    the moments that they have once the reading is known. The heaviest `KEPT` children go on, each
    merged with what lies near it, and the last with all that is left: what is dropped would make the twin too sure.
    Before the reading is used, all events together say how likely a smaller reading was: a uniform number, if model and
    chip agree, and after the inverse normal distribution a residual that is standard normal however far the mixture is
    from it.

The tables are those of `nwlab.analysis.rate_balance.gaussian_sum.tables`, one kind of step per sample.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare, compiled
from nwlab.twin.branches.children import KEPT, Child, merged, put, select
from nwlab.twin.branches.offset import BOTH, VARIANCE, bound, learn, widen

_SURE = 1e-6
"""Chances of a smaller reading are told apart down to this; 4.75 standard deviations."""
_ROOT_HALF = math.sqrt(0.5)

_A, _B, _C, _H, _Q, _CROSS, _U, _CALM = range(8)
_CHANCE, _END, _SHOWN, _END2, _BOTH2, _SHOWN2, _MORE_END, _MORE_BOTH, _MORE_SHOWN = range(9)


class Law(NamedTuple):
    """What each step does to the state."""

    move: FloatArray  # (samples, 8)
    part: FloatArray  # (samples, parts, 9)
    size: FloatArray  # (classes, 3)
    lean: FloatArray  # (samples, 2): how much likelier a jump upwards is per state below the goal, and the goal


@compiled
def follow(
    reading: FloatArray,
    move: FloatArray,
    part: FloatArray,
    size: FloatArray,
    lean: FloatArray,
    duration: FloatArray,
    share: FloatArray,
    sd: float,
    branches: FloatArray,
    offset: FloatArray,
    predicted: FloatArray,
    meter: FloatArray,
    chance: FloatArray,
    jumped: FloatArray,
    corrects: bool,
) -> None:
    """Take readings (samples,), NaN where there was none.

    `duration` (samples,) in s is that of each step; `share` (samples,) is the conductance that an offset of 1 feigns,
    `sd` what it may be, and `offset` (3,) what is known of it, see `offset`, changed in place. Writes what is put down
    to it, and the standard deviation of that, to `meter` (samples, 2) in S. `move` is changed, too.

    `branches` (3, KEPT): mean, variance and weight of each, changed in place; weight 0 = no branch. Writes mean and
    variance of each reading given those before to `predicted` (samples, 2), the chance of a smaller one to `chance`
    (samples,), and the chance of a jump given the reading to `jumped` (samples,). Without `corrects` the readings
    change nothing.
    """
    law = Law(move, part, size, lean)
    children = np.zeros((3, KEPT * (1 + 2 * part.shape[1])))
    for k in range(reading.size):
        off = widen(move[k], share[k], sd, duration[k], offset)
        _foresee(law, k, branches, predicted[k])
        predicted[k, 0] += off
        meter[k, 0], meter[k, 1] = off, abs(share[k]) * math.sqrt(offset[VARIANCE])
        y = reading[k] - off
        chance[k], jumped[k] = math.nan, math.nan
        if not math.isnan(y):
            chance[k] = _smaller(law, k, branches, y)
            jumped[k] = _breed(law, k, branches, y, children)
        if corrects and not math.isnan(y):
            learn(move[k], share[k], sd, branches, y, 1.0 - jumped[k], offset)
            select(children, branches)
            bound(branches, offset)
        else:
            _pass(law, k, branches)
            offset[BOTH] *= move[k, _B]


@bare
def _jump_square(law: Law) -> float:
    """Mean square of a jump."""
    total = 0.0
    for c in range(law.size.shape[0]):
        total += math.exp(law.size[c, 0]) * (law.size[c, 1] ** 2 + law.size[c, 2])
    return total


@bare
def _upwards(law: Law, k: int, mean: float) -> float:
    return min(max(0.5 + law.lean[k, 0] * (law.lean[k, 1] - mean), 0.0), 1.0)


@bare
def _foresee(law: Law, k: int, branches: FloatArray, out: FloatArray) -> None:
    """Mean and variance of the reading."""
    move, mean, square = law.move[k], 0.0, 0.0
    jump_square, jump_mean = _jump_square(law), 0.0
    for c in range(law.size.shape[0]):
        jump_mean += math.exp(law.size[c, 0]) * law.size[c, 1]
    for j in range(KEPT):
        weight = branches[2, j]
        if weight == 0.0:
            continue
        middle, shift, more = move[_C] + move[_H] * branches[0, j], 0.0, 0.0
        to = 2.0 * _upwards(law, k, branches[0, j]) - 1.0
        for which in range(law.part.shape[1]):
            values = law.part[k, which]
            rate = math.exp(values[_CHANCE])
            shift += rate * to * jump_mean * values[_SHOWN]
            more += rate * (jump_square * values[_SHOWN2] + values[_MORE_SHOWN])
        mean += weight * (middle + shift)
        square += weight * (move[_H] ** 2 * branches[1, j] + move[_U] + more + middle * middle + 2.0 * middle * shift)
    out[0], out[1] = mean, max(square - mean * mean, 0.0)


@bare
def _pass(law: Law, k: int, branches: FloatArray) -> None:
    """Let time pass without a reading; jumps widen each branch."""
    move, jump_square, more = law.move[k], _jump_square(law), 0.0
    for which in range(law.part.shape[1]):
        values = law.part[k, which]
        more += math.exp(values[_CHANCE]) * (jump_square * values[_END2] + values[_MORE_END])
    for j in range(KEPT):
        branches[0, j] = move[_A] + move[_B] * branches[0, j]
        branches[1, j] = move[_B] ** 2 * branches[1, j] + move[_Q] + more


@bare
def _smaller(law: Law, k: int, branches: FloatArray, y: float) -> float:
    """Chance of a reading below `y`."""
    move, below, whole = law.move[k], 0.0, 0.0
    for j in range(KEPT):
        if branches[2, j] == 0.0:
            continue
        off = y - move[_C] - move[_H] * branches[0, j]
        plain = move[_H] ** 2 * branches[1, j] + move[_U]
        mass = branches[2, j] * math.exp(move[_CALM])
        below, whole = below + mass * _phi(off, plain), whole + mass
        up = _upwards(law, k, branches[0, j])
        for which in range(law.part.shape[1]):
            values = law.part[k, which]
            rate = branches[2, j] * math.exp(values[_CHANCE])
            for c in range(law.size.shape[0]):
                mass, shift = rate * math.exp(law.size[c, 0]), law.size[c, 1] * values[_SHOWN]
                wide = plain + _spread(law, values, c)
                below += mass * (up * _phi(off - shift, wide) + (1.0 - up) * _phi(off + shift, wide))
                whole += mass
    return min(max(below / whole, _SURE), 1.0 - _SURE)


@bare
def _phi(off: float, variance: float) -> float:
    return 0.5 * math.erfc(-off * _ROOT_HALF / math.sqrt(variance))


@bare
def _spread(law: Law, values: FloatArray, c: int) -> float:
    """Variance that a jump of a size class adds to the reading."""
    shift = law.size[c, 1] * values[_SHOWN]
    return (law.size[c, 1] ** 2 + law.size[c, 2]) * values[_SHOWN2] - shift * shift + values[_MORE_SHOWN]


@bare
def _highest(law: Law, k: int, branches: FloatArray, y: float) -> float:
    """Return the log of the highest density of an event: far in the tails all would be 0, and only ratios matter."""
    move = law.move[k]
    best = -1e300
    for j in range(KEPT):
        if branches[2, j] > 0.0:
            off = y - move[_C] - move[_H] * branches[0, j]
            widest = move[_H] ** 2 * branches[1, j] + move[_U]
            best = max(best, math.log(branches[2, j]) - 0.5 * (off * off / widest + math.log(widest)))
            up = _upwards(law, k, branches[0, j])
            log_up, log_down = math.log(max(up, 1e-300)), math.log(max(1.0 - up, 1e-300))
            for which in range(law.part.shape[1]):
                values = law.part[k, which]
                rate = math.log(branches[2, j]) + values[_CHANCE]
                for c in range(law.size.shape[0]):
                    wide, shift = widest + _spread(law, values, c), law.size[c, 1] * values[_SHOWN]
                    higher = log_up - 0.5 * (off - shift) ** 2 / wide
                    lower = log_down - 0.5 * (off + shift) ** 2 / wide
                    best = max(best, rate + law.size[c, 0] + max(higher, lower) - 0.5 * math.log(wide))
    return best


@bare
def _breed(law: Law, k: int, branches: FloatArray, y: float, children: FloatArray) -> float:
    """Fill `children` (3, …) with mass, mean and variance of every child; return the chance of a jump."""
    move, total, calm = law.move[k], 0.0, 0.0
    children[:] = 0.0
    best = _highest(law, k, branches, y)
    for j in range(KEPT):
        if branches[2, j] == 0.0:
            continue
        off = y - move[_C] - move[_H] * branches[0, j]
        up = _upwards(law, k, branches[0, j])
        weight = math.log(branches[2, j]) - best
        child = _add(law, k, branches, j, off, -1, 0, 0.0, weight + move[_CALM], Child(0.0, 0.0, 0.0))
        calm += child.mass
        place = j * (1 + 2 * law.part.shape[1])
        total += put(children, place, child)
        for which in range(law.part.shape[1]):
            for side in range(2):
                # However unlikely, for it may be the only thing that explains a reading at all.
                share, child = max(up if side == 0 else 1.0 - up, 1e-300), Child(0.0, 0.0, 0.0)
                rate = weight + law.part[k, which, _CHANCE] + math.log(share)
                for c in range(law.size.shape[0]):
                    chance = rate + law.size[c, 0]
                    child = _add(law, k, branches, j, off, which, c, 1.0 - 2.0 * side, chance, child)
                place += 1
                total += put(children, place, child)
    return 1.0 - calm / total


@bare
def _add(
    law: Law,
    k: int,
    branches: FloatArray,
    j: int,
    off: float,
    which: int,
    c: int,
    sign: float,
    chance: float,
    child: Child,
) -> Child:
    """Add one event to a child: its mass given the reading, and the state's moments."""
    move, ahead = law.move[k], branches[1, j]
    end, shown, inner, both, outer = 0.0, 0.0, 0.0, 0.0, 0.0
    if which >= 0:
        values, middle = law.part[k, which], law.size[c, 1]
        square = middle * middle + law.size[c, 2]
        end, shown = sign * middle * values[_END], sign * middle * values[_SHOWN]
        inner = square * values[_END2] - end * end + values[_MORE_END]
        both = square * values[_BOTH2] - end * shown + values[_MORE_BOTH]
        outer = square * values[_SHOWN2] - shown * shown + values[_MORE_SHOWN]
    off -= shown
    seen = move[_H] ** 2 * ahead + move[_U] + outer
    power = chance - 0.5 * (off * off / seen + math.log(seen))
    if power < -35.0:
        return child
    mass = math.exp(power)
    cross = move[_B] * move[_H] * ahead + move[_CROSS] + both
    mean = move[_A] + move[_B] * branches[0, j] + end + cross / seen * off
    rest = max(move[_B] ** 2 * ahead + move[_Q] + inner - cross * cross / seen, 1e-12 * seen)
    return merged(child, mass, mean, rest)
