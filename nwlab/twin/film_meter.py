"""What the range of a meter makes of readings of a conductance: an offset that stays, and noise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nwlab.analysis.rate_balance.pieces import Range, Steps
from nwlab.core.drive import FloatArray
from nwlab.twin.meters import FLOOR, noise_part


def range_noise(steps: Steps) -> FloatArray:
    """Return the standard deviation in S that a range adds to each reading, (n,), as data sheets have it."""
    if steps.range is None:
        return np.zeros(steps.at.size)
    return steps.range.span * noise_part(steps.aperture[steps.kind]) * np.abs(steps.range.share)


def offset_sd(steps: Steps) -> float:
    """Return the standard deviation in A or V of the offset that a range may have."""
    return 0.0 if steps.range is None else FLOOR * steps.range.span


@dataclass(slots=True)
class Offsets:
    """What is known of the offsets of ranges, see `branches.offset`."""

    _known: dict[str, FloatArray] = field(default_factory=dict[str, FloatArray])
    _away: dict[str, float] = field(default_factory=dict[str, float])  # s since each was read on
    _last: str = ""

    def durations(self, steps: Steps) -> FloatArray:
        """Return for how long the offset of what is read has wandered before each reading, (n,) s; others wander on."""
        duration = steps.duration.copy()
        here, passed = "" if steps.range is None else steps.range.meter, float(duration.sum())
        duration[:1] += self._away.pop(here, 0.0)
        self._away.update({meter: self._away.get(meter, 0.0) + passed for meter in self._known if meter != here})
        return duration

    def of(self, span: Range) -> FloatArray:
        """Return what is known of one, (3,), to be changed in place."""
        sd = FLOOR * span.span
        known = self._known.setdefault(span.meter, np.array([0.0, sd**2, 0.0]))
        if span.meter != self._last:
            known[2], self._last = 0.0, span.meter  # what went with the film then does so no longer
        return known

    def loosen(self) -> None:
        """Nothing is known of how long it was since: they may have wandered by as much as they are large."""
        for known in self._known.values():
            known[1:] = np.inf, 0.0  # as much as the filter allows
        self._last = ""
