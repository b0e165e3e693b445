"""What the recursion reads and carries: tables of the law, branches, events, sums.

Tables, per kind of step:
    move (kinds, 8): a, B, c, H, Q, C, U, chance. The state goes to a + B·x + w, the reading is c + H·x + u, with
    covariance Q of w, C of both, U of u; read noise is part of U. `chance` is the logarithm of that of no jump.
    part (kinds, parts, 9): log chance of a jump in this part of the step; how much of a jump of size 1 the state has at
    the end of the step and the reading shows, with the second moments of both and between them; and the (co)variances
    of the same two that further jumps in the step would bring.
Per size class: size (classes, 3): log chance given a jump, mean, variance.
"""

from __future__ import annotations

from typing import NamedTuple

from nwlab.core.drive import FloatArray
from nwlab.model.networks.network import IntArray

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
