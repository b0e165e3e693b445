"""What the law says about each kind of step, as the compiled likelihood reads it.

Between jumps the state is an Ornstein-Uhlenbeck process, exact for any duration at a constant level; over the time of
a reading it is jointly normal with its mean. All formulas are analytic in the parameters and take complex numbers, so
that derivatives come from imaginary steps (Squire and Trapp, SIAM Review 40 (1998) 110), exact to the last bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.polynomial.legendre import leggauss

from nwlab.analysis.rate_balance.jump_sizes import size_classes
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.world import Values, World

_NODES, _WEIGHTS = leggauss(4)
_MANY = 30.0
"""Jumps in a step of which none looks like a calm one any more."""


class Tables(NamedTuple):
    """See `gaussian_sum.tables`."""

    move: Values  # (kinds, 8)
    part: Values  # (kinds, parts, 9)
    size: Values  # (classes, 3)


def tables(steps: Steps, world: World) -> Tables:
    """Return what the likelihood needs."""
    jumps = _real(world.jump_rate) > 0
    move, parts = _moves(steps, world)
    if not jumps:
        return Tables(move, np.zeros((len(move), 0, 9), dtype=move.dtype), np.zeros((0, 3), dtype=move.dtype))
    size = size_classes(world, steps.duration[~steps.opens])
    chance = np.exp(size[:, 0])
    mean_square = np.sum(chance * (size[:, 1] ** 2 + size[:, 2]))
    return Tables(*_with_jumps(steps, world, move, parts, mean_square, 1 - np.sum(chance)), size)


def _moves(steps: Steps, world: World) -> tuple[Values, list[tuple[Values, ...]]]:
    """Return `move` without chances, and of each part of a step: duration, then moments of what a jump leaves."""
    rate, goal, power = world.rate, world.goal, world.diffusion
    kinds = len(steps.aperture)
    a, b, q = np.zeros(kinds) + 0 * power, np.ones(kinds) + 0 * power, np.zeros(kinds) + 0 * power
    first, second = 0 * a, 0 * a  # of a jump in the pieces, times their durations
    for level, held in zip(steps.piece_level.T, steps.piece.T, strict=True):
        x = rate[level] * held
        decay = np.exp(-x)
        fade, fade2 = _faded(x), _faded(2 * x)
        a, b, q = decay * a + goal[level] * (1 - decay), decay * b, decay**2 * q + power * held * fade2
        first, second = decay * first + held * fade, decay**2 * second + held * fade2
    theta, held = rate[steps.read_level], steps.aperture
    x = theta * held
    decay, shown = np.exp(-x), _faded(x)
    centre = goal[steps.read_level]
    noise = (power * held * _faded(2 * x), 0.5 * power * held * shown**2, power * held * _blurred(x))
    move = np.stack(
        [
            decay * a + centre * (1 - decay),
            decay * b,
            shown * a + centre * (1 - shown),
            shown * b,
            decay**2 * q + noise[0],
            decay * shown * q + noise[1],
            shown**2 * q + noise[2] + world.read[steps.read_level],
            0 * a,
        ],
        axis=1,
    )
    whole = steps.piece.sum(axis=1)
    some = np.where(whole > 0, whole, 1.0)
    ends = (decay * first / some, shown * first / some)
    squares = (decay**2 * second / some, decay * shown * second / some, shown**2 * second / some)
    parts: list[tuple[Values, ...]] = [(whole, *ends, *squares)]
    if bool((held > 0).any()):
        parts += [_in_reading(theta, held, half) for half in (0.0, 0.5)]
    return move, parts


def _in_reading(theta: Values, held: Values, half: float) -> tuple[Values, ...]:
    """Return the same for jumps in one half of the reading: `half` 0 is the last, 0.5 the first."""
    left = (half + 0.25 * (1 + _NODES)) * held[:, np.newaxis]  # until the end
    x = theta[:, np.newaxis] * left
    some = np.where(held > 0, held, 1.0)[:, np.newaxis]
    end, shown = np.exp(-x), left / some * _faded(x)
    weights = 0.5 * _WEIGHTS
    return 0.5 * held, end @ weights, shown @ weights, end**2 @ weights, (end * shown) @ weights, shown**2 @ weights


def _with_jumps(
    steps: Steps, world: World, move: Values, parts: list[tuple[Values, ...]], mean_square: Values, unseen: Values
) -> tuple[Values, Values]:
    """Fill in chances; `unseen` is the part of the steps with jumps that looks like one without.

    Of several jumps in a step one is followed, the others count as noise of that event.
    """
    whole = steps.piece.sum(axis=1) + steps.aperture
    some = np.where(whole > 0, whole, 1.0)
    expected = world.jump_rate * whole
    chance = -np.expm1(-expected)
    table = np.stack([np.stack(part[1:], axis=1) for part in parts], axis=1)
    shares = np.stack([part[0] / some + 0 * chance for part in parts], axis=1)
    logs = (
        np.log(np.where(_real(shares) > 0, shares, 1e-300)) + np.log(np.where(whole > 0, chance, 1e-300))[:, np.newaxis]
    )
    # Where a second jump is rare, a normal of its variance would burden all events that have none.
    crowded = expected**2 / (expected**2 + 0.25)
    others = crowded * (expected / np.where(whole > 0, chance, 1.0) - (whole > 0)) * mean_square
    square = np.sum(shares[:, :, np.newaxis] * table[:, :, 2:], axis=1)
    more = np.repeat((others[:, np.newaxis] * square)[:, np.newaxis], len(parts), axis=1)
    move = move.copy()
    some = np.where(_real(expected) < _MANY, expected, _MANY)
    move[:, 7] = -expected + np.log(1 + unseen * np.expm1(some))
    return move, np.concatenate([logs[:, :, np.newaxis], table, more], axis=2)


def _faded(x: Values) -> Values:
    """(1 − e^−x)/x, the mean of e^−x over 0 … x."""
    small = np.abs(x) < 1e-5
    safe = np.where(small, 1.0, x)
    return np.where(small, 1 - x / 2, -np.expm1(-safe) / safe)


def _blurred(x: Values) -> Values:
    """Variance of the time mean of the process that starts at a point, over σ²·duration; x = θ·duration."""
    small = np.abs(x) < 0.02
    safe = np.where(small, 1.0, x)
    exact = (safe + 2 * np.expm1(-safe) - np.expm1(-2 * safe) / 2) / safe**3
    return np.where(small, 1 / 3 - x / 4 + 7 * x**2 / 60 - x**3 / 24, exact)


def _real(x: Values) -> Values:
    return np.real(x)
