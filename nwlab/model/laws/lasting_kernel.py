"""The law that remembers, for many junctions at once; equations and names in `lasting`.

Spread, per junction: factors on κ_P0, κ_D0, conductance, consolidation and forgetting. The volatile state alone
conducts, as in the rate balance.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.kernels import jumped
from nwlab.model.laws.rate_balance_kernel import DOWN, UP, fill_uniforms, unpacked
from nwlab.model.randomness import Stream, draw, exp, fill_normals, log, normal_pair, uniform
from nwlab.model.rate_balance import Constants

TAKE, FORGET = 3, 4
"""Further rows of the spread, behind those of the rate balance."""

_BLOCK = 128
_ROWS = 13
_RISE, _FALL, _TAKE, _FORGET, _Q, _SLOW, _KEPT, _MIXED, _LAST, _G, _M, _ONE, _TWO = range(0, _ROWS * _BLOCK, _BLOCK)
"""Where a block's numbers stand in one array. Short loops over one array run on all lanes, a long one does not."""
_FASTEST = 1e100  # 1/s; products of two rates stay finite
_NARROW = 1e-3  # of a step: rates nearer to each other than this give the noise of this distance, to 2e-7


class _Pull(NamedTuple):
    """What pulls at one junction at its voltage, 1/s."""

    rise: float  # K_P
    fall: float  # K_D
    take: float  # c
    forget: float  # f


@compiled
def advance(
    constants: FloatArray, spread: FloatArray, state: FloatArray, voltage: FloatArray, duration: float, stream: Stream
) -> None:
    """Let `duration` s pass; state (2, junctions) changes in place."""
    law, work = unpacked(constants), np.empty(_ROWS * _BLOCK)
    if duration <= 0.0:
        return
    for first in range(0, voltage.size, _BLOCK):
        end = min(first + _BLOCK, voltage.size)
        g, m = state[0, first:end], state[1, first:end]
        work[_G : _G + g.size], work[_M : _M + g.size] = g, m
        _volatile(law, spread[UP, first:], spread[DOWN, first:], voltage[first:end], work)
        _lasting(constants[13:], spread[TAKE, first:], spread[FORGET, first:], voltage[first:end], work)
        _relax(work, duration, g, m)
        if law.noise > 0.0 or law.jump_rate > 0.0:
            _fluctuate(law, work, duration, g, m, stream)


@compiled
def _volatile(law: Constants, up: FloatArray, down: FloatArray, voltage: FloatArray, work: FloatArray) -> None:
    """Write K_P and K_D; `up` and `down` are factors of each junction's own."""
    for i in range(voltage.size):
        drop = abs(voltage[i])
        work[_RISE + i] = min(law.kp0 * up[i] * exp(law.eta_p * drop), _FASTEST)
        work[_FALL + i] = law.kd0 * down[i] * exp(-law.eta_d * drop)


@compiled
def _lasting(slow: FloatArray, take: FloatArray, forget: FloatArray, voltage: FloatArray, work: FloatArray) -> None:
    """Write c and f; `slow` is c at 0 V, its growth in 1/V, and f."""
    at_rest, eta, forgetting = slow[0], slow[1], slow[2]
    for i in range(voltage.size):
        work[_TAKE + i] = min(at_rest * take[i] * exp(eta * abs(voltage[i])), _FASTEST)
        work[_FORGET + i] = forgetting * forget[i]


@compiled
def _relax(work: FloatArray, duration: float, g: FloatArray, m: FloatArray) -> None:
    for i in range(g.size):
        work[_Q + i], work[_SLOW + i] = _rates(_pull(work, i))
    for i in range(g.size):
        work[_KEPT + i] = exp(-work[_SLOW + i] * duration)
    for i in range(g.size):
        work[_MIXED + i] = work[_KEPT + i] * duration * _mean_decay(2.0 * work[_Q + i] * duration)
    for i in range(g.size):
        g[i], m[i] = _moved(_pull(work, i), work[_SLOW + i], work[_KEPT + i], work[_MIXED + i], g[i], m[i])


@compiled
def _fluctuate(law: Constants, work: FloatArray, duration: float, g: FloatArray, m: FloatArray, stream: Stream) -> None:
    fill_normals(stream, work[_ONE:_TWO], g.size)
    fill_normals(stream, work[_TWO:], g.size)
    for i in range(g.size):
        work[_Q + i], work[_SLOW + i] = _apart(_pull(work, i), work[_Q + i], work[_SLOW + i], duration)
    for i in range(g.size):
        work[_KEPT + i] = duration * _mean_decay((2.0 * work[_SLOW + i] + 4.0 * work[_Q + i]) * duration)
    for i in range(g.size):
        work[_MIXED + i] = duration * _mean_decay((2.0 * work[_SLOW + i] + 2.0 * work[_Q + i]) * duration)
    for i in range(g.size):
        work[_LAST + i] = duration * _mean_decay(2.0 * work[_SLOW + i] * duration)
    for i in range(g.size):
        s_g, s_m, s_own = _shares(_pull(work, i), work[_Q + i], work[_KEPT + i], work[_MIXED + i], work[_LAST + i])
        g[i] = max(g[i] + law.noise * s_g * work[_ONE + i], law.floor)
        m[i] += law.noise * (s_m * work[_ONE + i] + s_own * work[_TWO + i])
    if law.jump_rate > 0.0:
        _jump(law, work, duration, g, m, stream)


