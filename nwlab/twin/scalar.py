"""A film as one conductance: what a two-terminal rate-balance chip is expected to read, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtri

from nwlab.analysis.rate_balance.jump_sizes import sizes_of
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.tables import tables
from nwlab.analysis.rate_balance.world import Values
from nwlab.core.drive import FloatArray
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.film_meter import Offsets, offset_sd, range_noise
from nwlab.twin.pulled import bend

_READ = 6
"""Place of the variance of a reading in the tables of a step."""


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """What was expected of readings; (samples,) each."""

    mean: FloatArray  # S
    sd: FloatArray  # S
    z: FloatArray  # residual in standard deviations; NaN where there was no reading
    jump: FloatArray  # probability of a jump since the reading before; NaN where the filter does not know jumps
    offset: FloatArray  # S, what of the reading is put down to the offset of its meter
    doubt: FloatArray  # S, standard deviation of that
    noise: FloatArray  # S, standard deviation of what the range of the meter adds besides


class Twin(Protocol):
    """Follows one conductance."""

    @property
    def law(self) -> RateBalance:
        """What it takes the film for."""
        ...

    @property
    def conductance(self) -> float:
        """What the film conducts now, S, as far as the readings tell."""
        ...

    def lose(self, between: tuple[float, float] | None = None) -> None:
        """Forget where the film is: anywhere between two conductances in S, those of its bounds unless told."""
        ...

    def follow(self, steps: Steps) -> Foretold:
        """Take readings with what was held between them; return what was expected of them."""
        ...


class ScalarTwin:
    """Follows the state of a rate-balance film with a sum of eight normal states that knows jumps.

    Its residuals are calibrated: standard normal as long as chip and model agree. `read_noise` in A is the standard
    deviation of currents; None takes a small part of each. With `corrects` off the readings change nothing: the twin
    goes its own way from where it began.
    """

    def __init__(
        self, law: RateBalance, conductance: float, read_noise: float | None = None, *, corrects: bool = True
    ) -> None:
        from nwlab.twin.branches.children import KEPT

        self._film, self._corrects = FilmLaw(law, read_noise), corrects
        self._sizes = sizes_of(self._film.world(np.zeros(1))) if law.jumps else None
        self._branches = np.zeros((3, KEPT))
        self._offsets = Offsets()
        self._branches[0, 0], self._branches[2, 0] = conductance, 1.0

    @property
    def law(self) -> RateBalance:
        """What it takes the film for."""
        return self._film.law

    @property
    def conductance(self) -> float:
        """What the film conducts now, S, as far as the readings tell."""
        return float(self._branches[0] @ self._branches[2])

    @property
    def _variance(self) -> float:
        mean, variance, weight = self._branches
        return float((variance + mean**2) @ weight) - self.conductance**2

    def lose(self, between: tuple[float, float] | None = None) -> None:
        """Forget where the film is: anywhere between two conductances in S, those of its bounds unless told."""
        mean, variance = self._film.anywhere(between)
        known = 0.0 if between is None else self._variance
        self._branches[:] = 0.0
        self._branches[:, 0] = mean, variance + known, 1.0
        self._offsets.loosen()

    def follow(self, steps: Steps) -> Foretold:
        """Take readings with what was held between them; return what was expected of them."""
        from nwlab.twin.branches.kernel import follow

        count = steps.reading.size
        world = self._film.world(steps.level, pull=steps.pull)
        found = tables(steps, world, self._sizes)
        noise = range_noise(steps) if self._film.read_noise is None else np.zeros(count)
        found.move[:, _READ] += noise**2
        bend(found.move, steps)
        share = np.zeros(count) if steps.range is None else steps.range.share
        offset = np.zeros(3) if steps.range is None else self._offsets.of(steps.range)
        lean = np.column_stack([np.full(count, self._film.lean), np.asarray(world.goal)[steps.read_level]])
        predicted, known, chance, jumped = np.zeros((count, 2)), np.zeros((count, 2)), np.zeros(count), np.zeros(count)
        follow(
            np.ascontiguousarray(steps.reading),
            _array(found.move),
            _array(found.part),
            _array(found.size),
            lean,
            self._offsets.durations(steps),
            share,
            offset_sd(steps),
            self._branches,
            offset,
            predicted,
            known,
            chance,
            jumped,
            self._corrects,
        )
        return Foretold(
            predicted[:, 0], np.sqrt(predicted[:, 1]), ndtri(chance), jumped, known[:, 0], known[:, 1], noise
        )


def _array(values: Values) -> FloatArray:
    return np.ascontiguousarray(values, dtype=np.float64)
