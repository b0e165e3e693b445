"""The rate-balance law: a conductance between two bounds, pulled up and down by the voltage.

    dg = θ(V)·(g̃(V) − g) dt + σ dW + jumps        G = G_min·(1 − g) + G_max·g
    K_P = κ_P0·e^(+η_P·V)     K_D = κ_D0·e^(−η_D·V)     θ = K_P + K_D     g̃ = K_P/θ

Sources: Miranda, Milano, Ricciardi, IEEE Trans. Nanotechnol. 19 (2020) 609; with noise and jumps Milano et al., Nature
Communications 16 (2025), s41467-025-58741-2. V is the magnitude of the voltage: both polarities form and break alike.

At constant voltage each step is exact for any length: the state is an Ornstein-Uhlenbeck process between jumps.

The edge of the law
    g is not kept within 0 … 1. With the published numbers noise carries g below 0 for a third of the time at 0 V, by
    some 1e-5; the conductance is then a little less than G_min, and cutting it there would bias its mean. But a jump
    downwards at low voltage can exceed what there is: no film conducts less than nothing. So the state stops at
    `floor`, where G = 0, whether noise or a jump carries it there. With the published numbers noise alone would have to
    travel 24 standard deviations, so that all formulas for noise hold as they stand. There is no such edge above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.core.units import show
from nwlab.model.jumps import Jumps


class Constants(NamedTuple):
    """A law as compiled loops read it."""

    kp0: float
    kd0: float
    eta_p: float
    eta_d: float
    g_min: float
    g_span: float
    floor: float
    noise: float
    jump_rate: float
    jump_smallest: float
    jump_largest: float
    jump_power: float
    jump_growth: float


@dataclass(frozen=True, slots=True)
class RateBalance:
    """The parameters of one junction or film."""

    kp0: float  # 1/s, potentiation at 0 V
    kd0: float  # 1/s, depression at 0 V
    eta_p: float  # 1/V
    eta_d: float  # 1/V
    g_min: float  # S
    g_max: float  # S
    noise: float = 0.0  # 1/√s, σ
    jumps: Jumps | None = None

    def __post_init__(self) -> None:
        """Refuse what is no film; raises UsageError."""
        for name in ("kp0", "kd0"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"{name} must be a positive rate, not {getattr(self, name)!r} /s")
        for name in ("eta_p", "eta_d", "noise"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"{name} must be a number of at least 0, not {getattr(self, name)!r}")
        if not 0 <= self.g_min < self.g_max < math.inf:
            pair = f"{show(self.g_min, 'S')} and {show(self.g_max, 'S')}"
            raise UsageError(f"conductances need 0 ≤ g_min < g_max, not {pair}")

    @property
    def floor(self) -> float:
        """The state at which the film conducts nothing, ≤ 0."""
        return -self.g_min / (self.g_max - self.g_min)

    def rate(self, voltage: FloatArray | float) -> FloatArray:
        """Relaxation rate θ in 1/s; one over the time constant."""
        up, down = self._rates(voltage)
        return up + down

    def attractor(self, voltage: FloatArray | float) -> FloatArray:
        """State g̃ that a constant voltage leads to."""
        up, down = self._rates(voltage)
        return up / (up + down)

    def conductance(self, state: FloatArray | float) -> FloatArray:
        """Conductance G in S of a state."""
        return self.g_min + (self.g_max - self.g_min) * np.asarray(state, dtype=np.float64)

    def state(self, conductance: FloatArray | float) -> FloatArray:
        """State g of a conductance in S."""
        return (np.asarray(conductance, dtype=np.float64) - self.g_min) / (self.g_max - self.g_min)

    def relax(self, state: FloatArray | float, voltage: FloatArray | float, duration: FloatArray | float) -> FloatArray:
        """State after `duration` s at constant voltage, without noise and jumps (exact)."""
        goal = self.attractor(voltage)
        return goal + (state - goal) * np.exp(-self.rate(voltage) * duration)

    def stationary_sd(self, voltage: FloatArray | float) -> FloatArray:
        """Standard deviation of the state after a long time at constant voltage.

        With jumps, σ² grows by the mean squared jump rate and the bias of jumps towards the attractor adds to θ.
        """
        rate, variance = self.rate(voltage), self.noise**2
        if self.jumps:
            variance += self.jumps.rate * self.jumps.mean_square
            rate = rate + self.jumps.rate * self.jumps.mean / (1 + 2 * self.jumps.largest)
        return np.sqrt(variance / (2 * rate))

    def constants(self) -> Constants:
        """Return the law as compiled loops read it."""
        jumps = self.jumps or Jumps(rate=0.0, exponent=1.0, smallest=1.0, largest=1.0)
        own = self.kp0, self.kd0, self.eta_p, self.eta_d, self.g_min, self.g_max - self.g_min, self.floor, self.noise
        chance = jumps.rate, jumps.smallest, jumps.largest, jumps.power, jumps.growth
        return Constants(*(float(each) for each in (*own, *chance)))

    def _rates(self, voltage: FloatArray | float) -> tuple[FloatArray, FloatArray]:
        voltage = np.abs(np.asarray(voltage, dtype=np.float64))
        return self.kp0 * np.exp(self.eta_p * voltage), self.kd0 * np.exp(-self.eta_d * voltage)
