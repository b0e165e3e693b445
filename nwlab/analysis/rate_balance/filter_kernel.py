"""Compiled likelihood of a scalar state that relaxes, diffuses and jumps, seen through read noise; and its score.

Theory of operation
    A Gaussian sum (Sorenson and Alspach, Automatica 7 (1971) 465): branches, each a normal state with a weight. In each
    step a branch meets each class of event: no jump, or a jump of a size class, up or down, in one part of the step.
    Given the class, state and reading are jointly normal, so that the reading updates the branch as Kalman's
    filter does, and its weight by the density of the reading. Branches that have come close are merged with their
    moments kept, the lightest beyond `KEPT` are dropped.
    The score is the derivative of that recursion: every branch carries the derivatives of its mean, variance and log
    weight; a merged branch has those of the merged moments. Events too light to become branches are many; what they add
    to the score is gathered as sums first and multiplied with the derivatives of the tables once per step.

Tables, per kind of step:
    move (kinds, 8): a, B, c, H, Q, C, U, chance. The state goes to a + B·x + w, the reading is c + H·x + u, with
    covariance Q of w, C of both, U of u; read noise is part of U. `chance` is the logarithm of that of no jump.
    part (kinds, parts, 9): log chance of a jump in this part of the step; how much of a jump of size 1 the state has at
    the end of the step and the reading shows, with the second moments of both and between them; and the (co)variances
    of the same two that further jumps in the step would bring.
Per size class: size (classes, 3): log chance given a jump, mean, variance.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.model.compiled import bare, compiled
from nwlab.model.networks.network import IntArray

KEPT = 24
"""Branches after each step."""
_NEAR = 0.1
"""Branches merge when their means differ by less than this part of their variance, squared."""
_NEGLIGIBLE = 13.0
"""Events are left out when their log weight is this far below the heaviest."""
_LIGHT = 1e-4
"""Events of less weight than this, compared with the heaviest, do not become branches."""
_CLOSED = -1e300
_HALF_LOG_2PI = 0.9189385332046727

A, B, C, H, Q, CROSS, U, CALM = range(8)
"""Columns of `move`."""
CHANCE, END, SHOWN, END2, BOTH2, SHOWN2, MORE_END, MORE_BOTH, MORE_SHOWN = range(9)
"""Columns of `part`."""


class Branches(NamedTuple):
    """Normal states with weights, and their derivatives."""

    mean: FloatArray  # (branches,)
    var: FloatArray
    weight: FloatArray  # logarithms between steps, plain within one
    d_mean: FloatArray  # (branches, parameters)
    d_var: FloatArray
    d_weight: FloatArray  # of the logarithm


class Law(NamedTuple):
    """The tables and their derivatives."""

    lean: FloatArray  # (kinds, 2)
    move: FloatArray
    part: FloatArray
    size: FloatArray
    d_move: FloatArray
    d_part: FloatArray
    d_size: FloatArray


class Events(NamedTuple):
    """What may have happened in a step."""

    chance: FloatArray  # log weights
    place: IntArray  # (events, 3) branch, part of the step, size class
    sign: FloatArray  # 1 jump up, −1 down, 0 none


class Sums(NamedTuple):
    """What light events add to the score, as factors of derivatives of the tables."""

    move: FloatArray  # (8,)
    part: FloatArray  # (parts, 9)
    size: FloatArray  # (classes, 3)


class Moments(NamedTuple):
    """Reading and state, given an event."""

    off: float  # of the reading from what is expected
    seen: float  # its variance
    cross: float  # its covariance with the state at the end
    mean: float  # of that state, given the reading
    var: float
    end: float  # what the jump adds to the state, and to the reading
    shown: float


@compiled
def log_likelihood(
    reading: FloatArray,
    kind: IntArray,
    opens: BoolArray,
    lean: FloatArray,
    move: FloatArray,
    part: FloatArray,
    size: FloatArray,
    d_move: FloatArray,
    d_part: FloatArray,
    d_size: FloatArray,
    score: FloatArray,
    metric: FloatArray,
    predicted: FloatArray,
    jumped: FloatArray,
) -> float:
    """Return the log likelihood of readings (n,), the first of each stretch given; write its score (parameters,).

    `opens` marks first readings; `lean` (kinds, 2) is
    how much the chance of a jump upwards grows per state below a goal, and the goal. d_… hold derivatives, with the
    parameters as last axis. Writes to `metric` (parameters, parameters) the lower triangle of the information that
    there would be if events were known; to `predicted` (n, 2) mean and variance of each reading given those before; to
    `jumped` (n, 2) the chances, given readings up to that one, that a jump upwards and downwards lies in its step.
    """
    law = Law(lean, move, part, size, d_move, d_part, d_size)
    count, parts, classes = score.size, part.shape[1], size.shape[0]
    now, then = _branches(KEPT, count), _branches(KEPT + 1, count)
    limit = KEPT * (1 + 2 * parts * classes)
    events = Events(np.zeros(limit), np.zeros((limit, 3), np.int32), np.zeros(limit))
    sums = Sums(np.zeros(8), np.zeros((parts, 9)), np.zeros((classes, 3)))
    share, slopes, sharp = np.zeros(count), np.zeros((6, count)), np.zeros((count, count))
    branches, total = 0, 0.0
    score[:], metric[:] = 0.0, 0.0
    for k in range(reading.size):
        here, y = kind[k], reading[k]
        if opens[k]:
            branches = 1
            _open(law, now, here, y)
            predicted[k, 0], predicted[k, 1] = y, 0.0
            jumped[k] = 0.0
            continue
        _predict(law, now, branches, here, predicted[k])
        found, best = _events(law, now, branches, here, y, events)
        branches, heavy = _update(law, now, here, y, events, found, best, then, sums, share, slopes, sharp, jumped[k])
        total += best + math.log(heavy) - _HALF_LOG_2PI
        _settle(now, then, branches, share, score)
        for i in range(count):
            for other in range(i + 1):
                metric[i, other] += sharp[i, other]
    return total


@compiled
def _branches(room: int, count: int) -> Branches:
    slopes = np.zeros((3, room, count))
    return Branches(np.zeros(room), np.zeros(room), np.zeros(room), slopes[0], slopes[1], slopes[2])


@bare
def _open(law: Law, now: Branches, here: int, y: float) -> None:
    """Begin a stretch: the state before the reading is unknown, and the reading tells it."""
    move = law.move[here]
    ratio = move[B] / move[H]
    now.mean[0] = move[A] + ratio * (y - move[C])
    now.var[0] = ratio * ratio * move[U] + move[Q] - 2.0 * ratio * move[CROSS]
    now.weight[0] = 0.0
    for i in range(now.d_mean.shape[1]):
        d = law.d_move[here, :, i]
        d_ratio = (d[B] - ratio * d[H]) / move[H]
        now.d_mean[0, i] = d[A] + d_ratio * (y - move[C]) - ratio * d[C]
        now.d_var[0, i] = 2.0 * ratio * d_ratio * move[U] + ratio * ratio * d[U] + d[Q]
        now.d_var[0, i] -= 2.0 * (d_ratio * move[CROSS] + ratio * d[CROSS])
        now.d_weight[0, i] = 0.0


@bare
def _predict(law: Law, now: Branches, branches: int, here: int, out: FloatArray) -> None:
    """Mean and variance of the next reading; jumps add to the variance, as if both directions were alike."""
    move = law.move[here]
    level, square = 0.0, 0.0
    for j in range(branches):
        share, middle = math.exp(now.weight[j]), move[C] + move[H] * now.mean[j]
        level += share * middle
        square += share * (move[H] ** 2 * now.var[j] + move[U])
    for j in range(branches):
        square += math.exp(now.weight[j]) * (move[C] + move[H] * now.mean[j] - level) ** 2
    sizes = 0.0
    for c in range(law.size.shape[0]):
        sizes += math.exp(law.size[c, 0]) * (law.size[c, 1] ** 2 + law.size[c, 2])
    for which in range(law.part.shape[1]):
        values = law.part[here, which]
        square += math.exp(values[CHANCE]) * (sizes * values[SHOWN2] + values[MORE_SHOWN])
    out[0], out[1] = level, square


@bare
def _events(law: Law, now: Branches, branches: int, here: int, y: float, events: Events) -> tuple[int, float]:
    """List every event of every branch, as far as it is not hopeless; return how many, and the heaviest weight."""
    move, size = law.move[here], law.size
    found, best = 0, _CLOSED
    for j in range(branches):
        off = y - move[C] - move[H] * now.mean[j]
        plain = move[H] ** 2 * now.var[j] + move[U]
        log_plain = math.log(plain)
        chance = now.weight[j] + move[CALM] - 0.5 * (log_plain + off * off / plain)
        events.chance[found], events.place[found, 0], events.sign[found] = chance, j, 0.0
        found += 1
        best = max(best, chance)
        up = min(max(0.5 + law.lean[here, 0] * (law.lean[here, 1] - now.mean[j]), 0.0), 1.0)
        log_up, log_down = math.log(max(up, 1e-300)), math.log(max(1.0 - up, 1e-300))
        for which in range(law.part.shape[1]):
            values = law.part[here, which]
            rate = now.weight[j] + values[CHANCE]
            if rate - 0.5 * log_plain < best - _NEGLIGIBLE:
                continue
            for c in range(size.shape[0]):
                middle = size[c, 1]
                shift = middle * values[SHOWN]
                wide = plain + (middle * middle + size[c, 2]) * values[SHOWN2] - shift * shift + values[MORE_SHOWN]
                for side in range(2):
                    miss = off - shift if side == 0 else off + shift
                    reach = miss * miss / wide
                    if rate - 0.5 * (reach + log_plain) < best - _NEGLIGIBLE:
                        continue
                    chance = rate + size[c, 0] + (log_up if side == 0 else log_down) - 0.5 * (math.log(wide) + reach)
                    if chance > best - _NEGLIGIBLE:
                        events.chance[found], events.sign[found] = chance, 1.0 - 2.0 * side
                        events.place[found, 0], events.place[found, 1], events.place[found, 2] = j, which, c
                        found += 1
                        best = max(best, chance)
    return found, best


@bare
def _update(
    law: Law,
    now: Branches,
    here: int,
    y: float,
    events: Events,
    found: int,
    best: float,
    then: Branches,
    sums: Sums,
    share: FloatArray,
    slopes: FloatArray,
    sharp: FloatArray,
    jumped: FloatArray,
) -> tuple[int, float]:
    """Turn events into branches; return how many, and the weight of all events over that of the heaviest.

    Writes this step's score to `share`, and its part of the metric to `sharp`.
    """
    kept, heavy, ups, downs = 0, 0.0, 0.0, 0.0
    share[:], sharp[:] = 0.0, 0.0
    sums.move[:], sums.part[:], sums.size[:] = 0.0, 0.0, 0.0
    for index in range(found):
        mass = math.exp(events.chance[index] - best)
        if mass < 2e-6:
            continue
        j, sign = events.place[index, 0], events.sign[index]
        which, c = events.place[index, 1], events.place[index, 2]
        moments = _moments(law, now, here, y, j, which, c, sign)
        heavy += mass
        ups += mass if sign > 0.0 else 0.0
        downs += mass if sign < 0.0 else 0.0
        if mass < _LIGHT:
            _gather(law, now, here, j, which, c, sign, mass, moments, sums, share)
            continue
        _derive(law, now, here, j, which, c, sign, moments, slopes)
        a, b = mass / moments.seen, 0.5 * mass / moments.seen**2
        for i in range(share.size):
            share[i] += mass * slopes[2, i]
            for other in range(i + 1):
                sharp[i, other] += a * slopes[3, i] * slopes[3, other] + b * slopes[4, i] * slopes[4, other]
                sharp[i, other] += mass * slopes[5, i] * slopes[5, other]
        kept = _keep(then, kept, mass, moments, slopes)
    _spread(law, here, sums, share)
    for i in range(share.size):
        share[i] /= heavy
        for other in range(i + 1):
            sharp[i, other] /= heavy
    jumped[0], jumped[1] = ups / heavy, downs / heavy
    return kept, heavy


@bare
def _moments(law: Law, now: Branches, here: int, y: float, j: int, which: int, c: int, sign: float) -> Moments:
    move = law.move[here]
    end, shown, inner, both, outer = 0.0, 0.0, 0.0, 0.0, 0.0
    if sign != 0.0:
        middle, values = law.size[c, 1], law.part[here, which]
        square = middle * middle + law.size[c, 2]
        end, shown = sign * middle * values[END], sign * middle * values[SHOWN]
        inner = square * values[END2] - end * end + values[MORE_END]
        both = square * values[BOTH2] - end * shown + values[MORE_BOTH]
        outer = square * values[SHOWN2] - shown * shown + values[MORE_SHOWN]
    b, h, ahead = move[B], move[H], now.var[j]
    off = y - move[C] - h * now.mean[j] - shown
    seen = h * h * ahead + move[U] + outer
    cross = b * h * ahead + move[CROSS] + both
    mean = move[A] + b * now.mean[j] + end + cross / seen * off
    var = b * b * ahead + move[Q] + inner - cross * cross / seen
    return Moments(off, seen, cross, mean, max(var, 1e-12 * seen), end, shown)


@bare
def _gather(
    law: Law,
    now: Branches,
    here: int,
    j: int,
    which: int,
    c: int,
    sign: float,
    mass: float,
    moments: Moments,
    sums: Sums,
    share: FloatArray,
) -> None:
    """Add a light event to the sums."""
    pull = moments.off / moments.seen
    on_off, on_seen = -mass * pull, 0.5 * mass * (pull * pull - 1.0 / moments.seen)
    h, before, ahead = law.move[here, H], now.mean[j], now.var[j]
    sums.move[C] -= on_off
    sums.move[H] += 2.0 * h * ahead * on_seen - before * on_off
    sums.move[U] += on_seen
    for i in range(share.size):
        share[i] += mass * now.d_weight[j, i] - h * on_off * now.d_mean[j, i] + h * h * on_seen * now.d_var[j, i]
    if sign == 0.0:
        sums.move[CALM] += mass
        return
    values, middle = law.part[here, which], law.size[c, 1]
    square = middle * middle + law.size[c, 2]
    on_shown = -on_off - 2.0 * moments.shown * on_seen
    sums.part[which, CHANCE] += mass
    sums.part[which, SHOWN] += sign * middle * on_shown
    sums.part[which, SHOWN2] += square * on_seen
    sums.part[which, MORE_SHOWN] += on_seen
    sums.size[c, 0] += mass
    sums.size[c, 1] += sign * values[SHOWN] * on_shown + 2.0 * middle * values[SHOWN2] * on_seen
    sums.size[c, 2] += values[SHOWN2] * on_seen


@bare
def _spread(law: Law, here: int, sums: Sums, share: FloatArray) -> None:
    """Multiply the sums with the derivatives of the tables."""
    for column in range(8):
        if sums.move[column] != 0.0:
            for i in range(share.size):
                share[i] += sums.move[column] * law.d_move[here, column, i]
    for which in range(sums.part.shape[0]):
        for column in range(9):
            if sums.part[which, column] != 0.0:
                for i in range(share.size):
                    share[i] += sums.part[which, column] * law.d_part[here, which, column, i]
    for c in range(sums.size.shape[0]):
        for column in range(3):
            if sums.size[c, column] != 0.0:
                for i in range(share.size):
                    share[i] += sums.size[c, column] * law.d_size[c, column, i]


@bare
def _derive(
    law: Law,
    now: Branches,
    here: int,
    j: int,
    which: int,
    c: int,
    sign: float,
    moments: Moments,
    slopes: FloatArray,
) -> None:
    """Write the derivatives of mean, variance and log weight of the branch that an event makes, then those of the
    reading's deviation, of its variance and of the event's log chance."""
    b, h, before, ahead = law.move[here, B], law.move[here, H], now.mean[j], now.var[j]
    off, seen, cross, end, shown = moments.off, moments.seen, moments.cross, moments.end, moments.shown
    gain, pull = cross / seen, off / seen
    middle, square = 0.0, 0.0
    if sign != 0.0:
        middle = law.size[c, 1]
        square = middle * middle + law.size[c, 2]
    for i in range(slopes.shape[1]):
        d = law.d_move[here, :, i]
        d_end, d_shown, d_inner, d_both, d_outer, d_prior = 0.0, 0.0, 0.0, 0.0, 0.0, d[CALM]
        if sign != 0.0:
            values, d_values = law.part[here, which], law.d_part[here, which, :, i]
            d_middle = law.d_size[c, 1, i]
            d_square = 2.0 * middle * d_middle + law.d_size[c, 2, i]
            d_end = sign * (d_middle * values[END] + middle * d_values[END])
            d_shown = sign * (d_middle * values[SHOWN] + middle * d_values[SHOWN])
            d_inner = d_square * values[END2] + square * d_values[END2] - 2.0 * end * d_end + d_values[MORE_END]
            d_both = d_square * values[BOTH2] + square * d_values[BOTH2] + d_values[MORE_BOTH]
            d_both -= end * d_shown + shown * d_end
            d_outer = d_square * values[SHOWN2] + square * d_values[SHOWN2] + d_values[MORE_SHOWN]
            d_outer -= 2.0 * shown * d_shown
            d_prior = d_values[CHANCE] + law.d_size[c, 0, i]
        d_off = -d[C] - d[H] * before - h * now.d_mean[j, i] - d_shown
        d_seen = 2.0 * h * d[H] * ahead + h * h * now.d_var[j, i] + d[U] + d_outer
        d_cross = (d[B] * h + b * d[H]) * ahead + b * h * now.d_var[j, i] + d[CROSS] + d_both
        d_gain = (d_cross - gain * d_seen) / seen
        slopes[0, i] = d[A] + d[B] * before + b * now.d_mean[j, i] + d_end + d_gain * off + gain * d_off
        slopes[1, i] = (
            2.0 * b * d[B] * ahead + b * b * now.d_var[j, i] + d[Q] + d_inner - d_gain * cross - gain * d_cross
        )
        slopes[2, i] = now.d_weight[j, i] + d_prior + 0.5 * (pull * pull - 1.0 / seen) * d_seen - pull * d_off
        slopes[3, i], slopes[4, i], slopes[5, i] = d_off, d_seen, d_prior


@bare
def _keep(then: Branches, kept: int, mass: float, moments: Moments, slopes: FloatArray) -> int:
    """Merge a new branch with one that is close, or give it a place; return how many there are."""
    mean, var = moments.mean, moments.var
    lightest = 0
    for other in range(kept):
        gap, less, more = mean - then.mean[other], min(var, then.var[other]), max(var, then.var[other])
        if gap * gap < _NEAR * less and more < 1.5 * less:
            _merge(then, other, mass, mean, var, slopes)
            return kept
        if then.weight[other] < then.weight[lightest]:
            lightest = other
    place = kept
    if kept == KEPT:
        if then.weight[lightest] >= mass:
            return kept
        place = lightest
    then.mean[place], then.var[place], then.weight[place] = mean, var, mass
    for i in range(slopes.shape[1]):
        then.d_mean[place, i], then.d_var[place, i], then.d_weight[place, i] = slopes[0, i], slopes[1, i], slopes[2, i]
    return min(kept + 1, KEPT)


@bare
def _merge(then: Branches, place: int, mass: float, mean: float, var: float, slopes: FloatArray) -> None:
    """Put a branch of weight `mass` into another; f is its part."""
    whole = mass + then.weight[place]
    f, gap = mass / whole, mean - then.mean[place]
    wider = var - then.var[place]
    for i in range(slopes.shape[1]):
        d_f = f * (1.0 - f) * (slopes[2, i] - then.d_weight[place, i])
        d_gap = slopes[0, i] - then.d_mean[place, i]
        then.d_var[place, i] += f * (slopes[1, i] - then.d_var[place, i]) + d_f * wider
        then.d_var[place, i] += d_f * (1.0 - 2.0 * f) * gap * gap + 2.0 * f * (1.0 - f) * gap * d_gap
        then.d_mean[place, i] += f * d_gap + d_f * gap
        then.d_weight[place, i] += f * (slopes[2, i] - then.d_weight[place, i])
    then.var[place] += f * wider + f * (1.0 - f) * gap * gap
    then.mean[place] += f * gap
    then.weight[place] = whole


@bare
def _settle(now: Branches, then: Branches, branches: int, share: FloatArray, score: FloatArray) -> None:
    """Make the new branches the present ones, with weights that add up to 1, and count the step's score."""
    whole = 0.0
    for j in range(branches):
        whole += then.weight[j]
    for i in range(share.size):
        score[i] += share[i]
        lost = 0.0
        for j in range(branches):
            lost += then.weight[j] / whole * then.d_weight[j, i]
        for j in range(branches):
            now.d_mean[j, i], now.d_var[j, i] = then.d_mean[j, i], then.d_var[j, i]
            now.d_weight[j, i] = then.d_weight[j, i] - lost
    for j in range(branches):
        now.mean[j], now.var[j], now.weight[j] = then.mean[j], then.var[j], math.log(then.weight[j] / whole)
