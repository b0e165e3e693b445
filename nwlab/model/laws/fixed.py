"""A junction that is a plain resistor; its state is what it conducts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.laws.law import FIXED


@dataclass(frozen=True, slots=True)
class Fixed:
    """Junctions that neither voltage nor time changes."""

    code: ClassVar[int] = FIXED
    variables: ClassVar[int] = 1
    spreads: ClassVar[tuple[str, ...]] = ("conductance",)
    units: ClassVar[dict[str, str]] = {"conductance": "S"}

    conductance: float  # S

    def __post_init__(self) -> None:
        """Refuse what is no resistor; raises UsageError."""
        if not 0 <= self.conductance < math.inf:
            raise UsageError(f"a fixed junction conducts at least 0 S, not {self.conductance!r} S")

    @property
    def rest(self) -> float:
        """What a junction conducts, S."""
        return self.conductance

    def constants(self) -> FloatArray:
        """Return the numbers that compiled loops read: none."""
        return np.zeros(0)

    def still(self) -> Fixed:
        """Return itself."""
        return self

    def start(self, conductance: FloatArray) -> FloatArray:
        """Return the state (1, junctions) of junctions that conduct this much, before their spread."""
        return np.array(conductance, dtype=np.float64)[np.newaxis]
