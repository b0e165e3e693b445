"""The way up to where a likelihood is largest."""

from __future__ import annotations

import numpy as np

from nwlab.analysis.rate_balance.likelihood import Told
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.problem import STRIDE, Problem
from nwlab.core.drive import FloatArray

ENOUGH = 0.01
"""Climbing ends when less is to be gained. Merging and dropping branches ripples the likelihood by about as much."""
PATIENCE = 80
"""Moves, when nothing else is asked for."""
_FAR = 20.0
"""Where more than this is promised the curvature that was learned on the way is that of another place."""
_LOST = 1.0
"""Climbing has failed when it ends where more than this is promised."""


def climb(
    steps: Steps,
    problem: Problem,
    curvature: FloatArray | None = None,
    enough: float = ENOUGH,
    patience: int = PATIENCE,
) -> tuple[FloatArray, Told, bool]:
    """Return where the likelihood is largest, what it says there, and whether nothing more was to be gained.

    Quasi-Newton (Broyden, Fletcher, Goldfarb, Shanno; damped as in Powell, Lect. Notes Math. 630 (1978) 144), whose
    first curvature is the information that there would be if all events were known, unless a better one is known; far
    from the top always that. `enough` is what need not be gained any more, `patience` how many moves are made.
    """
    here = problem.inside(problem.start)
    told = problem.told(steps, here)
    curvature, fresh = (problem.metric(told), True) if curvature is None else (curvature, False)
    gain, whole = np.inf, False
    for _ in range(patience):
        move = _move(problem, here, told, curvature)
        gain = float(move @ told.score)
        if gain > _FAR and not fresh:
            curvature, fresh = problem.metric(told), True
            move = _move(problem, here, told, curvature)
            gain = float(move @ told.score)
        whole = bool(np.max(np.abs(move / problem.scale)) < 0.99 * STRIDE)
        found = _ahead(steps, problem, here, told, move, enough)
        if found is None and fresh:
            break
        if found is None:
            curvature, fresh = problem.metric(told), True
            continue
        there, ahead = found
        curvature, fresh = _updated(curvature, there - here, told.score - ahead.score), False
        here, told = there, ahead
    return here, told, whole and gain < _LOST


def _ahead(
    steps: Steps, problem: Problem, here: FloatArray, told: Told, move: FloatArray, enough: float
) -> tuple[FloatArray, Told] | None:
    """Go along a move as far as the likelihood rises; None where it does not, or not enough to count."""
    length, gain = 1.0, float(move @ told.score)
    while length > 1e-3 and length * gain > 0.5 * enough:
        there = problem.inside(here + length * move)
        ahead = problem.told(steps, there)
        if ahead.log_likelihood > told.log_likelihood + 1e-4 * length * gain:
            return there, ahead
        length *= 0.35
    return None


def _updated(curvature: FloatArray, step: FloatArray, rise: FloatArray) -> FloatArray:
    """Learn the curvature along a step from how the score changed; it stays positive."""
    push = curvature @ step
    bend = float(step @ push)
    if bend <= 0.0:
        return curvature
    seen = float(step @ rise)
    if seen < 0.2 * bend:
        mixed = 0.8 * bend / (bend - seen)
        rise = mixed * rise + (1.0 - mixed) * push
    return curvature + np.outer(rise, rise) / float(step @ rise) - np.outer(push, push) / bend


def _move(problem: Problem, here: FloatArray, told: Told, curvature: FloatArray) -> FloatArray:
    """Return the next move of what is free; what stands at a bound and would leave it is not.

    What would go beyond its bound goes there, and the others as is best then: cut off afterwards, a move along a ridge
    would lead down its side.
    """
    held = problem.at_bound(here) & (
        (problem.low == problem.high)
        | ((here <= problem.low) & (told.score < 0))
        | ((here >= problem.high) & (told.score > 0))
    )
    move = np.zeros_like(here)
    while not held.all():
        free = np.flatnonzero(~held)
        move[free] = 0.0
        move[free] = _solved(curvature[np.ix_(free, free)], (told.score - curvature @ move)[free])
        room = np.clip(move, problem.low - here, problem.high - here)
        beyond = room != move
        if not beyond.any():
            break
        move, held = np.where(beyond, room, move), held | beyond
    return problem.stride(move)


def _solved(curvature: FloatArray, score: FloatArray) -> FloatArray:
    size = np.sqrt(np.diag(curvature))
    alike = curvature / np.outer(size, size) + 1e-12 * np.eye(size.size)
    return np.linalg.solve(alike, score / size) / size
