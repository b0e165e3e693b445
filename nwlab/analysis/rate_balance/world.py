"""The law at the levels of a record, in the numbers that likelihoods use; real, or complex for their derivatives."""

from __future__ import annotations

from typing import Any, NamedTuple

Values = Any
"""Arrays or numbers, real or complex."""


class World(NamedTuple):
    """The law at the levels of a record; states are conductances."""

    rate: Values  # (levels,) 1/s, θ
    goal: Values  # (levels,) S
    diffusion: Values  # S²/s, σ²
    read: Values  # (levels,) S², variance of the read noise
    jump_rate: Values  # 1/s; 0 = no jumps
    exponent: Values
    smallest: Values  # S
    largest: Values  # S
