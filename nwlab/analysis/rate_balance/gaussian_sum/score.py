"""What a reading tells of a branch, given an event; and the derivatives of that."""

from __future__ import annotations

from nwlab.analysis.rate_balance.gaussian_sum.tables import (
    BOTH2,
    CALM,
    CHANCE,
    CROSS,
    END,
    END2,
    MORE_BOTH,
    MORE_END,
    MORE_SHOWN,
    SHOWN,
    SHOWN2,
    A,
    B,
    Branches,
    C,
    H,
    Law,
    Moments,
    Q,
    Sums,
    U,
)
from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare


@bare
def moments_of(law: Law, now: Branches, here: int, y: float, j: int, which: int, c: int, sign: float) -> Moments:
    """Return what an event makes of branch `j`: Kalman's update, with the moments of the jump added."""
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
def gather(
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
def spread(law: Law, here: int, sums: Sums, share: FloatArray) -> None:
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
def derive(
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