@compiled
def _jump(law: Constants, work: FloatArray, duration: float, g: FloatArray, m: FloatArray, stream: Stream) -> None:
    """Step those junctions anew that jump within the step."""
    chance = -math.expm1(-law.jump_rate * duration)
    fill_uniforms(stream, work[_ONE:], g.size)
    for i in range(g.size):
        if work[_ONE + i] < chance:
            wait = -log(1.0 - work[_ONE + i]) / law.jump_rate
            g[i], m[i] = _with_jump(law, _pull(work, i), work[_G + i], work[_M + i], duration, wait, stream)


@compiled
def _with_jump(
    law: Constants, pull: _Pull, g: float, m: float, duration: float, wait: float, stream: Stream
) -> tuple[float, float]:
    """Return both states after a step whose first jump comes `wait` s after its begin."""
    while wait < duration:
        g, m = _step(law, pull, g, m, wait, stream)
        goal = (pull.rise + pull.fall * m) / (pull.rise + pull.fall)
        g = jumped(law, g, goal, uniform(stream), uniform(stream))
        duration -= wait
        wait = -log(uniform(stream)) / law.jump_rate
    return _step(law, pull, g, m, duration, stream)


@compiled
def _step(law: Constants, pull: _Pull, g: float, m: float, duration: float, stream: Stream) -> tuple[float, float]:
    """Return both states after a step without a jump."""
    one, two = normal_pair(draw(stream))
    if duration <= 0.0:
        return g, m
    q, slow = _rates(pull)
    kept = exp(-slow * duration)
    g, m = _moved(pull, slow, kept, kept * duration * _mean_decay(2.0 * q * duration), g, m)
    q, slow = _apart(pull, q, slow, duration)
    ff = duration * _mean_decay((2.0 * slow + 4.0 * q) * duration)
    fs = duration * _mean_decay((2.0 * slow + 2.0 * q) * duration)
    s_g, s_m, s_own = _shares(pull, q, ff, fs, duration * _mean_decay(2.0 * slow * duration))
    return max(g + law.noise * s_g * one, law.floor), m + law.noise * (s_m * one + s_own * two)


@compiled
def _pull(work: FloatArray, i: int) -> _Pull:
    return _Pull(work[_RISE + i], work[_FALL + i], work[_TAKE + i], work[_FORGET + i])


@compiled
def _rates(pull: _Pull) -> tuple[float, float]:
    """Return q and r₋ in 1/s; r₊ = r₋ + 2q."""
    a, d = pull.rise + pull.fall, pull.take + pull.forget
    q = math.sqrt(0.25 * (a - d) * (a - d) + pull.fall * pull.take)
    return q, (pull.rise * d + pull.fall * pull.forget) / (0.5 * (a + d) + q)


@compiled
def _moved(pull: _Pull, slow: float, kept: float, mixed: float, g: float, m: float) -> tuple[float, float]:
    """Return both states after a step without chance; `kept` is e^(−r₋t), `mixed` is k."""
    a, d = pull.rise + pull.fall, pull.take + pull.forget
    product = pull.rise * d + pull.fall * pull.forget
    g_end, m_end = pull.rise * d / product, pull.rise * pull.take / product
    u, v = g - g_end, m - m_end
    return (
        g_end + kept * u + mixed * ((slow - a) * u + pull.fall * v),
        m_end + kept * v + mixed * (pull.take * u + (slow - d) * v),
    )


@compiled
def _mean_decay(x: float) -> float:
    """Return (1 − e^(−x))/x, also near 0.

    Both ways are taken and weighted by 0 or 1: a branch would keep the loop from running on all lanes.
    """
    y, z, far = min(x, 0.1), max(x, 0.1), 1.0 if x > 0.1 else 0.0
    tail = 1 / 24 - y * (1 / 120 - y * (1 / 720 - y * (1 / 5040 - y * (1 / 40320 - y / 362880))))
    near = 1.0 - y * (1 / 2 - y * (1 / 6 - y * tail))
    return (1.0 - far) * near + far * (1.0 - exp(-z)) / z


@compiled
def _apart(pull: _Pull, q: float, slow: float, duration: float) -> tuple[float, float]:
    """Return q and r₋ with q not below what the sums of the noise can bear."""
    least = _NARROW / duration
    near = 0.5 * (pull.rise + pull.fall + pull.take + pull.forget) - least
    return max(q, least), slow if q >= least else near


@compiled
def _shares(pull: _Pull, q: float, ff: float, fs: float, ss: float) -> tuple[float, float, float]:
    """Return by how much two normals move the states: the first g, the first m, the second m; for σ = 1.

    `ff`, `fs` and `ss` are the integrals in s of e^(−2r₊t), e^(−(r₊ + r₋)t) and e^(−2r₋t).
    """
    half = 0.25 * (pull.rise + pull.fall - pull.take - pull.forget) / q
    of_fast, of_slow, gain = 0.5 + half, 0.5 - half, 0.5 * pull.take / q
    s_g = math.sqrt(of_fast * of_fast * ff + 2.0 * of_fast * of_slow * fs + of_slow * of_slow * ss)
    s_m = gain * (of_fast * (fs - ff) + of_slow * (ss - fs)) / s_g
    return s_g, s_m, math.sqrt(max(gain * gain * (ss - 2.0 * fs + ff) - s_m * s_m, 0.0))
