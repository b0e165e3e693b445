"""What the law says about each kind of step, as the compiled likelihood reads it.

Between jumps the state is an Ornstein-Uhlenbeck process, exact for any duration at a constant level; over the time of
a reading it is jointly normal with its mean. All formulas are analytic in the parameters and take complex numbers, so
that derivatives come from imaginary steps (Squire and Trapp, SIAM Review 40 (1998) 110), exact to the last bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.polynomial.legendre import leggauss

from nwlab.analysis.rate_balance.jump_sizes import Sizes, size_classes, sizes_of
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.core.drive import FloatArray

_NODES, _WEIGHTS = leggauss(4)
_LEFT = np.array([[0.0], [0.5]]) + 0.25 * (1 + _NODES)
"""Parts of a reading that are left after a jump in its last and in its first half, (halves, nodes)."""
_MANY = 30.0
"""Jumps in a step of which none looks like a calm one any more."""


class Tables(NamedTuple):
    """See `gaussian_sum.tables`."""

    move: Values  # (kinds, 8)
    part: Values  # (kinds, parts, 9)
    size: Values  # (classes, 3)


def tables(steps: Steps, world: World, sizes: Sizes | None = None) -> Tables:
    """Return what the likelihood needs. `sizes` of this world spare whoever asks often to work them out each time."""
    move, table, share = _moves(steps, world)
    if _real(world.jump_rate) <= 0:
        return Tables(move, np.zeros((len(move), 0, 9), dtype=move.dtype), np.zeros((0, 3), dtype=move.dtype))
    whole = steps.piece.sum(axis=1) + steps.aperture
    size = size_classes(sizes or sizes_of(world), world.jump_rate * steps.duration[~steps.opens])
    chance = np.exp(size[:, 0])
    mean_square = (chance * (size[:, 1] ** 2 + size[:, 2])).sum()
    move[:, 7] = _calm(world.jump_rate * whole, 1 - chance.sum())
    return Tables(move, _parts(world.jump_rate * whole, table, share, mean_square), size)


def _moves(steps: Steps, world: World) -> tuple[Values, Values, FloatArray]:
    """Return `move` without chances; of each part of a step, the moments of what a jump of size 1 in it leaves, (kinds,
    parts, 5); and which share of the step it is, (kinds, parts)."""
    theta, held, whole = world.rate[steps.read_level], steps.aperture, steps.piece.sum(axis=1)
    a, b, q, first, second = _until_read(steps, world)
    x, centre = theta * held, world.goal[steps.read_level]
    decay, shown = np.exp(-x), _faded(x)
    power = world.diffusion * held
    parts = 3 if (held > 0).any() else 1
    kind = np.result_type(x, a, power, world.read, world.jump_rate, world.exponent, world.smallest, world.largest)
    move, table = np.zeros((held.size, 8), kind), np.empty((held.size, parts, 5), kind)
    move[:, 0] = decay * a + centre * (1 - decay)
    move[:, 1] = decay * b
    move[:, 2] = shown * a + centre * (1 - shown)
    move[:, 3] = shown * b
    move[:, 4] = decay**2 * q + power * shown * (0.5 + 0.5 * decay)
    move[:, 5] = decay * shown * q + 0.5 * power * shown**2
    move[:, 6] = shown**2 * q + power * _blurred(x) + world.read[steps.read_level]
    table[:, 0, 0], table[:, 0, 1] = decay * first, shown * first
    table[:, 0, 2], table[:, 0, 3], table[:, 0, 4] = decay**2 * second, decay * shown * second, shown**2 * second
    share = np.empty((held.size, parts))
    share[:, 0] = whole
    if parts > 1:
        _in_reading(x, table[:, 1:])
        share[:, 1:] = 0.5 * held[:, np.newaxis]
    return move, table, share / _some(whole + held)[:, np.newaxis]


def _until_read(steps: Steps, world: World) -> tuple[Values, Values, Values, Values, Values]:
    """Return what the pieces of a step do to the state, which goes to a + b·x with a variance q; and the mean of what
    is left of a jump in them, and of its square; (kinds,) each."""
    x = world.rate[steps.piece_level] * steps.piece
    decay, goal = np.exp(-x), world.goal[steps.piece_level]
    left = steps.piece * _faded(x)
    left2 = left * (0.5 + 0.5 * decay)
    a = q = first = second = np.zeros(len(x))
    for k in range(x.shape[1]):
        here, square = decay[:, k], decay[:, k] ** 2
        a = here * a + goal[:, k] * (1 - here)
        first, second = here * first + left[:, k], square * second + left2[:, k]
    some = _some(steps.piece.sum(axis=1))
    q = world.diffusion * second
    return a, decay.prod(axis=1), q, first / some, second / some


def _in_reading(x: Values, table: Values) -> None:
    """Write the moments of what jumps leave that come in the last half of a reading and in its first; x (kinds,)."""
    ahead = x[:, np.newaxis, np.newaxis] * _LEFT
    end, shown = np.exp(-ahead), _LEFT * _faded(ahead)
    for place, each in enumerate((end, shown, end**2, end * shown, shown**2)):
        table[:, :, place] = 0.5 * (each @ _WEIGHTS)


def _calm(expected: Values, unseen: Values) -> Values:
    """Return the log chance of what looks like no jump; `unseen` is the part of the steps with jumps that does."""
    few = np.where(_real(expected) < _MANY, expected, _MANY)
    return -expected + np.log(1 + unseen * np.expm1(few))


def _parts(expected: Values, table: Values, share: FloatArray, mean_square: Values) -> Values:
    """Return `part`. Of several jumps in a step one is followed, the others count as noise of that event."""
    chance = -np.expm1(-expected)
    weight = share * chance[:, np.newaxis]
    out = np.empty((*weight.shape, 9), table.dtype)
    out[:, :, 0] = np.log(np.where(_real(weight) > 0, weight, 1e-300))
    out[:, :, 1:6] = table
    # Where a second jump is rare, a normal of its variance would burden all events that have none.
    crowded = expected**2 / (expected**2 + 0.25)
    happens = _real(chance) > 0
    others = crowded * (expected / np.where(happens, chance, 1.0) - happens) * mean_square
    square = (share[:, :, np.newaxis] * table[:, :, 2:]).sum(axis=1)
    out[:, :, 6:] = (others[:, np.newaxis] * square)[:, np.newaxis]
    return out


def _some(duration: FloatArray) -> FloatArray:
    """What to divide by: no time at all counts as 1 s."""
    return np.where(duration > 0, duration, 1.0)


def _faded(x: Values) -> Values:
    """(1 − e^−x)/x, the mean of e^−x over 0 … x."""
    small = np.abs(x) < 1e-5
    if not small.any():
        return -np.expm1(-x) / x
    safe = np.where(small, 1.0, x)
    return np.where(small, 1 - x / 2 + x**2 / 6, -np.expm1(-safe) / safe)


def _blurred(x: Values) -> Values:
    """Variance of the time mean of the process that starts at a point, over σ²·duration; x = θ·duration."""
    small = np.abs(x) < 0.02
    if small.all():
        return 1 / 3 - x / 4 + 7 * x**2 / 60 - x**3 / 24
    safe = np.where(small, 1.0, x)
    exact = (safe + 2 * np.expm1(-safe) - np.expm1(-2 * safe) / 2) / safe**3
    return np.where(small, 1 / 3 - x / 4 + 7 * x**2 / 60 - x**3 / 24, exact)


def _real(x: Values) -> Values:
    return np.real(x)
