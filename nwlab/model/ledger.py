"""What has flowed through a film since it was made: energy, charge, and the largest voltages."""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import FloatArray


class Ledger:
    """Sums over time, kept by a film as it lives.

    `largest_drop` answers whether a read-out wrote: no junction has seen more.
    """

    def __init__(self, edges: int, terminals: int) -> None:
        """Start with nothing."""
        self.energy: FloatArray = np.zeros(edges)  # (edges,) J turned into heat; junctions first
        self.largest_drop: FloatArray = np.zeros(edges)  # (edges,) V, magnitude
        self.charge: FloatArray = np.zeros(terminals)  # (terminals,) C into the film
        self.time = 0.0  # s under a circuit that drives

    def add(self, conductance: FloatArray, drops: FloatArray, current: FloatArray, duration: float) -> None:
        """Count `duration` s; (edges,) S and V, (terminals,) A."""
        self.energy += duration * conductance * drops * drops
        np.maximum(self.largest_drop, np.abs(drops), out=self.largest_drop)
        self.charge += duration * current
        self.time += duration
