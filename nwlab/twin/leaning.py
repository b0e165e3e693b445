"""How far residuals may lie to one side for no fault of the chip's: its file has errors, and meters are calibrated.

Where the conductance is drawn not to where the file says but ε beside it, a reading that comes d after the one before
lies (1 − exp(−θ·d))·ε beside what was expected. That is less than the film's own noise makes of a reading, but it
stays, and cumulative sums are made to find what stays.
"""

from __future__ import annotations

import numpy as np

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import FloatArray
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import MEAN, FilmLaw

_COUNTED = 2.0
"""Standard errors of the mean that are nobody's fault."""
_DIGITS = 3
"""Levels as they were read never come twice; to 1 mV they do, and the errors of an error hardly matter."""


class Leaning:
    """Of the residuals of one film."""

    def __init__(self, film: FilmLaw, errors: FileErrors) -> None:
        self._film, self._errors = film, errors
        self._known: dict[float, float] = {}

    def of(self, steps: Steps, sd: FloatArray) -> FloatArray:
        """Return how far they may lie, (steps,) in standard deviations, where `sd` (steps,) S is that of a reading."""
        beside = np.array([self._beside(round(float(level), _DIGITS)) for level in steps.level])[steps.at]
        drawn = -np.expm1(-self._film.law.rate(steps.level)[steps.at] * steps.duration)
        return _COUNTED * drawn * beside / sd

    def _beside(self, level: float) -> float:
        """Return by how much the conductance may be drawn elsewhere than the file says at a level in V, in S."""
        if level not in self._known:
            state = float(self._film.law.attractor(level))
            logit = float(np.sqrt(self._errors.variances(level)[MEAN]))
            self._known[level] = self._film.span * state * (1.0 - state) * logit
        return self._known[level]
