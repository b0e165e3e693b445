"""The twin of a film that is corrected by a constant part of each residual: quick, plain, and blind to jumps.

    x̂ ← a + b·x̂ + K·(y − c − h·x̂)

K is the gain at which Kalman's filter comes to rest when the same step is made for ever: one number for each held
voltage and step. A scalar state has it in closed form, from the positive root of

    h²·P² + (u·(1 − b²) − q·h² + 2·b·h·s)·P + s² − q·u = 0,     K = (b·h·P + s)/(h²·P + u)

with the variances q of the state's noise and u of the reading's, and s between them. Source: Anderson and Moore,
Optimal Filtering (1979), sections 4.4 and 5.5. Jumps count as noise of their mean square, so that a residual is spread
as expected, but not normal: more of them lie far out.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.tables import Tables, tables
from nwlab.core.drive import FloatArray
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.film_meter import offset_sd, range_noise
from nwlab.twin.pulled import bend
from nwlab.twin.scalar import Foretold

_A, _B, _C, _H, _Q, _CROSS, _U = range(7)
_CHANCE, _, _, _END2, _BOTH2, _SHOWN2, _MORE_END, _MORE_BOTH, _MORE_SHOWN = range(9)


class Noise(NamedTuple):
    """Variances of each step, jumps included; (samples,) each."""

    state: FloatArray  # q
    both: FloatArray  # s
    reading: FloatArray  # u


class GainTwin:
    """Follows the state of a rate-balance film; `read_noise` as in `ScalarTwin`."""

    def __init__(self, law: RateBalance, conductance: float, read_noise: float | None = None) -> None:
        self._film = FilmLaw(law, read_noise)
        self._state, self._variance = conductance, 0.0

    @property
    def law(self) -> RateBalance:
        """What it takes the film for."""
        return self._film.law

    @property
    def conductance(self) -> float:
        """What the film conducts now, S, as far as the readings tell."""
        return self._state

    def lose(self, between: tuple[float, float] | None = None) -> None:
        """Forget where the film is: anywhere between two conductances in S, those of its bounds unless told."""
        known = 0.0 if between is None else self._variance
        self._state, variance = self._film.anywhere(between)
        self._variance = variance + known

    def follow(self, steps: Steps) -> Foretold:
        """Take readings with what was held between them; return what was expected of them."""
        found = tables(steps, self._film.world(steps.level, pull=steps.pull))
        nothing, zero = np.full(steps.reading.size, np.nan), np.zeros(steps.reading.size)
        doubt = zero if steps.range is None else offset_sd(steps) * np.abs(steps.range.share)
        blur = range_noise(steps) if self._film.read_noise is None else zero
        found.move[:, _U] += doubt**2 + blur**2
        bend(found.move, steps)
        noise = noise_of(found)
        mean, sd = nothing.copy(), nothing.copy()
        columns = (*found.move[:, : _H + 1].T, *noise, gain(found.move, noise), steps.reading)
        for k, values in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            mean[k], sd[k] = self._step(*values)
        return Foretold(mean, sd, (steps.reading - mean) / sd, nothing, zero, doubt, blur)

    def _step(
        self, a: float, b: float, c: float, h: float, q: float, s: float, u: float, k: float, y: float
    ) -> tuple[float, float]:
        """Return what was expected of one reading. The variance is that of the state's error under this very gain."""
        mean, sd = c + h * self._state, math.sqrt(h * h * self._variance + u)
        if math.isnan(y):
            k, y = 0.0, mean
        self._state = a + b * self._state + k * (y - mean)
        self._variance = (b - k * h) ** 2 * self._variance + q - 2.0 * k * s + k * k * u
        return mean, sd


def noise_of(found: Tables) -> Noise:
    """Return the variances of each kind of step, with those that jumps add on average."""
    move, part = found.move, found.part
    square = float(np.sum(np.exp(found.size[:, 0]) * (found.size[:, 1] ** 2 + found.size[:, 2])))
    chance = np.exp(part[:, :, _CHANCE])

    def added(own: int, others: int) -> FloatArray:
        return np.sum(chance * (square * part[:, :, own] + part[:, :, others]), axis=1)

    return Noise(
        move[:, _Q] + added(_END2, _MORE_END),
        move[:, _CROSS] + added(_BOTH2, _MORE_BOTH),
        move[:, _U] + added(_SHOWN2, _MORE_SHOWN),
    )


def gain(move: FloatArray, noise: Noise) -> FloatArray:
    """Return the steady gain of each kind of step, (kinds,)."""
    b, h = move[:, _B], move[:, _H]
    q, s, u = noise
    slope = u * (1.0 - b * b) - q * h * h + 2.0 * b * h * s
    own = np.maximum(q * u - s * s, 0.0)
    root = np.sqrt(slope * slope + 4.0 * h * h * own)
    # Two forms of the same root, each where nothing cancels; after a long rest h is 0.
    rises = slope > 0.0
    variance = np.where(rises, 2.0 * own, root - slope) / np.where(rises, root + slope, 2.0 * h * h)
    return (b * h * variance + s) / (h * h * variance + u)
