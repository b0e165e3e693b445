"""Rate balance as a junction law: the exact one, and the map of older codes that shares its parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.laws.law import LEGACY, RATE_BALANCE
from nwlab.model.rate_balance import RateBalance


@dataclass(frozen=True, slots=True)
class RateBalanceJunctions:
    """Junctions of state g that obey `nwlab.model.rate_balance`; exact for any duration at constant voltage."""

    code: ClassVar[int] = RATE_BALANCE
    variables: ClassVar[int] = 1
    spreads: ClassVar[tuple[str, ...]] = ("kp0", "kd0", "conductance")

    law: RateBalance

    @property
    def rest(self) -> float:
        """What a fresh junction conducts, S."""
        return self.law.g_min

    def constants(self) -> FloatArray:
        """Return the numbers that compiled loops read."""
        return np.array(self.law.constants())

    def still(self) -> RateBalanceJunctions:
        """Return the same law without noise and jumps."""
        return replace(self, law=replace(self.law, noise=0.0, jumps=None))

    def start(self, conductance: FloatArray) -> FloatArray:
        """Return the state (1, junctions) of junctions that conduct this much, before their spread."""
        return self.law.state(conductance)[np.newaxis]


@dataclass(frozen=True, slots=True)
class LegacyJunctions(RateBalanceJunctions):
    """The map g → g̃ + (1 − g̃)·e^(−θ·Δt)·g that older published codes iterate; see `legacy_kernel`.

    It knows no chance. Raises UsageError for parameters with noise or jumps.
    """

    code: ClassVar[int] = LEGACY

    def __post_init__(self) -> None:
        """Refuse chance."""
        if self.law.noise or self.law.jumps:
            raise UsageError("the legacy map has neither noise nor jumps; leave them out, or take law 'rate-balance'")

    def still(self) -> LegacyJunctions:
        """Return itself."""
        return self
