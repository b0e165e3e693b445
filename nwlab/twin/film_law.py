"""What a two-terminal chip file says, in the words of the filter; and how it may have changed since.

Under a forced current I the film sets its own voltage I/g, which pulls it back: where it conducts more it has less of
it. A published chip relaxes some six times as fast so. The law dg/dt = F(I/g, g) has then the θ and g̃ of the straight
line that meets F at g₀ ± δ/√12 about the conductance g₀ = I/V that was read, where δ is by how much it changed
meanwhile: the mean of F along that way is then right to the third order (Gauss and Legendre).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.pieces import Pull
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.core.drive import FloatArray
from nwlab.model.rate_balance import RateBalance

THETA, MEAN, NOISE, RATE = range(4)
"""Places in a change: ln of the factor on θ, shift of the logit of g̃, ln of the factors on σ² and on the jump rate."""
_DEFAULT_ERROR = 2e-5
"""Part of a reading that its meter is trusted to, where a chip file says nothing about read noise."""
_TINY = 1e-30
_TANGENT = 1e-3
"""Part of a conductance over which a slope is that of a tangent."""
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
        return world if pull is None else self._pulled(world, level, pull)

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

    def _pulled(self, world: World, level: FloatArray, pull: Pull) -> World:
        """Return the law under forced currents, where there are any."""
        law, forced = self.law, (pull.current > 0.0) & (level >= _FAINT)
        volts = np.where(forced, level, 1.0)
        there = np.where(forced, pull.current / volts, law.g_max)
        aside = np.maximum(np.abs(pull.swing) / np.sqrt(12.0), _TANGENT * there)
        drawn = (world.goal - law.g_min) / self.span

        def speed(conductance: FloatArray) -> Values:
            more, state = pull.current / conductance - volts, (conductance - law.g_min) / self.span
            up, down = drawn * np.exp(law.eta_p * more), (1.0 - drawn) * np.exp(-law.eta_d * more)
            return self.span * world.rate * (up * (1.0 - state) - down * state)

        above, below = speed(there + aside), speed(there - aside)
        rate = np.where(forced, (below - above) / (2.0 * aside), world.rate)
        goal = np.where(forced, there + 0.5 * (above + below) / rate, world.goal)
        return world._replace(rate=rate, goal=goal)
