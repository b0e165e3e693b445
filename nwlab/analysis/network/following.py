"""How a floating terminal follows the voltage between the driven two.

Theory of operation
    A floating terminal takes a share α of the voltage between source and sink, and follows it through its contact
    resistance R into cable and input, C: a low-pass of τ = R·C. Levels u_k last Δ_k; each is read δ after it began:

        x_{k+1} = u_k + (x_k − u_k)·e^(−Δ_k/τ)        y_k = α·(u_k + (x_k − u_k)·e^(−δ/τ)) + drift

    x does not depend on δ, so that for each τ the rest is linear regression on u_k and x_k − u_k. τ is found on a
    logarithmic grid and by Gauss-Newton steps from its best point. Offset and drift, whatever is slower than some
    hundred levels, are taken out of all beforehand. Most "memory" of such recordings is this low-pass.
    Where τ is so short beside Δ that only two levels count, e^(−δ/τ) is known, but not τ: δ is then taken to be that of
    the other terminals. Samples that were not read are passed over: x needs the levels alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nwlab.analysis.fit import Estimate
from nwlab.analysis.network.sureness import autocorrelation_time
from nwlab.core.drive import BoolArray, FloatArray
from nwlab.model.compiled import compiled

FEWEST = 20
"""Readings of a terminal that a fit needs."""
SHORTEST, _LONGEST = 0.05, 10.0  # of a level: time constants that are tried

_GRID = 40
_DRIFT = 100.0  # levels: what varies over longer times is drift
_FORGOTTEN = 30  # samples at the begin that are not fitted
_STEPS = 8
_SURE = 5.0  # standard errors


@dataclass(frozen=True, slots=True, eq=False)
class Follower:
    """How one floating terminal follows the voltage between source and sink."""

    name: str
    values: FloatArray  # (3,) α, β = α·e^(−δ/τ), ln τ
    covariance: FloatArray  # (3, 3)
    is_short: bool  # τ is too short to be told from the begin of levels alone
    r2: float  # NaN where it never varies
    rms: float  # V, of what is left
    fitted: FloatArray  # (samples,) V against the sink, with what drifts; NaN where nothing was fitted

    @property
    def is_connected(self) -> bool:
        """Whether it sees anything of the voltage."""
        return float(self.values[0]) > _SURE * math.sqrt(self.covariance[0, 0])

    @property
    def is_late(self) -> bool:
        """Whether it follows late enough for that to be seen."""
        alpha, beta = self.values[:2]
        return self.is_connected and float(beta) > max(_SURE * math.sqrt(self.covariance[1, 1]), 0.02 * float(alpha))

    @property
    def delay(self) -> Estimate:
        """δ = −τ·ln(β/α) in s."""
        alpha, beta, tau = float(self.values[0]), float(self.values[1]), math.exp(self.values[2])
        delay = -tau * math.log(beta / alpha)
        slope = np.array([tau / alpha, -tau / beta, delay])
        return Estimate(max(delay, 0.0), math.sqrt(float(slope @ self.covariance @ slope)), "s")

    def time_constant(self, usual_delay: float) -> Estimate:
        """τ in s; 0 where none is seen; from the usual delay in s where it is too short."""
        if not self.is_late:
            return Estimate(0.0, math.nan, "s")
        if not self.is_short:
            tau = math.exp(self.values[2])
            return Estimate(tau, tau * math.sqrt(self.covariance[2, 2]), "s")
        lateness = max(math.log(float(self.values[0] / self.values[1])), 0.1)
        return Estimate(usual_delay / lateness, math.inf, "s")

    def estimates(self, usual_delay: float) -> dict[str, Estimate]:
        """Return share, time constant and delay of reading, with their errors."""
        found = {f"{self.name}_share": Estimate(float(self.values[0]), math.sqrt(self.covariance[0, 0]), "1")}
        if self.is_late:
            found[f"{self.name}_time_constant"] = self.time_constant(usual_delay)
        if self.is_late and not self.is_short:
            found[f"{self.name}_read_delay"] = self.delay
        return found


def usable(drive: FloatArray, seen: FloatArray) -> BoolArray:
    """Return which samples can be fitted, (samples,): nobody knows what the terminal held before the record."""
    first = min(_FORGOTTEN, drive.size // 10)
    return np.isfinite(drive) & np.isfinite(seen) & (np.arange(drive.size) >= first)


def follow(name: str, drive: FloatArray, dwell: FloatArray, seen: FloatArray) -> Follower:
    """Fit one terminal: `drive` and `seen` (samples,) V against the sink, `dwell` (samples − 1,) s.

    NaN is what was not read; of the drive, the level before is taken to last. Needs `FEWEST` usable samples.
    """
    used = np.flatnonzero(usable(drive, seen))
    task = _Task(_carried(drive), dwell, used, _drift(used, drive.size), seen[used])
    values, is_short = _searched(task, float(np.median(dwell)))
    rows, off = _linear(task, values)
    free = slice(0, 2) if is_short else slice(0, 3)
    per_sample = float(off @ off) / (off.size - task.drift.shape[1] - 3) * autocorrelation_time(off)
    spread = np.zeros((3, 3))
    spread[free, free] = per_sample * np.linalg.pinv(rows[:, free].T @ rows[:, free], rcond=1e-12)
    whole = float(_without(task.drift, task.seen).var())
    r2 = 1.0 - float(off.var()) / whole if whole > 0 else math.nan
    fitted = np.full(drive.size, np.nan)
    fitted[used] = task.seen - off
    return Follower(name, values, spread, is_short, r2, float(off.std()), fitted)


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What one terminal is fitted to."""

    drive: FloatArray  # (samples,) V, without gaps
    dwell: FloatArray  # (samples − 1,) s
    used: NDArray[np.intp]  # the samples that are fitted
    drift: FloatArray  # (used, terms)
    seen: FloatArray  # (used,) V


