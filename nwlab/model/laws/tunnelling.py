"""The threshold junction of the Sydney group: a filament grows and shrinks, its last gap is tunnelled through.

    dλ/dt = (|V| − V_set)·sgn V              |V| > V_set
          = 0                                V_reset ≤ |V| ≤ V_set
          = −boost·(V_reset − |V|)·sgn λ     |V| < V_reset; λ stops at 0
    |λ| ≤ λ_max        d = max(0, (λ_c − |λ|)·5/λ_c) nm
    G = 1/(R + 1/G_on) + G_off        R = (2/A)·(d/√φ)·e^(C0·φ²·d)/J1

Source: Hochstetter et al., Nature Communications 12 (2021) 4008, with the numbers of the code published with it, φ² in
the exponent and d before it as coded there. The code steps explicitly; at constant voltage λ moves along straight lines
that end at 0 and at ±λ_max, so that each step here is exact for any length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.laws.law import TUNNELLING

GAP = 5.0
"""Widest gap d in nm, that of λ = 0."""
DECAY = 10.19 * 0.81**2
"""C0·φ² in 1/nm, for a barrier φ of 0.81 V."""
SLOPE = 2.0 / 0.17 / math.sqrt(0.81) / 4.71307e-5
"""R/d of a narrow gap, Ohm/nm."""


@dataclass(frozen=True, slots=True)
class Tunnelling:
    """Junctions of state λ, signed like the voltage that formed them; defaults: the published DC figures."""

    code: ClassVar[int] = TUNNELLING
    variables: ClassVar[int] = 1
    spreads: ClassVar[tuple[str, ...]] = ("thresholds", "boost", "conductance")
    units: ClassVar[dict[str, str]] = {
        "v_set": "V",
        "v_reset": "V",
        "lambda_c": "V s",
        "lambda_max": "V s",
        "boost": "1",
        "g_on": "S",
        "g_off": "S",
    }

    v_set: float = 0.01  # V
    v_reset: float = 0.005  # V
    lambda_c: float = 0.01  # V s, where the gap closes
    lambda_max: float = 0.015  # V s
    boost: float = 1.0  # how much faster a filament shrinks than it grows
    g_on: float = 7.77e-5  # S, of a closed filament
    g_off: float = 7.77e-8  # S, beside the filament

    def __post_init__(self) -> None:
        """Refuse what is no junction; raises UsageError."""
        if not 0 <= self.v_reset <= self.v_set < math.inf:
            raise UsageError(f"thresholds need 0 ≤ v_reset ≤ v_set, not {self.v_reset!r} V and {self.v_set!r} V")
        if not 0 < self.lambda_c <= self.lambda_max < math.inf:
            pair = f"{self.lambda_c!r} V s and {self.lambda_max!r} V s"
            raise UsageError(f"a filament needs 0 < lambda_c ≤ lambda_max, not {pair}")
        if not 0 <= self.boost < math.inf:
            raise UsageError(f"boost must be a number of at least 0, not {self.boost!r}")
        if not (0 < self.g_on < math.inf and 0 <= self.g_off < math.inf):
            raise UsageError(f"conductances need 0 < g_on and 0 ≤ g_off, not {self.g_on!r} S and {self.g_off!r} S")

    @property
    def rest(self) -> float:
        """What a junction without filament conducts, S."""
        return float(self.conductance(np.zeros(1))[0])

    def conductance(self, filament: FloatArray) -> FloatArray:
        """Conductance in S of a filament λ in V s."""
        gap = np.maximum(0.0, (self.lambda_c - np.abs(filament)) * GAP / self.lambda_c)
        return 1 / (SLOPE * gap * np.exp(DECAY * gap) + 1 / self.g_on) + self.g_off

    def constants(self) -> FloatArray:
        """Return the numbers that compiled loops read."""
        filament = (self.v_set, self.v_reset, self.lambda_c, self.lambda_max, self.boost)
        return np.array([*filament, 1 / self.g_on, self.g_off])

    def still(self) -> Tunnelling:
        """Return itself: nothing here is left to chance."""
        return self

    def start(self, conductance: FloatArray) -> FloatArray:
        """Return the state (1, junctions) of junctions that conduct this much, before their spread.

        Filaments count as positive; their gap is Lambert's function of the resistance. Raises UsageError for what
        no filament conducts.
        """
        from scipy.special import lambertw

        lowest, highest = self.rest, self.g_on + self.g_off
        if not ((conductance >= lowest * (1 - 1e-9)) & (conductance <= highest * (1 + 1e-9))).all():
            raise UsageError(f"these junctions conduct between {lowest:.4g} S and {highest:.4g} S")
        resistance = 1 / np.maximum(conductance - self.g_off, 1e-300) - 1 / self.g_on
        gap = lambertw(np.maximum(resistance, 0.0) * DECAY / SLOPE).real / DECAY
        return (self.lambda_c * (1 - np.minimum(gap, GAP) / GAP))[np.newaxis]
