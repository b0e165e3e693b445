"""The law at all voltages together, by one likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.chance import DIFFUSION, EXPONENT, RATE, READ, SMALLEST, Chance
from nwlab.analysis.rate_balance.first_guess import ENOUGH
from nwlab.analysis.rate_balance.likelihood import MakeWorld
from nwlab.analysis.rate_balance.lines import Lines, points_of
from nwlab.analysis.rate_balance.maximum import Optimum, maximise
from nwlab.analysis.rate_balance.one_level import Level, small_sample
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.problem import Problem
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.core.drive import FloatArray

UP, DOWN, ETA_P, ETA_D, G_MIN, G_MAX = range(6)
"""Places in the numbers: ln K_P and ln K_D at the middle voltage, the slopes, the bounds; those of `Chance` follow."""
OWN = 6

NAMES = {
    "kp0": "1/s",
    "kd0": "1/s",
    "eta_p": "1/V",
    "eta_d": "1/V",
    "g_min": "S",
    "g_max": "S",
    "noise": "1/sqrt(s)",
    "read_noise": "A",
    "jump_rate": "1/s",
    "jump_exponent": "1",
    "jump_smallest": "1",
    "jump_largest": "1",
}
"""What is told in the end, with units; all but the last come from the number at the same place."""
_VAGUE = 2.0
"""Error of the logarithm of a rate from which on the rate is not told."""
_STARTS = 6
"""So many candidates are looked at,"""
_CLIMBS = 3
"""and so many climbed from."""


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """What all voltages together tell."""

    lines: Lines
    chance: Chance
    optimum: Optimum
    lost: float  # log likelihood of the levels that one law for all of them costs
    to_lose: float  # what that may be

    @property
    def falls_short(self) -> bool:
        """Whether the levels, each by itself, promise a far larger likelihood."""
        return self.lost > self.to_lose

    @property
    def ended(self) -> tuple[str, ...]:
        """Names of what ended at a bound that leaves it room."""
        return tuple(name for name, ended in zip(NAMES, self.optimum.ended, strict=False) if ended)

    @property
    def vague(self) -> tuple[str, ...]:
        """Names of the rates at 0 V that are told to a factor only: errors on a linear scale say nothing of them."""
        values, errors = self.told(self.optimum.corrected), np.sqrt(np.diag(self.covariance()))
        rates = ((name, place) for place, name in enumerate(NAMES) if place in (UP, DOWN))
        return tuple(name for name, place in rates if errors[place] > _VAGUE * values[place])

    def told(self, numbers: Values) -> list[Values]:
        """Return the numbers as chip files name them, in the order of `NAMES`; without jumps the first eight."""
        own, shared = numbers[:OWN], numbers[OWN:]
        span = own[G_MAX] - own[G_MIN]
        middle, unit = self.lines.middle, self.chance.unit
        up, down = np.exp(own[UP] - own[ETA_P] * middle), np.exp(own[DOWN] + own[ETA_D] * middle)
        noise = np.exp(0.5 * shared[DIFFUSION]) * unit / span
        read = np.sqrt(shared[READ])
        common = [up, down, own[ETA_P], own[ETA_D], own[G_MIN], own[G_MAX], noise, read * unit * self.chance.reference]
        if not self.chance.has_jumps:
            return common
        world = self.chance.world(shared, np.ones(1), np.ones(1))
        return [*common, world.jump_rate, world.exponent, world.smallest / span, world.largest / span]

    def slopes(self) -> FloatArray:
        """Return how what is told changes with the numbers that were fitted, (told, parameters)."""
        best, slopes = self.optimum.corrected, []
        for index in range(best.size):
            moved = best.astype(np.complex128)
            moved[index] += 1e-30j
            slopes.append(np.imag(np.array(self.told(moved))) / 1e-30)
        return np.nan_to_num(np.array(slopes).T)

    def covariance(self) -> FloatArray:
        """Return the covariance of what is told, to first order."""
        jacobian = self.slopes()
        return jacobian @ self.optimum.covariance @ jacobian.T


def fit_all(
    steps: Steps, levels: Sequence[Level], candidates: Sequence[Lines], chance: Chance, free: tuple[bool, bool]
) -> Whole:
    """Climb from the lines; `free` says whether the lower and the upper bound of the conductance are fitted too.

    Readings where the voltage has just changed tell the candidates apart: the climb begins with the likeliest, and
    goes on to the next ones while it ends far below what the levels promise.
    """
    problems = [(_problem(steps, levels, each, chance, free), each) for each in candidates[:_STARTS]]
    if len(problems) > 1:
        problems.sort(key=lambda each: -_at_start(steps, each[0]))
    best: Whole | None = None
    for problem, found in problems[:_CLIMBS]:
        optimum = maximise(steps, problem)
        if best is None or optimum.told.log_likelihood > best.optimum.told.log_likelihood:
            best = Whole(found, chance, optimum, _lost(steps, levels, optimum), _to_lose(levels, candidates[0]))
        if not best.falls_short:
            break
    assert best is not None
    return best


def _at_start(steps: Steps, problem: Problem) -> float:
    return problem.told(steps, problem.inside(problem.start)).log_likelihood


def _lost(steps: Steps, levels: Sequence[Level], optimum: Optimum) -> float:
    """Return by how much the log likelihood of the levels falls when one law is to hold at all of them."""
    lost, problem = 0.0, optimum.problem
    for level in levels:
        own = steps.only(int(np.argmin(np.abs(steps.level - level.voltage))))
        told = problem.told(own, optimum.parameters)
        lost += level.optimum.told.log_likelihood - told.log_likelihood
    return lost


def _to_lose(levels: Sequence[Level], found: Lines) -> float:
    """Return how much that may be: what the lines are off, and twice what so many numbers can take up."""
    return 10.0 + found.chi2 + 2.0 * sum(level.optimum.parameters.size for level in levels)


def _problem(steps: Steps, levels: Sequence[Level], found: Lines, chance: Chance, free: tuple[bool, bool]) -> Problem:
    richest = max(levels, key=lambda level: level.steps)
    volts = steps.level

    def make(numbers: Values) -> World:
        up = np.exp(numbers[UP] + numbers[ETA_P] * (volts - found.middle))
        down = np.exp(numbers[DOWN] - numbers[ETA_D] * (volts - found.middle))
        goal = numbers[G_MIN] + (numbers[G_MAX] - numbers[G_MIN]) * up / (up + down)
        return chance.world(numbers[OWN:], up + down, goal)

    def bias(numbers: FloatArray) -> FloatArray:
        return _score_bias(steps, levels, make, numbers)

    low, high = _box(levels, found, free)
    shared_low, shared_high = chance.bounds()
    span = found.g_max - found.g_min
    scale = np.where(found.sd > 0.0, found.sd, 0.01 * np.where(np.arange(OWN) < G_MIN, 1.0, span))
    return Problem(
        make,
        np.concatenate([found.numbers, _shared(richest, chance)]),
        np.concatenate([scale, chance.scale(int(np.sum(~steps.opens)), richest.guess)]),
        np.concatenate([low, shared_low]),
        np.concatenate([high, shared_high]),
        _lean(found, chance),
        bias,
        (G_MIN, G_MAX),
    )


def _box(levels: Sequence[Level], found: Lines, free: tuple[bool, bool]) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and the highest of the six numbers."""
    given = (None if free[0] else found.g_min, None if free[1] else found.g_max)
    least, most = points_of(levels).reach(*given)
    low = np.array([-np.inf, -np.inf, 0.0, 0.0, 0.0 if free[0] else least, most])
    high = np.array([np.inf, np.inf, np.inf, np.inf, least, np.inf if free[1] else most])
    if len(levels) == 1:
        low[[ETA_P, ETA_D]] = high[[ETA_P, ETA_D]] = 0.0
    return low, high


