"""A film under a forced current I: it sets its own voltage I/g, which pulls it back where it conducts more.

A published chip relaxes some six times as fast so. The law dg/dt = F(I/g, g) has then the θ and g̃ of the straight line
that meets F at g₀ ± δ/√12, where g₀ is the mean of the conductance and δ is by how much it changed meanwhile: the mean
of F along that way is then right to the third order (Gauss and Legendre). What is read, I over the mean of I/g, lies
below g₀ by δ²/12g₀.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from nwlab.analysis.rate_balance.pieces import Pull, Steps
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.core.drive import FloatArray
from nwlab.model.networks.network import IntArray
from nwlab.model.rate_balance import RateBalance

BENT = 0.1
"""Part of itself by which a conductance changes in a sample from which on the way is no straight line any more."""
_OFF, _MOST = 0.1, 0.5
"""What the line leaves over is about so large a part of the square of that change; and no more than this at all."""
_TANGENT, _CHORD = 1e-3, 0.3
"""Parts of a conductance: a slope is told over no less, and over no more."""
_LATER = 0.7
"""By how much a conductance changes in the second half of a sample, over its change in the first."""
_RESTED = 1e-3
"""S without a voltage in which a film moves by itself; clocks differ by less."""
_FAINT = 1e-3
"""V below which nothing is read."""


class Pulls:
    """Remembers what was forced in the sample before."""

    def __init__(self, law: RateBalance | None, start: float) -> None:
        """`start` is what the film conducts first, S, NaN where not known; without a law, nothing is after a rest."""
        self._law, self._end = law, start
        self._current = self._swing = 0.0

    def of(self, current: FloatArray, conductance: FloatArray, rest: FloatArray) -> Pull | None:
        """Return what was forced at the levels of the steps of a block, in the order of `Held.steps`.

        `current` in A is 0 where a voltage was forced, `rest` in s is how long nothing was before. (samples,) each.
        """
        if not (current.any() or self._current):
            self._end = float(conductance[-1])
            return None
        changed = [self._change(*each) for each in zip(conductance.tolist(), rest.tolist(), strict=True)]
        swing = np.where(current > 0.0, changed, 0.0)
        columns = ((self._current, current), (self._swing, swing))
        forced, moved = (
            np.stack([np.append(last, own[:-1]), np.zeros(own.size), own], axis=1).ravel() for last, own in columns
        )
        self._current, self._swing = float(current[-1]), float(swing[-1])
        return Pull(forced, moved) if forced.any() else None

    def _change(self, mean: float, rest: float) -> float:
        """Return by how much the conductance changed in a sample of which the mean was read: first more, then less."""
        begin = self._end
        if rest > _RESTED:
            begin = math.nan if self._law is None else _rested(self._law, begin, rest)
        ahead = mean - begin if math.isfinite(begin + mean) else math.inf
        self._end = mean + (_LATER * ahead if math.isfinite(ahead) else 0.0)
        return (1.0 + _LATER) * ahead


def _rested(law: RateBalance, conductance: float, rest: float) -> float:
    return float(law.conductance(law.relax(law.state(conductance), 0.0, rest)))


def off(steps: Steps) -> FloatArray:
    """Return the standard deviation in S of what the straight line leaves over, of state and reading alike, (n,)."""
    own, there = _bend(steps, steps.at)
    passed, _ = _bend(steps, steps.piece_level)
    bent = np.maximum(own, np.where(steps.piece > 0.0, passed, 0.0).max(axis=1))
    return np.minimum(_OFF * bent**2, _MOST) * there


def with_means(steps: Steps) -> Steps:
    """Return steps of which each reading is the mean of the conductance while it was taken."""
    if steps.pull is None:
        return steps
    bent, _ = _bend(steps, steps.at)
    return replace(steps, reading=steps.reading * (1.0 + np.minimum(bent, _CHORD) ** 2 / 12.0))


def _bend(steps: Steps, at: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the part of itself by which the conductance changed at levels, and S; 0 where a voltage was forced."""
    if steps.pull is None:
        return np.zeros(at.shape), np.zeros(at.shape)
    there = steps.pull.current[at] / np.maximum(steps.level[at], _FAINT)
    forced = there > 0.0
    return np.where(forced, np.abs(steps.pull.swing[at]) / np.where(forced, there, 1.0), 0.0), there


def straight(law: RateBalance, world: World, level: FloatArray, pull: Pull) -> World:
    """Return the law at levels (n,) in V, under forced currents where there are any."""
    span, forced = law.g_max - law.g_min, (pull.current > 0.0) & (level >= _FAINT)
    volts = np.where(forced, level, 1.0)
    there = np.where(forced, pull.current / volts, law.g_max)
    aside = np.clip(np.abs(pull.swing) / np.sqrt(12.0), _TANGENT * there, _CHORD * there)
    drawn = (world.goal - law.g_min) / span

    def speed(conductance: FloatArray) -> Values:
        more, state = pull.current / conductance - volts, (conductance - law.g_min) / span
        up, down = drawn * np.exp(law.eta_p * more), (1.0 - drawn) * np.exp(-law.eta_d * more)
        return span * world.rate * (up * (1.0 - state) - down * state)

    above, below = speed(there + aside), speed(there - aside)
    rate = np.where(forced, (below - above) / (2.0 * aside), world.rate)
    goal = np.where(forced, there + 0.5 * (above + below) / rate, world.goal)
    return world._replace(rate=rate, goal=goal)
