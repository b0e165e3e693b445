"""Compiled likelihood of a scalar state that relaxes, diffuses and jumps, seen through read noise; and its score.

Theory of operation
    A Gaussian sum (Sorenson and Alspach, Automatica 7 (1971) 465): branches, each a normal state with a weight. In each
    step a branch meets each class of event: no jump, or a jump of a size class, up or down, in one part of the step.
    Given the class, state and reading are jointly normal, so that the reading updates the branch as Kalman's filter does
    and its weight by the density of the reading. Branches that have come close are merged with their moments kept, the
    lightest beyond `KEPT` are dropped.
    The score is the exact derivative of that recursion: every branch carries the derivatives of its mean, variance and
    log weight. A merged branch has those of the merged moments.

Tables, per kind of step:
    move (kinds, 8): a, B, c, H, Q, C, U, chance. The state goes to a + B·x + w, the reading is c + H·x + u, with
    covariance Q of w, C of both, U of u; read noise is part of U. `chance` is the logarithm of that of no jump.
    part (kinds, parts, 9): log chance of a jump in this part of the step; how much of a jump of size 1 the state has at
    the end of the step and the reading shows, with the second moments of both and between them; and the (co)variances of
    the same two that further jumps in the step would bring.
Per size class: size (classes, 3): log chance given a jump, mean, variance.
"""

from __future__ import annotations

import math

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.networks.network import IntArray

KEPT = 8
"""Branches after each step."""
_NEAR = 0.1
"""Branches merge when their means differ by less than this part of their variance, squared."""
_NEGLIGIBLE = 16.0
"""Events are left out when their log weight is this far below the heaviest."""
_CLOSED = -1e300

