"""How well a twin has explained the readings of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nwlab.core.drive import FloatArray

_STRANGE = 3.0
"""Standard deviations beyond which a residual is not explained."""


@dataclass(slots=True)
class Tally:
    """How well the readings were explained."""

    residuals: int = 0
    strange: int = 0
    explained: int = 0  # residuals in a row until now within `_STRANGE`
    longest: int = 0
    square: float = 0.0
    alarms: dict[str, int] = field(default_factory=dict[str, int])  # all that were raised, also where few were told
    jumps: int | None = None  # all that were seen; None where nobody looks for them

    def take(self, z: FloatArray) -> None:
        """Count residuals (steps,); NaN is none."""
        known = z[np.isfinite(z)]
        strange = np.flatnonzero(np.abs(known) > _STRANGE)
        rows = np.diff(np.concatenate([[-1 - self.explained], strange, [known.size]])) - 1
        self.longest, self.explained = max(self.longest, int(rows.max())), int(rows[-1])
        self.residuals, self.strange = self.residuals + known.size, self.strange + strange.size
        self.square += float(known @ known)

    def told(self) -> dict[str, object]:
        """What the record says of it in the end."""
        share = self.strange / self.residuals if self.residuals else None
        spread = (self.square / self.residuals) ** 0.5 if self.residuals else None
        return {
            "residuals": self.residuals,
            "root mean square": spread,
            "share beyond 3": share,
            "longest row within 3": self.longest,
            "alarms": dict(self.alarms),
            **({} if self.jumps is None else {"jumps": self.jumps}),
        }

    def count(self, kind: str) -> None:
        """Count an alarm."""
        self.alarms[kind] = self.alarms.get(kind, 0) + 1
