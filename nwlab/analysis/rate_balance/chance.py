"""The part of the law that all levels share: diffusion, read noise, jumps; as numbers that can be climbed along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.first_guess import STATED, Guess
from nwlab.analysis.rate_balance.jump_sizes import share_above
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.core.drive import FloatArray

DIFFUSION, READ, RATE, EXPONENT, SMALLEST = range(5)
"""Places in the numbers: ln σ², read noise, ln rate of jumps above the stated size, exponent, ln smallest size."""
_FAINT = 1e-3
"""V below which nothing is read."""
_NONE = (0.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """How the shared numbers are scaled. Read noise is that of a current: in conductance it falls as one over V."""

    unit: float  # S
    stated: float  # S, the size above which jumps are counted
    largest: float  # S, the largest jump there can be
    volts: FloatArray  # (levels,) V
    reference: float  # V, where read noise is in the unit
    has_jumps: bool
    read: float | None = None  # A, read noise that is given; None = fitted

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return 5 if self.has_jumps else 2

    def world(self, numbers: Values, rate: Values, goal: Values) -> World:
        """Return the law; `rate` and `goal` (levels,)."""
        diffusion = np.exp(numbers[DIFFUSION]) * self.unit**2
        read = numbers[READ] * (self.unit * self.reference / np.maximum(self.volts, _FAINT)) ** 2
        if not self.has_jumps:
            return World(rate, goal, diffusion, read, *_NONE)
        law = (numbers[EXPONENT], np.exp(numbers[SMALLEST]) * self.unit, self.largest)
        world = World(rate, goal, diffusion, read, np.exp(numbers[RATE]), *law)
        return world._replace(jump_rate=world.jump_rate / share_above(world, self.stated))

    def start(self, guess: Guess) -> FloatArray:
        """Return numbers to climb from."""
        own = [np.log(guess.diffusion / self.unit**2), guess.read / self.unit**2]
        jumps = [np.log(guess.jump_rate), 2.5, np.log(0.8 * self.stated / self.unit)]
        own[READ] = own[READ] if self.read is None else self._given
        return np.array(own + jumps)[: self.count]

    def scale(self, steps: int, guess: Guess) -> FloatArray:
        """Return about how well each can be known."""
        fine = 2.0 * np.sqrt(2.0 / steps)
        rare = 1.5 / np.sqrt(max(guess.jump_rate * guess.duration, 3.0))
        return np.array([fine, fine * max(guess.read / self.unit**2, 0.05), rare, 0.1, 0.1])[: self.count]

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and the highest of each."""
        top = np.log(self.largest / 1.5 / self.unit)
        low = np.array([-np.inf, 0.0, -np.inf, 1.01, np.log(0.2)])
        high = np.array([np.inf, np.inf, np.inf, 8.0, top])
        if self.read is not None:
            low[READ] = high[READ] = self._given
        return low[: self.count], high[: self.count]

    @property
    def _given(self) -> float:
        """The read noise that is given, as one of the numbers."""
        assert self.read is not None
        return (self.read / self.reference / self.unit) ** 2


def chance_of(
    guess: Guess,
    volts: FloatArray,
    reference: float,
    *,
    jumps: bool,
    stated: float | None = None,
    read: float | None = None,
) -> Chance:
    """Return the scale that a first guess suggests."""
    size = STATED * guess.spread if stated is None else stated
    return Chance(guess.step_sd, size, max(guess.largest, 1.6 * size), volts, reference, jumps, read)
