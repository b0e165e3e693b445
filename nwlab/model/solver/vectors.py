"""Small things with vectors, compiled; they make no arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare

Ints = NDArray[np.signedinteger[Any]]
"""Whole numbers of any width: 64 bits while a pattern is worked out, 32 once it is kept."""


def roomy(*shape: int) -> FloatArray:
    """Return zeros with eight more numbers behind them, because loads of eight look beyond the end of an array."""
    size = math.prod(shape)
    return np.zeros(size + 8)[:size].reshape(shape)


@bare
def put(target: FloatArray, source: FloatArray) -> None:
    """Write the first numbers of `source` over all of `target`."""
    for k in range(target.size):
        target[k] = source[k]


@bare
def dot(one: FloatArray, two: FloatArray, count: int) -> float:
    """Return the product of the first `count` numbers, summed in four lanes."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    i = 0
    while i + 3 < count:
        a += one[i] * two[i]
        b += one[i + 1] * two[i + 1]
        c += one[i + 2] * two[i + 2]
        d += one[i + 3] * two[i + 3]
        i += 4
    while i < count:
        a += one[i] * two[i]
        i += 1
    return (a + b) + (c + d)
