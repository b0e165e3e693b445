"""Random numbers inside compiled loops: one 64-bit counter per stream, and normals that the processor makes in bundles.

Theory of operation
    A stream is one unsigned 64-bit number in an array, advanced by an odd constant and scrambled by the finaliser of
    SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), so that the n-th draw depends on nothing but seed and n. A normal pair
    is Box and Muller's: radius √(−2 ln u) from 32 bits, so that tails reach 6.7 standard deviations; angle from 29 bits
    within one eighth of the circle and three more for reflections, so that short series for sine and cosine suffice.
    Nothing here branches: a loop over `normal_pair` or `exp` runs on all lanes of the processor.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled

Stream = NDArray[np.uint64]  # (1,)
Bits = Any  # one np.uint64

_U = np.uint64
STRIDE = _U(0x9E3779B97F4A7C15)
"""From one draw of a stream to the next."""
_MIX1, _MIX2 = _U(0xBF58476D1CE4E5B9), _U(0x94D049BB133111EB)
_MANTISSA, _ONE = _U(0x000FFFFFFFFFFFFF), _U(0x3FF0000000000000)
_LN2, _LN2_HIGH, _LN2_LOW = math.log(2), 6.93147180369123816490e-01, 1.90821492927058770002e-10
_EIGHTH = math.pi / 2 / 2**29  # step of the angle: [−π/4, π/4) in 2²⁹ steps


def stream(rng: np.random.Generator) -> Stream:
    """Start a stream of its own from a NumPy generator."""
    return rng.integers(0, 2**64, size=1, dtype=np.uint64)


def _bit_cast(target: Any, source: Any) -> Any:
    """Make a compiled function that reads the 64 bits of one type as another."""

    def bit_cast(_typing: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], context.get_value_type(target))

        return target(source), generate

    return intrinsic(bit_cast)


_as_bits = _bit_cast(types.uint64, types.float64)
_as_float = _bit_cast(types.float64, types.uint64)


@compiled
def log(x: float) -> float:
    """ln x of a positive normal number, to 1e-13."""
    bits = _as_bits(x)
    mantissa = _as_float((bits & _MANTISSA) | _ONE)
    exponent = float(np.int64(bits >> _U(52)) - 1023)
    above = mantissa > 1.4142135623730951
    mantissa = 0.5 * mantissa if above else mantissa
    exponent = exponent + 1.0 if above else exponent
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    series = 1 / 9 + z * (1 / 11 + z * (1 / 13 + z * (1 / 15 + z * (1 / 17))))
    series = 1.0 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * series)))
    return exponent * _LN2 + 2.0 * s * series


@compiled
def exp(x: float) -> float:
    """e^x, to 4e-16 of itself; |x| beyond 700 counts as 700, so that rates stay finite at any voltage."""
    x = min(max(x, -700.0), 700.0)
    power = math.floor(x * 1.4426950408889634 + 0.5)
    r = (x - power * _LN2_HIGH) - power * _LN2_LOW
    high = 1 / 5040 + r * (1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r * (1 / 39916800 + r / 479001600))))
    series = 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * high))))))
    return series * _as_float(_U(np.int64(power) + 1023) << _U(52))


@compiled
def scramble(counter: Bits) -> Bits:
    """Turn a counter into 64 random bits."""
    counter = (counter ^ (counter >> _U(30))) * _MIX1
    counter = (counter ^ (counter >> _U(27))) * _MIX2
    return counter ^ (counter >> _U(31))


@compiled
def normal_pair(bits: Bits) -> tuple[float, float]:
    """Turn 64 random bits into two independent standard normals."""
    radius = math.sqrt(-2.0 * log((float(np.int64(bits >> _U(32))) + 0.5) * 2.0**-32))
    angle = (float(np.int64(bits & _U(0x1FFFFFFF))) + 0.5) * _EIGHTH - math.pi / 4
    y = angle * angle
    sine = angle * (1.0 + y * (-1 / 6 + y * (1 / 120 + y * (-1 / 5040 + y * (1 / 362880 - y / 39916800)))))
    cosine = 1.0 + y * (-1 / 2 + y * (1 / 24 + y * (-1 / 720 + y * (1 / 40320 + y * (-1 / 3628800 + y / 479001600)))))
    swap = (bits & _U(0x20000000)) != _U(0)
    one, two = (sine, cosine) if swap else (cosine, sine)
    one = one if (bits & _U(0x40000000)) != _U(0) else -one
    two = two if (bits & _U(0x80000000)) != _U(0) else -two
    return radius * one, radius * two


@compiled
def draw(stream: Stream) -> Bits:
    """Return the next 64 random bits."""
    stream[0] += STRIDE
    return scramble(stream[0])


@compiled
def unit(bits: Bits) -> float:
    """Turn 64 random bits into a number in (0, 1), never 0 nor 1."""
    return (float(np.int64(bits >> _U(12))) + 0.5) * 2.0**-52


@compiled
def uniform(stream: Stream) -> float:
    """Return the next number in (0, 1)."""
    return unit(draw(stream))


@compiled
def fill_normals(stream: Stream, out: FloatArray, count: int) -> None:
    """Write at least `count` standard normals into `out`, whose size is even and not smaller."""
    half = (count + 1) // 2
    start = stream[0]
    for i in range(half):
        out[i], out[half + i] = normal_pair(scramble(start + STRIDE * _U(i + 1)))
    stream[0] = start + STRIDE * _U(half)
