"""Points on a square grid, joined with their neighbours and across their cells."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.networks.network import IntArray, Network

DIAGONALS = ("random", "none", "both")


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid graph; node rows·x + y lies in column x and row y, both counted from 0.

    `diagonals` "random" puts one into each cell, rising or falling, drawn as in the published grids (Montano, Milano,
    Ricciardi, Neuromorph. Comput. Eng. 2022), so that the same seed gives the same grid. Raises UsageError.
    """

    rows: int
    columns: int
    diagonals: str  # one of DIAGONALS
    spacing: float  # m between neighbours
    seed: int  # of the random diagonals

    def __post_init__(self) -> None:
        """Refuse what is no grid."""
        if self.rows < 1 or self.columns < 1 or self.rows * self.columns < 2:
            raise UsageError(f"a grid has at least two points in rows and columns, not {self.rows} × {self.columns}")
        if self.diagonals not in DIAGONALS:
            raise UsageError(f"diagonals are one of {', '.join(DIAGONALS)}, not {self.diagonals!r}")
        if not 0 < self.spacing < math.inf:
            raise UsageError(f"spacing must be a positive length, not {self.spacing!r} m")

    def network(self) -> Network:
        """Return the grid as a network: along x, along y, then the diagonals cell by cell, up each column."""
        node = np.arange(self.rows * self.columns, dtype=np.int32).reshape(self.columns, self.rows)
        ways = [(node[:-1], node[1:]), (node[:, :-1], node[:, 1:])]
        edges = [np.stack([one.ravel(), two.ravel()], axis=1) for one, two in ways]
        return Network(node.size, np.concatenate([*edges, self._across(node)]), self._points(node))

    def _across(self, node: IntArray) -> IntArray:
        """Return the diagonals, (diagonals, 2) nodes."""
        rising = np.stack([node[:-1, :-1].ravel(), node[1:, 1:].ravel()], axis=1)
        falling = np.stack([node[1:, :-1].ravel(), node[:-1, 1:].ravel()], axis=1)
        if self.diagonals == "none":
            return rising[:0]
        if self.diagonals == "both":
            return np.stack([rising, falling], axis=1).reshape(-1, 2)
        draw = random.Random(self.seed)
        is_falling = np.array([draw.randint(0, 1) for _ in rising], dtype=np.bool_)
        return np.where(is_falling[:, None], falling, rising)

    def _points(self, node: IntArray) -> FloatArray:
        x, y = np.divmod(node.ravel(), self.rows)
        point = self.spacing * np.stack([x, y], axis=1).astype(np.float64)
        return np.stack([point, point], axis=1)
