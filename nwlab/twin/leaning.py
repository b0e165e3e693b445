"""How far residuals may lie to one side for no fault of the chip's: its file has errors, and meters are calibrated.

Where the conductance is drawn not to where the file says but ε beside it, a reading that comes d after the one before
lies (1 − exp(−θ·d))·ε beside what was expected; and where ln θ is ε off, θ·d·exp(−θ·d)·ε times the way that was ahead.
An offset of the current is another conductance at each voltage: it shows where the level changes.
That is less than the film's own noise makes of a reading, but it stays, and cumulative sums are made to find what
stays.
"""

from __future__ import annotations

import numpy as np

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import FloatArray
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import FilmLaw

_COUNTED = 2.0
"""Standard errors that are nobody's fault."""
_DIGITS = 3
"""Levels as they were read never come twice; to 1 mV they do, and the errors of an error hardly matter."""
_FAINT = 1e-3
"""V; what is read at less is no reading, but the division must go on all the same."""


class Leaning:
    """Of the residuals of one film."""

    def __init__(self, film: FilmLaw, errors: FileErrors) -> None:
        self._law, self._errors = film.law, errors
        self._offset = 0.0  # S, of the last reading
        self._known: dict[float, tuple[float, float]] = {}

    def of(self, steps: Steps, before: FloatArray, sd: FloatArray) -> FloatArray:
        """Return how far they may lie, (steps,) in standard deviations, where `sd` (steps,) S is that of a reading.

        `before` (steps,) in S is about where the film was when each step began.
        """
        law, level = self._law, steps.level
        theta, goal = law.rate(level), law.conductance(law.attractor(level))
        aside, pace = np.array([self._off(round(each, _DIGITS)) for each in level.tolist()]).T
        state, drawn, paced, kept = before, np.zeros_like(before), np.zeros_like(before), np.ones_like(before)
        # A reading counts as if it were taken at its end: what a filter believes lags behind the film, too.
        places, times = np.column_stack([steps.piece_level, steps.at]), np.column_stack([steps.piece, steps.aperture])
        for at, held in zip(places.T, times.T, strict=True):
            x, ahead = theta[at] * held, state - goal[at]
            left = np.exp(-x)
            drawn = left * drawn + (1.0 - left) * aside[at]
            paced = left * paced + x * left * np.abs(ahead) * pace[at]
            state = goal[at] + left * ahead
            kept = kept * left
        return _COUNTED * np.sqrt(drawn**2 + paced**2 + self._beside(steps, kept) ** 2) / sd

    def _beside(self, steps: Steps, kept: FloatArray) -> FloatArray:
        """Return what an offset of the meter moves a reading by, less what it did to the one before, in S.

        `kept` (steps,) is the part of a deviation that a film keeps from one reading to the next.
        """
        if steps.floor is None:
            return np.zeros_like(kept)
        offset = steps.floor[steps.at] / np.maximum(steps.level[steps.at], _FAINT)
        before = np.append(self._offset, offset[:-1])
        self._offset = float(offset[-1])
        return offset - kept * before

    def _off(self, level: float) -> tuple[float, float]:
        """Return by how much the conductance may be drawn elsewhere than the file says at a level in V, in S, and by
        how much ln θ may be another."""
        if level not in self._known:
            self._known[level] = self._errors.of_course(level)
        return self._known[level]
