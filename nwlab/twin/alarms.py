"""Drift alarms: whether the chip is still what the twin takes it for.

Five cumulative sums watch the residuals: two allowances each for a mean that is higher or lower than expected, and one
for their spread, which grows with the chip's noise or its jumps. All of them together raise a false alarm once in so
many steps as was asked for, on average; their thresholds follow from that.

They say neither what has changed nor, where it is the relaxation rate, that something has: `watch` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.twin.cusum import Cusum, increments, of_mean, of_spread, threshold

FALSE_ALARM_STEPS = 1e4
"""Steps between false alarms, on average, when nothing else is asked for."""

_SUMS = (("above", 0.1), ("above", 0.25), ("below", 0.1), ("below", 0.25), ("spread", 0.5))
_KINDS = tuple({kind: None for kind, _ in _SUMS})


@dataclass(frozen=True, slots=True)
class Alarm:
    """Residuals have changed."""

    step: int  # index of the residual, counted from the first
    kind: str  # "above", "below" or "spread"
    since: int  # index from which on they seem to have done so

    @property
    def text(self) -> str:
        """What it means."""
        return {
            "above": "the chip conducts more than its model expects",
            "below": "the chip conducts less than its model expects",
            "spread": "the chip fluctuates more than its model: more noise, more jumps, or larger ones",
        }[self.kind]


class Alarms:
    """Watches calibrated residuals."""

    def __init__(self, false_alarm_steps: float = FALSE_ALARM_STEPS) -> None:
        """One false alarm in `false_alarm_steps` steps on average; raises UsageError."""
        self.false_alarm_steps = false_alarm_steps
        self._sums = [(kind, Cusum(k, _threshold(kind, k, false_alarm_steps * len(_SUMS)))) for kind, k in _SUMS]
        self.steps = 0  # residuals that were taken

    @property
    def settings(self) -> dict[str, object]:
        """What the record says about how alarms come about."""
        sums = [{"kind": kind, "k": each.k, "h": each.h} for kind, each in self._sums]
        return {"false alarm once in steps": self.false_alarm_steps, "sums": sums}

    def take(self, residuals: FloatArray, lean: FloatArray | None = None) -> list[Alarm]:
        """Take residuals (steps,), NaN where there was none; return alarms in their order, one per kind and step.

        `lean` (steps,) is how far each may lie to one side for no fault of the chip's; None = not at all.
        """
        lean = np.zeros(residuals.size) if lean is None else lean
        known = np.flatnonzero(np.isfinite(residuals) & np.isfinite(lean))
        added = {kind: increments(kind, residuals[known], lean[known]).tolist() for kind in _KINDS}
        found = {
            (int(known[index]), kind): since for kind, each in self._sums for index, since in each.take(added[kind])
        }
        first, self.steps = self.steps, self.steps + residuals.size
        return [
            Alarm(first + step, kind, max(0, first + step - since)) for (step, kind), since in sorted(found.items())
        ]


@cache
def _threshold(kind: str, k: float, steps: float) -> float:
    return threshold(of_spread if kind == "spread" else of_mean, k, steps)
