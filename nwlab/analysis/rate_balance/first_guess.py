"""A first guess at one level: robust, quick, and near enough for the likelihood to climb from.

Regression of each reading on the one before, with the one before that as instrument, is not misled by read noise
(Reiersøl, Econometrica 9 (1941) 1); medians are not misled by jumps. Plain regression of the steps without large jumps,
its denominator less the read noise, is finer where the chip relaxes over many times its noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import FloatArray

ENOUGH = 30
"""Steps at a level below which it is not fitted by itself."""
_ROUNDS = 4
STATED = 3.0
"""Jumps larger than so many standard deviations of a step, read noise included, are counted as such."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The law at one level, roughly; states are conductances."""

    rate: float  # 1/s
    goal: float  # S
    diffusion: float  # S²/s
    read: float  # S²
    step_sd: float  # S, of one transition without read noise
    spread: float  # S, of one transition with read noise
    jump_rate: float  # 1/s, of jumps above STATED spreads
    largest: float  # S, the largest deviation of a step
    duration: float  # s, of all steps
    step: float  # s, the median of one


def first_guess(steps: Steps) -> Guess:
    """Guess from the readings at one level, as `Steps.only` gives them; needs three in a row."""
    duration = steps.duration
    step = float(np.median(duration[~steps.opens]))
    early, middle, late = _triples(steps)
    kept = _slope(early, middle, late)
    goal = float(np.mean(late) - kept * np.mean(middle)) / (1.0 - kept)
    off, spread = _left(middle, late, kept, goal)
    for _ in range(_ROUNDS):
        read, own = _split(off, kept, spread)
        small = np.abs(off) < STATED * spread
        kept, goal = _line(middle[small], late[small], read)
        off, spread = _left(middle, late, kept, goal)
    read, own = _split(off, kept, spread)
    rate = -float(np.log(kept)) / step
    diffusion = own * 2.0 * rate / (1.0 - kept**2)
    count = max(int(np.sum(np.abs(off) > 4.0 * spread)), 1)
    largest = max(float(np.max(np.abs(off))), 6.0 * spread)
    total = float(duration.sum())
    return Guess(
        rate, goal, diffusion, read, own**0.5, spread, count / total * (4.0 / STATED) ** 1.5, largest, total, step
    )


def _triples(steps: Steps) -> tuple[FloatArray, FloatArray, FloatArray]:
    whole = ~steps.opens[1:-1] & ~steps.opens[2:]
    return steps.reading[:-2][whole], steps.reading[1:-1][whole], steps.reading[2:][whole]


def _slope(early: FloatArray, middle: FloatArray, late: FloatArray) -> float:
    """Which part of a deviation is left after one step."""
    off = early - early.mean()
    below = float(off @ (middle - middle.mean()))
    slope = float(off @ (late - late.mean())) / below if below else 0.5
    return min(max(slope, 0.02), 0.9995)


def _left(middle: FloatArray, late: FloatArray, kept: float, goal: float) -> tuple[FloatArray, float]:
    """Return what a step leaves over, and its robust spread."""
    off = (late - goal) - kept * (middle - goal)
    off = off - np.median(off)
    return off, float(np.median(np.abs(off))) / 0.6745 or float(np.std(off)) or abs(goal) * 1e-9 or 1e-15


def _line(middle: FloatArray, late: FloatArray, read: float) -> tuple[float, float]:
    """Regress, less the read noise in the denominator."""
    off = middle - middle.mean()
    below = float(off @ off)
    slope = float(off @ (late - late.mean())) / max(below - middle.size * read, 0.2 * below)
    slope = min(max(slope, 0.02), 0.9995)
    return slope, float(late.mean() - slope * middle.mean()) / (1.0 - slope)


def _split(off: FloatArray, kept: float, spread: float) -> tuple[float, float]:
    """Part the variance of a step into read noise, which turns the next step back, and the chip's own."""
    small = np.abs(off) < STATED * spread
    both = small[1:] & small[:-1]
    variance = spread**2
    turned = -float(np.mean(off[1:][both] * off[:-1][both])) / kept if both.any() else 0.0
    read = min(max(turned, 0.02 * variance), 0.45 * variance)
    return read, max(variance - (1.0 + kept**2) * read, 0.1 * variance)