A, B, C_, H, Q, CROSS, U, CALM = range(8)
"""Columns of `move`."""
CHANCE, END, SHOWN, END2, BOTH2, SHOWN2, MORE_END, MORE_BOTH, MORE_SHOWN = range(9)
"""Columns of `part`."""


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
    predicted: FloatArray,
    jumped: FloatArray,
) -> float:
    """Return the log likelihood of readings (n,), the first of each stretch given; write its score (parameters,).

    `opens` marks first readings, at which the state is as read, with the variance U of that kind; `lean` (kinds, 2) is
    how much the chance of a jump upwards grows per state below a goal, and the goal. d_… hold derivatives, with the
    parameters as last axis. Writes to `predicted` (n, 2) mean and variance of each reading given those before, and to
    `jumped` (n, 2) the chances, given readings up to that one, that a jump upwards and downwards lies in its step.
    """
    count, parts, classes = score.size, part.shape[1], size.shape[0]
    limit = KEPT * (1 + 2 * parts * classes)
    mean, var, weight = np.zeros(KEPT), np.zeros(KEPT), np.zeros(KEPT)
    d_mean, d_var, d_weight = np.zeros((KEPT, count)), np.zeros((KEPT, count)), np.zeros((KEPT, count))
    next_mean, next_var, next_weight = np.zeros(KEPT + 1), np.zeros(KEPT + 1), np.zeros(KEPT + 1)
    n_mean, n_var, n_weight = np.zeros((KEPT + 1, count)), np.zeros((KEPT + 1, count)), np.zeros((KEPT + 1, count))
    event, from_, row, column, sign = (
        np.zeros(limit),
        np.zeros(limit, np.int64),
        np.zeros(limit, np.int64),
        np.zeros(limit, np.int64),
        np.zeros(limit),
    )
    one_mean, one_var, one_weight = np.zeros(count), np.zeros(count), np.zeros(count)
    share, mean_share = np.zeros(count), np.zeros(count)
    branches, total = 0, 0.0
    score[:] = 0.0
    for k in range(reading.size):
        here, y = kind[k], reading[k]
        if opens[k]:
            branches = 1
            mean[0], var[0], weight[0] = y, move[here, U], 0.0
            for i in range(count):
                d_mean[0, i], d_var[0, i], d_weight[0, i] = 0.0, d_move[here, U, i], 0.0
            predicted[k, 0], predicted[k, 1] = y, move[here, U]
            jumped[k, 0], jumped[k, 1] = 0.0, 0.0
            continue
        # Every event of every branch, as far as it is not hopeless.
        found, best = 0, _CLOSED
        level, spread = 0.0, 0.0
        for j in range(branches):
            off = y - move[here, C_] - move[here, H] * mean[j]
            plain = move[here, H] ** 2 * var[j] + move[here, U]
            level += math.exp(weight[j]) * (y - off)
            chance = weight[j] + move[here, CALM] - 0.5 * (math.log(plain) + off * off / plain)
            event[found], from_[found], row[found], column[found], sign[found] = chance, j, 0, 0, 0.0
            found += 1
            best = max(best, chance)
            up = min(max(0.5 + lean[here, 0] * (lean[here, 1] - mean[j]), 0.0), 1.0)
            for part_ in range(parts):
                rate = weight[j] + part[here, part_, CHANCE]
                if rate <= best - _NEGLIGIBLE - 30.0:
                    continue
                shown, shown2 = part[here, part_, SHOWN], part[here, part_, SHOWN2]
                for c in range(classes):
                    middle, square = size[c, 1], size[c, 1] ** 2 + size[c, 2]
                    shift = middle * shown
                    wide = plain + square * shown2 - shift * shift + part[here, part_, MORE_SHOWN]
                    for side in range(2):
                        towards = 1.0 - 2.0 * side
                        miss = off - towards * shift
                        reach = miss * miss / wide
                        prior = up if side == 0 else 1.0 - up
                        if prior <= 0.0 or rate - 0.5 * (reach + math.log(plain)) < best - _NEGLIGIBLE:
                            continue
                        chance = rate + size[c, 0] + math.log(prior) - 0.5 * (math.log(wide) + reach)
                        if chance > best - _NEGLIGIBLE:
                            event[found], from_[found], row[found], column[found] = chance, j, part_, c
                            sign[found] = towards
                            found += 1
                            best = max(best, chance)
        # The events that remain, as branches: close ones merged, the lightest dropped.
        kept, heavy, ups, downs = 0, 0.0, 0.0, 0.0
        for i in range(count):
            share[i] = 0.0
        for index in range(found):
            if event[index] < best - _NEGLIGIBLE:
                continue
            j, towards = from_[index], sign[index]
            inner, outer, shift_end, shift_shown = 0.0, 0.0, 0.0, 0.0
            both = 0.0
            if towards != 0.0:
                middle = size[column[index], 1]
                square = middle * middle + size[column[index], 2]
                values = part[here, row[index]]
                shift_end, shift_shown = towards * middle * values[END], towards * middle * values[SHOWN]
                inner = square * values[END2] - shift_end * shift_end + values[MORE_END]
                both = square * values[BOTH2] - shift_end * shift_shown + values[MORE_BOTH]
                outer = square * values[SHOWN2] - shift_shown * shift_shown + values[MORE_SHOWN]
            b, h = move[here, B], move[here, H]
            before, ahead = mean[j], var[j]
            off = y - move[here, C_] - h * before - shift_shown
            seen = h * h * ahead + move[here, U] + outer
            cross = b * h * ahead + move[here, CROSS] + both
            gain = cross / seen
            new_mean = move[here, A] + b * before + shift_end + gain * off
            new_var = b * b * ahead + move[here, Q] + inner - gain * cross
            mass = math.exp(event[index] - best)
            heavy += mass
            if towards > 0.0:
                ups += mass
            elif towards < 0.0:
                downs += mass
            for i in range(count):
                d = d_move[here, :, i]
                d_end, d_shown, d_inner, d_both, d_outer, d_prior = 0.0, 0.0, 0.0, 0.0, 0.0, d[CALM]
                if towards != 0.0:
                    c, part_ = column[index], row[index]
                    values, slopes = part[here, part_], d_part[here, part_, :, i]
                    middle, d_middle = size[c, 1], d_size[c, 1, i]
                    square = middle * middle + size[c, 2]
                    d_square = 2.0 * middle * d_middle + d_size[c, 2, i]
                    d_end = towards * (d_middle * values[END] + middle * slopes[END])
                    d_shown = towards * (d_middle * values[SHOWN] + middle * slopes[SHOWN])
                    d_inner = slopes[MORE_END] + d_square * values[END2] + square * slopes[END2] - 2.0 * shift_end * d_end
                    d_both = slopes[MORE_BOTH] + d_square * values[BOTH2] + square * slopes[BOTH2]
                    d_both -= shift_end * d_shown + shift_shown * d_end
                    d_outer = slopes[MORE_SHOWN] + d_square * values[SHOWN2] + square * slopes[SHOWN2] - 2.0 * shift_shown * d_shown
                    d_prior = slopes[CHANCE] + d_size[c, 0, i]
                d_off = -d[C_] - d[H] * before - h * d_mean[j, i] - d_shown
                d_seen = 2.0 * h * d[H] * ahead + h * h * d_var[j, i] + d[U] + d_outer
                d_cross = (d[B] * h + b * d[H]) * ahead + b * h * d_var[j, i] + d[CROSS] + d_both
                d_gain = (d_cross - gain * d_seen) / seen
                one_mean[i] = d[A] + d[B] * before + b * d_mean[j, i] + d_end + d_gain * off + gain * d_off
                one_var[i] = 2.0 * b * d[B] * ahead + b * b * d_var[j, i] + d[Q] + d_inner
                one_var[i] -= d_gain * cross + gain * d_cross
                pull = off / seen
                one_weight[i] = d_weight[j, i] + d_prior - 0.5 * d_seen / seen - pull * d_off + 0.5 * pull * pull * d_seen
                share[i] += mass * one_weight[i]
            place = -1
            for other in range(kept):
                gap = new_mean - next_mean[other]
                if gap * gap < _NEAR * min(new_var, next_var[other]) and new_var < 1.5 * next_var[other] and next_var[
                    other
                ] < 1.5 * new_var:
                    place = other
                    break
            if place >= 0:
                # Both are merged; f is the new one's part.
                sum_ = mass + next_weight[place]
                f = mass / sum_
                gap = new_mean - next_mean[place]
                for i in range(count):
                    d_f = f * (1.0 - f) * (one_weight[i] - n_weight[place, i])
                    d_gap = one_mean[i] - n_mean[place, i]
                    n_var[place, i] += f * (one_var[i] - n_var[place, i]) + d_f * (new_var - next_var[place])
                    n_var[place, i] += d_f * (1.0 - 2.0 * f) * gap * gap + 2.0 * f * (1.0 - f) * gap * d_gap
                    n_mean[place, i] += f * d_gap + d_f * gap
                    n_weight[place, i] += f * (one_weight[i] - n_weight[place, i])
                next_var[place] += f * (new_var - next_var[place]) + f * (1.0 - f) * gap * gap
                next_mean[place] += f * gap
                next_weight[place] = sum_
                continue
            if kept < KEPT:
                place = kept
                kept += 1
            else:
                place = 0
                for other in range(1, kept):
                    if next_weight[other] < next_weight[place]:
                        place = other
                if next_weight[place] >= mass:
                    continue
            next_mean[place], next_var[place], next_weight[place] = new_mean, new_var, mass
            for i in range(count):
                n_mean[place, i], n_var[place, i], n_weight[place, i] = one_mean[i], one_var[i], one_weight[i]
        step = best + math.log(heavy)
        total += step - 0.9189385332046727
        lasting = 0.0
        for j in range(kept):
            lasting += next_weight[j]
        for i in range(count):
            share[i] /= heavy
            score[i] += share[i]
            mean_share[i] = 0.0
            for j in range(kept):
                mean_share[i] += next_weight[j] / lasting * n_weight[j, i]
        for j in range(branches):
            m = move[here, C_] + move[here, H] * mean[j]
            spread += math.exp(weight[j]) * (move[here, H] ** 2 * var[j] + move[here, U] + (m - level) ** 2)
        predicted[k, 0], predicted[k, 1] = level, spread
        jumped[k, 0], jumped[k, 1] = ups / heavy, downs / heavy
        branches = kept
        for j in range(kept):
            mean[j], var[j], weight[j] = next_mean[j], next_var[j], math.log(next_weight[j] / lasting)
            for i in range(count):
                d_mean[j, i], d_var[j, i] = n_mean[j, i], n_var[j, i]
                d_weight[j, i] = n_weight[j, i] - mean_share[i]
    return total
