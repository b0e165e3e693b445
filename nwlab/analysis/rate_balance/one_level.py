"""The law at one voltage: rate, attractor and chance of the readings taken there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.chance import Chance, chance_of
from nwlab.analysis.rate_balance.first_guess import Guess, first_guess
from nwlab.analysis.rate_balance.maximum import Optimum, maximise
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.problem import Problem
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.core.drive import FloatArray

CLEAR = 12.0
"""Jumps are believed in when they raise twice the log likelihood by more: three more numbers at 1 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """What one voltage tells. ln θ and the attractor are numbers 0 and 1, those of `Chance` follow."""

    voltage: float  # V
    steps: int
    guess: Guess
    chance: Chance
    optimum: Optimum

    @property
    def world(self) -> World:
        """The law found, at this level alone, without the bias of a short record."""
        return self.optimum.problem.make(self.optimum.corrected)

    @property
    def log_rate_sd(self) -> float:
        """Standard error of ln θ; infinite where it ends at a bound: the level is too fast or too slow to tell it."""
        if self.optimum.at_bound[0]:
            return float("inf")
        return float(np.sqrt(self.optimum.covariance[0, 0]))

    @property
    def goal_sd(self) -> float:
        """Standard error of the attractor in S."""
        return float(np.sqrt(self.optimum.covariance[1, 1])) * self.guess.step_sd


def fit_level(
    steps: Steps, *, jumps: bool | None = None, stated: float | None = None, read: float | None = None
) -> Level:
    """Fit the readings at one level, as `Steps.only` gives them.

    `jumps` None: with jumps if the record clearly shows some. `stated` in S is the size above which they are counted;
    None = three standard deviations of a step. `read` in A is read noise that is known; None = fitted.
    """
    guess, voltage = first_guess(steps), float(steps.level[steps.at[0]])
    plain = _fit(steps, guess, chance_of(guess, steps.level, voltage, jumps=False, stated=stated, read=read))
    if jumps is False:
        return plain
    jumping = _fit(steps, guess, chance_of(guess, steps.level, voltage, jumps=True, stated=stated, read=read))
    gained = 2.0 * (jumping.optimum.told.log_likelihood - plain.optimum.told.log_likelihood)
    return jumping if jumps or gained > CLEAR else plain


def small_sample(x: FloatArray) -> float:
    """Bias of θ over its variance times θ, for steps of x = θ·duration.

    From (5/2 + e^x + e^2x/2)/T over the Cramér-Rao bound (Tang and Chen, J. Econometrics 149 (2009) 65); 2 for fine
    steps. With uneven steps it is their mean.
    """
    x = np.clip(x, 1e-6, 1.0)
    return float(np.mean((2.5 + np.exp(x) + 0.5 * np.exp(2 * x)) * x / np.expm1(2 * x)))


def _fit(steps: Steps, guess: Guess, chance: Chance) -> Level:
    count, x = int(np.sum(~steps.opens)), guess.rate * steps.duration[~steps.opens]
    levels = len(steps.level)

    def make(numbers: Values) -> World:
        rate = np.full(levels, 1.0) * np.exp(numbers[0])
        goal = np.full(levels, guess.goal) + guess.step_sd * numbers[1]
        return chance.world(numbers[2:], rate, goal)

    def bias(numbers: FloatArray) -> FloatArray:
        return np.array([small_sample(x), *np.zeros(numbers.size - 1)])

    loose = np.sqrt(2.0 / (guess.rate * guess.duration))
    low, high = chance.bounds()
    near = np.log(guess.step)
    problem = Problem(
        make,
        np.array([np.log(guess.rate), 0.0, *chance.start(guess)]),
        np.array([min(loose, 1.0), 3.0 * loose / np.sqrt(guess.rate * guess.step), *chance.scale(count, guess)]),
        np.array([-near - 12.0, -np.inf, *low]),
        np.array([-near + 3.0, np.inf, *high]),
        score_bias=bias,
    )
    return Level(float(steps.level[steps.at[0]]), count, guess, chance, maximise(steps, problem))
