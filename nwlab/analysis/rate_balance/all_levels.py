"""The law at all voltages together, by one likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.chance import DIFFUSION, EXPONENT, RATE, READ, SMALLEST, Chance
from nwlab.analysis.rate_balance.first_guess import ENOUGH
from nwlab.analysis.rate_balance.likelihood import MakeWorld
from nwlab.analysis.rate_balance.lines import Lines
from nwlab.analysis.rate_balance.maximum import Optimum, Problem, maximise
from nwlab.analysis.rate_balance.one_level import Level, small_sample
from nwlab.analysis.rate_balance.pieces import Steps
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
"""What is told in the end, with units."""


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """What all voltages together tell."""

    lines: Lines
    chance: Chance
    optimum: Optimum

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

    def covariance(self) -> FloatArray:
        """Return the covariance of what is told, to first order."""
        best, slopes = self.optimum.corrected, []
        for index in range(best.size):
            moved = best.astype(np.complex128)
            moved[index] += 1e-30j
            slopes.append(np.imag(np.array(self.told(moved))) / 1e-30)
        jacobian = np.nan_to_num(np.array(slopes).T)
        return jacobian @ self.optimum.covariance @ jacobian.T


def fit_all(steps: Steps, levels: Sequence[Level], found: Lines, chance: Chance, free: tuple[bool, bool]) -> Whole:
    """Climb from the lines; `free` says whether the lower and the upper bound of the conductance are fitted too."""
    richest = max(levels, key=lambda level: level.steps)
    volts = steps.level

    def make(numbers: Values) -> World:
        up = np.exp(numbers[UP] + numbers[ETA_P] * (volts - found.middle))
        down = np.exp(numbers[DOWN] - numbers[ETA_D] * (volts - found.middle))
        goal = numbers[G_MIN] + (numbers[G_MAX] - numbers[G_MIN]) * up / (up + down)
        return chance.world(numbers[OWN:], up + down, goal)

    def bias(numbers: FloatArray) -> FloatArray:
        return _score_bias(steps, levels, make, numbers)

    own = np.array([found.log_up, found.log_down, found.eta_p, found.eta_d, found.g_min, found.g_max])
    sure = 0.5 * min(0.3, *(level.log_rate_sd for level in levels))
    wide = max(float(np.ptp([level.voltage for level in levels])), 0.1)
    span = found.g_max - found.g_min
    scale = np.array([sure, sure, sure / wide, sure / wide, 0.01 * max(found.g_min, 1e-3 * span), 0.01 * span])
    low = np.array(
        [-np.inf, -np.inf, 0.0, 0.0, 0.0, max(1e-3 * span, float(np.max([x.world.goal[0] for x in levels])))]
    )
    high = np.array([np.inf, np.inf, np.inf, np.inf, 0.999 * found.g_max, np.inf])
    for place, is_free in ((G_MIN, free[0]), (G_MAX, free[1])):
        if not is_free:
            low[place] = high[place] = own[place]
    if len(levels) == 1:
        low[[ETA_P, ETA_D]] = high[[ETA_P, ETA_D]] = 0.0
    shared_low, shared_high = chance.bounds()
    problem = Problem(
        make,
        np.concatenate([own, _shared(richest, chance)]),
        np.concatenate([scale, chance.scale(int(np.sum(~steps.opens)), richest.guess)]),
        np.concatenate([low, shared_low]),
        np.concatenate([high, shared_high]),
        _lean(found, chance),
        bias,
    )
    return Whole(found, chance, maximise(steps, problem))


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
