"""A network as Kirchhoff's laws see it: nodes, junctions that remember, plain wire between them, and where all lies."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError

IntArray = NDArray[np.int32]


def _no_pairs() -> IntArray:
    return np.zeros((0, 2), dtype=np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Nodes are wires, pieces of wire, or points of a grid; a junction joins two of them and has a state of its own.

    Raises UsageError for an edge that leaves the network or joins a node with itself.
    """

    nodes: int
    junctions: IntArray  # (junctions, 2) nodes
    extent: FloatArray  # (nodes, 2, 2) m, both ends of the piece of wire that a node stands for; equal for a point
    segments: IntArray = field(default_factory=_no_pairs)  # (segments, 2) nodes joined by plain wire
    segment_conductance: FloatArray = field(default_factory=lambda: np.zeros(0))  # (segments,) S

    def __post_init__(self) -> None:
        """Check the edges."""
        for name, pairs in (("junction", self.junctions), ("segment", self.segments)):
            if pairs.size and (pairs.min() < 0 or pairs.max() >= self.nodes):
                raise UsageError(f"a {name} leads to a node outside 0 to {self.nodes - 1}")
            if (pairs[:, 0] == pairs[:, 1]).any():
                raise UsageError(f"a {name} joins a node with itself")

    @property
    def position(self) -> FloatArray:
        """Middle of each node in m, (nodes, 2)."""
        return self.extent.mean(axis=1)
