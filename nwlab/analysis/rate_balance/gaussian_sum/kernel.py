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
"""

from __future__ import annotations

import math

import numpy as np

from nwlab.analysis.rate_balance.gaussian_sum.merging import KEPT, keep, settle
from nwlab.analysis.rate_balance.gaussian_sum.score import derive, gather, moments_of, spread
from nwlab.analysis.rate_balance.gaussian_sum.tables import (
    CALM,
    CHANCE,
    CROSS,
    MORE_SHOWN,
    SHOWN,
    SHOWN2,
    A,
    B,
    Branches,
    C,
    Events,
    H,
    Law,
    Q,
    Sums,
    U,
)
from nwlab.core.drive import BoolArray, FloatArray
from nwlab.model.compiled import bare, compiled
from nwlab.model.networks.network import IntArray

_NEGLIGIBLE = 18.0
"""Events are left out when their log weight is this far below the heaviest. At 13 what is left out adds up: σ from
60,000 readings with much read noise is then wrong by its standard error."""
_LIGHT = 1e-4
"""Events of less weight than this, compared with the heaviest, do not become branches."""
_CLOSED = -1e300
_HALF_LOG_2PI = 0.9189385332046727


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
        settle(now, then, branches, share, score)
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
        if events.chance[index] < best - _NEGLIGIBLE:
            continue
        mass = math.exp(events.chance[index] - best)
        j, sign = events.place[index, 0], events.sign[index]
        which, c = events.place[index, 1], events.place[index, 2]
        moments = moments_of(law, now, here, y, j, which, c, sign)
        heavy += mass
        ups += mass if sign > 0.0 else 0.0
        downs += mass if sign < 0.0 else 0.0
        if mass < _LIGHT:
            gather(law, now, here, j, which, c, sign, mass, moments, sums, share)
            continue
        derive(law, now, here, j, which, c, sign, moments, slopes)
        a, b = mass / moments.seen, 0.5 * mass / moments.seen**2
        for i in range(share.size):
            share[i] += mass * slopes[2, i]
            for other in range(i + 1):
                sharp[i, other] += a * slopes[3, i] * slopes[3, other] + b * slopes[4, i] * slopes[4, other]
                sharp[i, other] += mass * slopes[5, i] * slopes[5, other]
        kept = keep(then, kept, mass, moments, slopes)
    spread(law, here, sums, share)
    for i in range(share.size):
        share[i] /= heavy
        for other in range(i + 1):
            sharp[i, other] /= heavy
    jumped[0], jumped[1] = ups / heavy, downs / heavy
    return kept, heavy
