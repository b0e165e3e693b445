"""What the range of a meter makes of readings of a conductance: an offset that stays, and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import FloatArray
from nwlab.twin.meters import FLOOR

_FAINT = 1e-4
"""V below which nothing is read."""
_NOISE = ((2e-5, 2e-3), (2e-4, 2.3e-4), (2e-3, 3.3e-5), (2e-2, 1.1e-6), (0.5, 3.5e-7))
"""Aperture in s, and standard deviation of a reading over its range, last digit included (Keithley SPEC-2636B)."""
_APERTURE, _PART = np.log(_NOISE).T


@dataclass(frozen=True, slots=True, eq=False)
class FilmMeter:
    """How some samples were read; (samples,) each."""

    share: FloatArray  # S/A: the conductance that a current of 1 A more feigns; 0 where nothing is known of the range
    offset: FloatArray  # A, standard deviation of the offset
    noise: FloatArray  # A, standard deviation of what differs from reading to reading

    @property
    def is_steady(self) -> bool:
        """Whether all were read on one range."""
        return bool(np.all(self.offset == self.offset[0]))


def film_meter(steps: Steps, read_noise: float | None) -> FilmMeter:
    """Return how a block was read; `read_noise` in A is that of a chip file, None = what the range has."""
    level, nothing = steps.level[steps.at], np.zeros(steps.at.size)
    if steps.span is None:
        return FilmMeter(nothing, nothing, nothing)
    share = np.where(level >= _FAINT, 1.0 / np.maximum(level, _FAINT), 0.0)
    span, aperture = steps.span[steps.at], steps.aperture[steps.kind]
    noise = nothing
    if read_noise is None:
        some = np.log(np.where(aperture > 0.0, aperture, 1.0))
        noise = np.where(aperture > 0.0, span * np.exp(np.interp(some, _APERTURE, _PART)), 0.0)
    return FilmMeter(share, FLOOR * span, noise)
