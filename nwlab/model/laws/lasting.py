"""A law that remembers: what stays in use becomes structure, and structure is what the film relaxes to.

    dg = K_P(V)·(1 − g) dt − K_D(V)·(g − m) dt + σ dW + jumps        volatile state, sets the conductance
    dm = c(V)·(g − m) dt − f·m dt                                    consolidated state
    K_P, K_D and G as in the rate balance;  c = c_0·e^(η_c·|V|)

Theory of operation
    The rate balance forgets within 1/θ, milliseconds to seconds with the published numbers, while real films keep
    traces for minutes to hours. Here depression pulls g back to m instead of 0, and m follows g slowly (consolidation,
    faster under voltage) while it forgets by itself, more slowly still. After a short stimulus g falls back within
    1/K_D; after a long one it falls to the m that has formed, and only m's forgetting, 1/f, takes the rest: an engram.
    With a spread of rates over the junctions both relaxations are stretched. Without consolidation and with m = 0 it
    *is* the rate balance. m conducts nothing by itself and has no noise of its own.

    At constant voltage both equations are linear, x' = −M·(x − x*), M = [[a, −K_D], [−c, d]], a = K_P + K_D, d = c + f.
    The product of M's corners is not negative, so that its rates r± = s ± q, s = (a + d)/2,
    q² = ((a − d)/2)² + K_D·c, are real: nothing ever swings. With det M = K_P·d + K_D·f, a sum without cancellation,
    r₋ = det M/r₊ and
        g* = K_P·d/det M        m* = K_P·c/det M
        e^(−Mt) = e^(−r₋t)·1 + k·(r₋·1 − M)        k = (e^(−r₋t) − e^(−r₊t))/(2q), → t·e^(−st) for q → 0.
    With M's first column of answers h(t) = e^(−Mt)·(1, 0), noise adds a normal pair of covariance σ²·∫h·hᵀ dt, which
    is a sum of integrals of exponentials. So a step is exact for any length, in its means and in its chance.
    A jump moves g; its direction is drawn towards what g relaxes to at that moment, (K_P + K_D·m)/a.

The equations are nwlab's own, chosen as the smallest extension of the rate balance that has the second memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.laws.law import LASTING
from nwlab.model.rate_balance import RateBalance


@dataclass(frozen=True, slots=True)
class Lasting:
    """Junctions of a volatile state g (row 0) and a consolidated state m (row 1)."""

    code: ClassVar[int] = LASTING
    variables: ClassVar[int] = 2
    spreads: ClassVar[tuple[str, ...]] = ("kp0", "kd0", "conductance", "consolidation", "forgetting")
    units: ClassVar[dict[str, str]] = {"consolidation": "1/s", "eta_c": "1/V", "forgetting": "1/s"}

    volatile: RateBalance
    consolidation: float  # 1/s, c at 0 V
    forgetting: float  # 1/s, f
    eta_c: float = 0.0  # 1/V

    def __post_init__(self) -> None:
        """Refuse what is no memory; raises UsageError."""
        for name in ("consolidation", "eta_c"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"{name} must be a number of at least 0, not {getattr(self, name)!r}")
        if not 0 < self.forgetting < math.inf:
            raise UsageError(f"forgetting must be a positive rate, not {self.forgetting!r} /s")

    @property
    def rest(self) -> float:
        """What a fresh junction conducts, S."""
        return self.volatile.g_min

    def constants(self) -> FloatArray:
        """Return the numbers that compiled loops read."""
        return np.array([*self.volatile.constants(), self.consolidation, self.eta_c, self.forgetting])

    def still(self) -> Lasting:
        """Return the same law without noise and jumps."""
        return replace(self, volatile=replace(self.volatile, noise=0.0, jumps=None))

    def start(self, conductance: FloatArray) -> FloatArray:
        """Return the state (2, junctions) of junctions that were found at rest at this much, before their spread.

        What a film conducts after a long rest is all consolidated: m = g.
        """
        state = self.volatile.state(conductance)
        return np.stack([state, state])
