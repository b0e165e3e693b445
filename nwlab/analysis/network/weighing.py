"""A fit is weighed against its prior by what it leaves over, not by what was thought beforehand.

A record that a law explains to a part in ten thousand outweighs the prior by far; had it been taken for right to a
hundredth, the prior would pull parameters away by many of the errors that are told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nwlab.analysis.network.descent import Found, Task, descend
from nwlab.analysis.network.sureness import variance

_ROUNDS = 5
_NEAR = 0.9
"""Of a scale: one that is no smaller than this is the same."""
_FINEST = 1e-9
"""Of the range: below lies rounding."""


def weighed(task: Task, found: Found, parts: Sequence[int], looks: int) -> tuple[Task, Found]:
    """Go on from where a fit has come to, at the scale of its own residuals, until that no longer shrinks.

    `parts` are the numbers of samples of the recordings, `looks` how often the curve may be asked in each round.
    """
    least = _FINEST * float(np.ptp(task.measured))
    for _ in range(_ROUNDS):
        scale = max(math.sqrt(variance(task, found, parts)), least)
        if scale > _NEAR * float(np.max(task.scale)):
            break
        task = replace(task, scale=scale)
        found = descend(task, found.unknowns, looks, damping=1e-4)
    return task, found
