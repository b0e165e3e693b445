"""Whether an ensemble is near its chip, as squares of its residuals say.

Sums of some samples are compared with what they would be if chip and members were alike. A strange one asks for members
with pasts of their own; after that it takes so many samples until residuals can be trusted.
"""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import FloatArray

SETTLING = 1000
"""Samples until members of any past have become alike: measured on networks of 100 wires that forget within seconds."""
_HIGHER = 1.5
"""Times the highest level until now: a level from which on a chip may show more of itself."""
_TRIED, _STRANGE, _BEYOND = 50, 6.0, 9.0
"""Samples over which squares of residuals are summed up; the sum is strange that lies so many of its standard
deviations, and so much, beyond its mean."""


class Trial:
    """Judges residuals; `has_chance` says whether the law fluctuates, so that members may get pasts again and again."""

    def __init__(self, has_chance: bool) -> None:
        self.doubted = _TRIED  # samples until residuals can be trusted
        self._has_chance = has_chance
        self._patience = 0.0  # samples before members may get pasts again
        self._highest = 0.0  # V or A: the highest level at which that was tried
        self._begin_sum()

    def begin(self) -> None:
        """See by the next readings whether members are near the chip."""
        self._patience, self.doubted = 0.0, max(self.doubted, _TRIED)
        self._begin_sum()

    def forget(self) -> None:
        """Nothing is known of what the chip has been through: the next level is the highest."""
        self._highest = 0.0

    def is_higher(self, level: float) -> bool:
        """Take a level in V or A; return whether it may show what lower ones have not."""
        if level <= _HIGHER * self._highest:
            return False
        self._highest = level
        return True

    def is_strange(self, z: FloatArray) -> bool:
        """Take the residuals of a sample, (forces,); return whether members need pasts of their own."""
        self._squares, self._count = self._squares + float(z @ z), self._count + z.size
        self._left, self._patience = self._left - 1, max(self._patience - 1.0, 0.0)
        self.doubted = max(self.doubted - 1, 0)
        mean = self._count + _STRANGE * np.sqrt(2.0 * self._count)
        strange = self._squares > mean + _BEYOND and not self._patience
        if strange or not self._left:
            self._begin_sum()
            self._patience = max(self._patience, 0.0 if self._has_chance else np.inf)
        return bool(strange)

    def answer(self) -> None:
        """Members have got pasts."""
        # A chip that stays strange is another one, which alarms are to tell: they do not wait for it again.
        self.doubted = SETTLING if self.doubted else 0
        self._patience = SETTLING if self._has_chance else np.inf

    def _begin_sum(self) -> None:
        self._squares, self._count, self._left = 0.0, 0, _TRIED
