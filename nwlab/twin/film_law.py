"""What a two-terminal chip file says, in the words of the filter; and how it may have changed since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.pieces import Pull
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.core.drive import FloatArray
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.pulled import straight

THETA, MEAN, NOISE, RATE = range(4)
"""Places in a change: ln of the factor on θ, shift of the logit of g̃, ln of the factors on σ² and on the jump rate."""
_DEFAULT_ERROR = 2e-5
"""Part of a reading that its meter is trusted to, where a chip file says nothing about read noise."""
_TINY = 1e-30
_FAINT = 1e-3
"""V; what is read at less is no reading, but the division must go on all the same."""


@dataclass(frozen=True, slots=True)
class FilmLaw:
    """A rate-balance film and the meter it is read with."""

    law: RateBalance
    read_noise: float | None = None  # A, standard deviation of currents; None takes a small part of each

    @property
    def span(self) -> float:
        """S between the bounds of the conductance."""
        return self.law.g_max - self.law.g_min

    @property
    def lean(self) -> float:
        """How much likelier a jump upwards is per S below the goal; see `Jumps`."""
        jumps = self.law.jumps
        return 0.0 if jumps is None else 0.5 / (1.0 + 2.0 * jumps.largest) / self.span

    def anywhere(self, between: tuple[float, float] | None) -> tuple[float, float]:
        """Return mean and variance, S and S², of a film anywhere between two conductances, or between its bounds.

        Both ends are as likely as any place between, and some chips are always at one of them.
        """
        if between is None:
            return float(self.law.conductance(0.5)), self.span**2
        below, above = between
        return 0.5 * (below + above), (above - below) ** 2 / 4.0

    def course(self, level: FloatArray, pull: Pull | None) -> tuple[FloatArray, FloatArray]:
        """Return θ in 1/s and where the film is drawn to in S, at levels (n,) in V."""
        if pull is None:
            return self.law.rate(level), self.law.conductance(self.law.attractor(level))
        world = self.world(level, pull=pull)
        return world.rate, world.goal

    def world(self, level: FloatArray, change: Values | None = None, pull: Pull | None = None) -> World:
        """Return the law at levels (n,) in V; `change` is (4,), real or complex, or (3,) without jumps."""
        law, span, jumps = self.law, self.span, self.law.jumps
        rate, state = law.rate(level), law.attractor(level)
        sd = _DEFAULT_ERROR * law.conductance(state)
        if self.read_noise is not None:
            sd = self.read_noise / np.maximum(level, _FAINT)
        world = World(
            rate=rate,
            goal=law.conductance(state),
            diffusion=(law.noise * span) ** 2,
            read=sd**2 + _TINY,
            jump_rate=0.0 if jumps is None else jumps.rate,
            exponent=1.0 if jumps is None else jumps.exponent,
            smallest=span if jumps is None else jumps.smallest * span,
            largest=span if jumps is None else jumps.largest * span,
        )
        world = world if change is None else self._changed(world, state, change)
        return world if pull is None else straight(self.law, world, level, pull)

    def _changed(self, world: World, state: FloatArray, change: Values) -> World:
        odds = state * np.exp(change[MEAN])
        goal = self.law.g_min + self.span * odds / (1.0 - state + odds)
        jump_rate = world.jump_rate * np.exp(change[RATE]) if self.law.jumps else world.jump_rate
        return world._replace(
            rate=world.rate * np.exp(change[THETA]),
            goal=goal,
            diffusion=world.diffusion * np.exp(change[NOISE]),
            jump_rate=jump_rate,
        )
