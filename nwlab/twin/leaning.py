"""How far residuals may lie to one side for no fault of the chip's: its file has errors, and so have meters' factors.

Where the conductance is drawn not to where the file says but ε beside it, a reading that comes d after the one before
lies (1 − exp(−θ·d))·ε beside what was expected; and where ln θ is ε off, θ·d·exp(−θ·d)·ε times the way that was ahead.
That is less than the film's own noise makes of a reading, but it stays, and cumulative sums are made to find what
stays.
"""

from __future__ import annotations

import numpy as np

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import FloatArray
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.pulled import doubt

_COUNTED = 2.0
"""Standard errors that are nobody's fault."""
_DIGITS = 3
"""Levels as they were read never come twice; to 1 mV they do, and the errors of an error hardly matter."""


class Leaning:
    """Of the residuals of one film."""

    def __init__(self, film: FilmLaw, errors: FileErrors) -> None:
        self._film, self._errors = film, errors
        self._known: dict[float, tuple[float, float]] = {}
        self._unread: tuple[float, float] | None = None  # S, what the last step has left, if it was not read

    def of(self, steps: Steps, before: FloatArray, sd: FloatArray) -> FloatArray:
        """Return how far they may lie, (steps,) in standard deviations, where `sd` (steps,) S is that of a reading.

        `before` (steps,) in S is about where the film was when each step began.
        """
        theta, goal = self._film.course(steps.level, steps.pull)
        aside, pace = np.array([self._off(round(each, _DIGITS)) for each in steps.level.tolist()]).T
        if steps.pull is not None:  # what pulls a film back under a current is not what the file has errors of
            free = self._film.law.rate(steps.level) / theta
            aside, pace = free * aside, free * pace
        state, drawn, paced, kept = before, np.zeros_like(before), np.zeros_like(before), np.ones_like(before)
        # A reading counts as if it were taken at its end: what a filter believes lags behind the film, too.
        places, times = np.column_stack([steps.piece_level, steps.at]), np.column_stack([steps.piece, steps.aperture])
        for at, held in zip(places.T, times.T, strict=True):
            x, ahead = theta[at] * held, state - goal[at]
            left = np.exp(-x)
            drawn = left * drawn + (1.0 - left) * aside[at]
            paced = left * paced + x * left * np.abs(ahead) * pace[at]
            state, kept = goal[at] + left * ahead, left * kept
        self._carry_on(steps, kept, drawn, paced)
        return _COUNTED * np.sqrt(drawn**2 + paced**2 + doubt(steps) ** 2) / sd

    def _carry_on(self, steps: Steps, kept: FloatArray, drawn: FloatArray, paced: FloatArray) -> None:
        """Add what is left of the step before, (steps,) each, where it has not been read: nothing has put that right.

        `kept` (steps,) is the part of a deviation that a film keeps over a step.
        """
        unread = np.isnan(steps.reading).tolist()
        before = self._unread
        for k, is_unread in enumerate(unread):
            if before is not None:
                drawn[k] += kept[k] * before[0]
                paced[k] += kept[k] * before[1]
            before = (float(drawn[k]), float(paced[k])) if is_unread else None
        self._unread = before

    def _off(self, level: float) -> tuple[float, float]:
        """Return by how much the conductance may be drawn elsewhere than the file says at a level in V, in S, and by
        how much ln θ may be another."""
        if level not in self._known:
            self._known[level] = self._errors.of_course(level)
        return self._known[level]
