"""A non-volatile cell, as in arrays that hold the weights of a readout.

    V > v_up:     w' = +K·(1 − w)^bend_up,     K = rate_up·e^(eta·(V − v_up))
    V < −v_down:  w' = −K·w^bend_down,         K = rate_down·e^(eta·(−V − v_down))
    otherwise:    nothing is written, and the time since the last write grows
    G = max(0, G_min + (G_max − G_min)·(level(w) + e))·(1 + t/t0)^(−nu)

Theory of operation
    Writing is soft-bound: each pulse moves w by less, the nearer w is to the bound it goes to; `bend` 1 gives
    exponential approach, larger ones give a slower end, 0 a straight line up to the bound. At constant voltage the
    power law integrates in closed form.
    `levels`: the cell conducts as if w stood at the nearest of so many equal steps from 0 to 1 (0 = every value is
    stable). w itself keeps what lies between two levels, so that small pulses add up however they are cut.
    `error`: a cell that was written at length misses its target by a normal number e of this standard deviation. While
    it is written, e is an Ornstein-Uhlenbeck process of the rate K: a weak pulse renews little of it, a strong one all,
    and two half pulses do what one does. Between writes it stays.
    Drift: after t s without writing the conductance has fallen by (1 + t/t0)^(−nu), a power law of the time once t is
    beyond t0. The next write starts from what the cell conducts then: the fall is taken over into w and e, once.
    All of it is exact for any duration at constant voltage.

The equations are nwlab's own; soft bounds, thresholds, error at programming and drift by a power law are what the
literature on resistive and phase-change memory cells agrees upon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.core.units import show
from nwlab.model.laws.law import DEVICE

_NOT_NEGATIVE = ("v_up", "v_down", "rate_up", "rate_down", "eta", "bend_up", "bend_down", "error", "nu")


@dataclass(frozen=True, slots=True)
class Device:
    """Cells of a weight w (row 0), a programming error e (row 1) and s since the last write (row 2)."""

    code: ClassVar[int] = DEVICE
    variables: ClassVar[int] = 3
    spreads: ClassVar[tuple[str, ...]] = ("rate_up", "rate_down", "nu", "conductance")
    units: ClassVar[dict[str, str]] = {
        "g_min": "S",
        "g_max": "S",
        "v_up": "V",
        "v_down": "V",
        "rate_up": "1/s",
        "rate_down": "1/s",
        "eta": "1/V",
        "bend_up": "1",
        "bend_down": "1",
        "error": "1",
        "nu": "1",
        "t0": "s",
    }

    g_min: float  # S
    g_max: float  # S
    v_up: float  # V
    v_down: float  # V, magnitude
    rate_up: float  # 1/s, at the threshold
    rate_down: float  # 1/s, at the threshold
    eta: float = 0.0  # 1/V
    bend_up: float = 1.0
    bend_down: float = 1.0
    levels: int = 0
    error: float = 0.0  # of w, standard deviation
    nu: float = 0.0
    t0: float = 1.0  # s

    def __post_init__(self) -> None:
        """Refuse what is no cell; raises UsageError."""
        for name in _NOT_NEGATIVE:
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"{name} must be a number of at least 0, not {getattr(self, name)!r}")
        if not 0 <= self.g_min < self.g_max < math.inf:
            pair = f"{show(self.g_min, 'S')} and {show(self.g_max, 'S')}"
            raise UsageError(f"conductances need 0 ≤ g_min < g_max, not {pair}")
        if self.levels < 0 or self.levels == 1:
            raise UsageError(f"a cell has at least 2 levels, or 0 for any value, not {self.levels!r}")
        if not 0 < self.t0 < math.inf:
            raise UsageError(f"t0 must be a positive time, not {self.t0!r} s")

    @property
    def rest(self) -> float:
        """What a fresh cell conducts, S."""
        return self.g_min

    def constants(self) -> FloatArray:
        """Return the numbers that compiled loops read."""
        write = (self.v_up, self.v_down, self.rate_up, self.rate_down, self.eta, self.bend_up, self.bend_down)
        return np.array([self.g_min, self.g_max - self.g_min, *write, self.levels, self.error, self.nu, self.t0])

    def still(self) -> Device:
        """Return the same law without programming error."""
        return replace(self, error=0.0)

    def start(self, conductance: FloatArray) -> FloatArray:
        """Return the state (3, junctions) of cells just written to this much, before their spread.

        Raises UsageError for what lies outside g_min … g_max.
        """
        weight = (np.asarray(conductance, dtype=np.float64) - self.g_min) / (self.g_max - self.g_min)
        if not ((weight >= -1e-9) & (weight <= 1 + 1e-9)).all():
            raise UsageError(f"these cells conduct between {self.g_min:.4g} S and {self.g_max:.4g} S")
        return np.stack([np.clip(weight, 0.0, 1.0), np.zeros_like(weight), np.zeros_like(weight)])
