"""A film as one conductance: what a two-terminal rate-balance chip is expected to read, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.tables import Values, World, tables
from nwlab.core.drive import FloatArray
from nwlab.model.rate_balance import RateBalance

_DEFAULT_ERROR = 2e-5
"""Part of a reading that its meter is trusted to, where a chip file says nothing about read noise."""
_TINY = 1e-30


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """What was expected of readings; (samples,) each."""

    mean: FloatArray  # S
    sd: FloatArray  # S
    z: FloatArray  # calibrated residual; NaN where there was no reading
    jump: FloatArray  # probability of a jump since the reading before


class ScalarTwin:
    """Follows the state of a rate-balance film with a sum of eight normal states that knows jumps.

    `read_noise` in A is the standard deviation of currents; None takes a small part of each. With `corrects` off the
    readings change nothing: the twin goes its own way from where it began.
    """

    def __init__(
        self, law: RateBalance, conductance: float, read_noise: float | None = None, *, corrects: bool = True
    ) -> None:
        from nwlab.twin.branches_kernel import KEPT

        self._law, self._read_noise, self._corrects = law, read_noise, corrects
        self._branches = np.zeros((3, KEPT))
        self._branches[0, 0], self._branches[2, 0] = conductance, 1.0

    @property
    def law(self) -> RateBalance:
        """What it takes the film for."""
        return self._law

    @property
    def conductance(self) -> float:
        """What the film conducts now, S, as far as the readings tell."""
        return float(self._branches[0] @ self._branches[2])

    def lose(self) -> None:
        """Forget where the film is: anywhere between its bounds."""
        middle, span = self._law.conductance(0.5), self._law.g_max - self._law.g_min
        self._branches[:] = 0.0
        self._branches[:, 0] = float(middle), span**2, 1.0

    def follow(self, steps: Steps) -> Foretold:
        """Take readings with what was held between them; return what was expected of them."""
        from nwlab.twin.branches_kernel import follow

        count = steps.reading.size
        world = self._world(steps)
        found = tables(steps, world)
        lean = np.column_stack([np.full(count, self._lean()), np.asarray(world.goal)[steps.read_level]])
        predicted, chance, jumped = np.zeros((count, 2)), np.zeros(count), np.zeros(count)
        follow(
            np.ascontiguousarray(steps.reading),
            _array(found.move),
            _array(found.part),
            _array(found.size),
            lean,
            self._branches,
            predicted,
            chance,
            jumped,
            self._corrects,
        )
        return Foretold(predicted[:, 0], np.sqrt(predicted[:, 1]), ndtri(chance), jumped)

    def _world(self, steps: Steps) -> World:
        law = self._law
        span, jumps = law.g_max - law.g_min, law.jumps
        goal = law.conductance(law.attractor(steps.level))
        # What is read at less than a millivolt is no reading; the division must go on all the same.
        sd = _DEFAULT_ERROR * goal if self._read_noise is None else self._read_noise / np.maximum(steps.level, 1e-3)
        return World(
            rate=law.rate(steps.level),
            goal=goal,
            diffusion=(law.noise * span) ** 2,
            read=sd**2 + _TINY,
            jump_rate=0.0 if jumps is None else jumps.rate,
            exponent=1.0 if jumps is None else jumps.exponent,
            smallest=span if jumps is None else jumps.smallest * span,
            largest=span if jumps is None else jumps.largest * span,
        )

    def _lean(self) -> float:
        law = self._law
        if law.jumps is None:
            return 0.0
        return 0.5 / (1.0 + 2.0 * law.jumps.largest) / (law.g_max - law.g_min)


def _array(values: Values) -> FloatArray:
    return np.ascontiguousarray(values, dtype=np.float64)
