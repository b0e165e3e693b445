"""How much junctions of one film differ from each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Spread:
    """Log-normal factors of median 1: half of all junctions lie within e^(±0.67·deviation) of the middle one.

    A wide spread of rates makes a film relax along a stretched exponential, though each junction has one rate.
    """

    deviations: tuple[float, ...]  # standard deviations of the logarithm, one for each row

    def __post_init__(self) -> None:
        """Refuse what is no deviation; raises UsageError."""
        for deviation in self.deviations:
            if not 0 <= deviation < math.inf:
                raise UsageError(f"a spread is the standard deviation of a logarithm, at least 0, not {deviation!r}")

    @classmethod
    def of(cls, rows: Sequence[str], deviations: Mapping[str, float]) -> Spread:
        """Put named deviations in the order of a law's rows; what is not named does not spread."""
        return cls(tuple(deviations.get(row, 0.0) for row in rows))

    def draw(self, junctions: int, rng: np.random.Generator) -> FloatArray:
        """Return factors (rows, junctions).

        All rows are drawn, also those that do not spread, so that widening one leaves the others as they were.
        """
        normals = rng.standard_normal((len(self.deviations), junctions))
        return np.exp(np.array(self.deviations, dtype=np.float64)[:, np.newaxis] * normals)
