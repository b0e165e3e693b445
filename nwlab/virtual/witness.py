"""What somebody who watches the world is told around each change, for proofs about what a chip was made to bear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """The state of the table right before or right after a change.

    Of a part that nothing ties to common one node is called 0 V (see `nwlab.model.film`): only differences between its
    terminals mean something then.
    """

    time: float  # s of world time
    change: str  # "channel a", "matrix m"
    after: bool  # whether the change has happened
    potentials: Mapping[str, float]  # V of each chip terminal against common
    currents: Mapping[str, float]  # A out of HI of each channel
    moving: Mapping[tuple[str, int], float]  # crosspoint that this change moves → V between what it joins


Witness = Callable[[Moment], None]