def _shared(richest: Level, chance: Chance) -> FloatArray:
    """Return what the richest level says, scaled for all."""
    numbers = np.array(richest.optimum.parameters[2:])
    change = (richest.chance.unit / chance.unit) ** 2
    numbers[DIFFUSION] += np.log(change)
    numbers[READ] *= change * (richest.voltage / chance.reference) ** 2
    if chance.read is not None:
        numbers[READ] = chance.start(richest.guess)[READ]
    if chance.has_jumps and not richest.chance.has_jumps:
        return np.concatenate([numbers[:2], chance.start(richest.guess)[2:]])
    if chance.has_jumps:
        numbers[SMALLEST] += 0.5 * np.log(change)
        if chance.stated != richest.chance.stated:
            numbers[[RATE, EXPONENT]] = chance.start(richest.guess)[[RATE, EXPONENT]]
    return numbers[: chance.count]


def _lean(found: Lines, chance: Chance) -> float:
    """Slope of the chance of a jump upwards, in 1/S; see `Jumps`."""
    span = found.g_max - found.g_min
    return 0.5 / (1.0 + 2.0 * chance.largest / span) / span


def _score_bias(steps: Steps, levels: Sequence[Level], make: MakeWorld, numbers: FloatArray) -> FloatArray:
    """Every level whose readings fluctuate pulls its own ln θ upwards; see `small_sample`."""
    pull = np.zeros(numbers.size)
    for level in levels:
        if level.steps < ENOUGH:
            continue
        place = int(np.argmin(np.abs(steps.level - level.voltage)))
        fine = small_sample(np.array([level.guess.rate * level.guess.step]))
        for index in (UP, DOWN, ETA_P, ETA_D):
            moved = numbers.astype(np.complex128)
            moved[index] += 1e-30j
            pull[index] += fine * float(np.imag(np.log(make(moved).rate[place])) / 1e-30)
    return pull
