"""Plain resistors among compiled laws.

Spread, per junction: factor on the conductance.
"""

from __future__ import annotations

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled


@compiled
def conduct(spread: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Write conductances in S."""
    for i in range(out.size):
        out[i] = spread[0, i] * state[0, i]