def _searched(task: _Task, level: float) -> tuple[FloatArray, bool]:
    """Return α, β and ln τ, and whether τ is the shortest that is tried; `level` is how long levels last in s."""
    taus = np.geomspace(SHORTEST, _LONGEST, _GRID) * level
    moved, still = _without(task.drift, task.seen), _without(task.drift, task.drive[task.used])
    lags = _without(task.drift, _lags(task.drive, task.dwell, taus)[0][task.used])
    tried = [_regressed(still, lags[:, k], moved) for k in range(_GRID)]
    best = int(np.argmin([left for _, left in tried]))
    values: FloatArray = np.array([*tried[best][0], math.log(taus[best])])
    for _ in range(_STEPS):
        rows, off = _linear(task, values)
        step = np.linalg.lstsq(rows, off, rcond=1e-10)[0]
        values += step / max(1.0, abs(float(step[2])))
        values[2] = min(max(values[2], math.log(taus[0])), math.log(taus[-1]))
    return values, math.exp(values[2]) < 1.01 * taus[0]


def _carried(drive: FloatArray) -> FloatArray:
    """Return a drive in which each level lasts until another was measured."""
    known = np.flatnonzero(np.isfinite(drive))
    return drive[known[np.maximum(np.searchsorted(known, np.arange(drive.size), "right") - 1, 0)]]


def _drift(used: NDArray[np.intp], samples: int) -> FloatArray:
    """Return offset and slow cosines at the samples that are used, orthonormal, (used, terms)."""
    terms = np.arange(1 + int(2 * used.size / _DRIFT))
    return np.linalg.qr(np.cos(np.pi * terms * (used[:, np.newaxis] - used[0] + 0.5) / (samples - used[0])))[0]


def _without(drift: FloatArray, columns: FloatArray) -> FloatArray:
    return columns - drift @ (drift.T @ columns)


@compiled
def _lags(drive: FloatArray, dwell: FloatArray, taus: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return x_k − u_k for each τ, (samples, taus) V, and its derivative by ln τ."""
    lag, slope = np.zeros((drive.size, taus.size)), np.zeros((drive.size, taus.size))
    for k in range(drive.size - 1):
        for i in range(taus.size):
            ratio = dwell[k] / taus[i]
            kept = math.exp(-ratio)
            lag[k + 1, i] = lag[k, i] * kept + drive[k] - drive[k + 1]
            slope[k + 1, i] = (slope[k, i] + lag[k, i] * ratio) * kept
    return lag, slope


def _regressed(drive: FloatArray, lag: FloatArray, seen: FloatArray) -> tuple[FloatArray, float]:
    """Return α and β for a known lag, and the sum of squares that is left."""
    rows = np.stack([drive, lag], axis=1)
    values: FloatArray = np.asarray(np.linalg.lstsq(rows, seen, rcond=1e-10)[0], dtype=np.float64)
    off = seen - rows @ values
    return values, float(off @ off)


def _linear(task: _Task, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return derivatives by α, β, ln τ, (used, 3), and what is left, (used,) V, all without drift."""
    lag, by_tau = (each[task.used, 0] for each in _lags(task.drive, task.dwell, np.exp(values[2:])))
    rows = _without(task.drift, np.stack([task.drive[task.used], lag, values[1] * by_tau], axis=1))
    return rows, _without(task.drift, task.seen) - rows[:, :2] @ values[:2]
