"""The low-pass that lies between what drives a floating terminal and what is read there, fitted by its time constant.

For each τ the rest is linear regression; so τ alone is sought, on a logarithmic grid and then between the neighbours of
its best point (Golub, Pereyra, SIAM J. Numer. Anal. 10 (1973) 413). See `following` for the formulae.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled

SHORTEST = 0.05
_LONGEST, _PART = 100.0, 0.1
"""Levels, and part of the record: time constants that are tried lie between the shortest and the smaller of these."""
_GRID = 60
_CLOSE = 1e-6
"""How closely ln τ is found."""
_DRIFT = 100.0  # levels: what varies over longer times is drift
_OPEN = 1e-12
"""Of the information along the best known direction: what has less is not known at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What one terminal is fitted to, without what drifts."""

    drive: FloatArray  # (samples,) V, without gaps
    dwell: FloatArray  # (samples − 1,) s
    used: NDArray[np.intp]  # the samples that are fitted
    drift: FloatArray  # (used, terms)
    seen: FloatArray  # (used,) V
    since: FloatArray  # (used,) s, from the first of them
    delay: float | None = None  # s after the begin of a level, where that is known

    @property
    def numbers(self) -> int:
        """How many of α and β are free: one where δ is known."""
        return 2 if self.delay is None else 1

    def linear(self, log_tau: float) -> FloatArray:
        """Return what goes with α and β, or with α where δ is known, and what is left of the time before the record,
        (used, numbers + 1)."""
        tau = math.exp(log_tau)
        lag = _lags(self.drive, self.dwell, np.array([tau]))[0][self.used, 0]
        drive, before = self.drive[self.used], np.exp(-self.since / tau)
        if self.delay is None:
            return self.without_drift(np.stack([drive, lag, before], axis=1))
        return self.without_drift(np.stack([drive + lag * math.exp(-self.delay / tau), before], axis=1))

    def regressed(self, log_tau: float) -> tuple[FloatArray, float]:
        """Return α and β for a time constant, (2,), and the sum of squares that is left."""
        rows, seen = self.linear(log_tau), self.without_drift(self.seen)
        found: FloatArray = np.asarray(np.linalg.lstsq(rows, seen, rcond=1e-10)[0], dtype=np.float64)
        off = seen - rows @ found
        if self.delay is not None:
            found = found[0] * np.array([1.0, math.exp(-self.delay / math.exp(log_tau))])
        return found[:2], float(off @ off)

    def slopes(self, values: FloatArray) -> FloatArray:
        """Return the derivatives by α, β or by α alone, by ln τ, and by what is left of before, (used, numbers + 2)."""
        tau, rows = math.exp(values[2]), self.linear(float(values[2]))
        lag, by_tau = (each[self.used, 0] for each in _lags(self.drive, self.dwell, np.array([tau])))
        (*_, before) = np.linalg.lstsq(rows, self.without_drift(self.seen), rcond=1e-10)[0]
        if self.delay is not None:
            by_tau = by_tau + self.delay / tau * lag
        later = values[1] * by_tau + before * self.since / tau * np.exp(-self.since / tau)
        return np.column_stack([rows[:, : self.numbers], self.without_drift(later), rows[:, self.numbers :]])

    def without_drift(self, columns: FloatArray) -> FloatArray:
        """Return columns (used, …) without what varies too slowly."""
        return columns - self.drift @ (self.drift.T @ columns)


def task_of(
    drive: FloatArray, dwell: FloatArray, used: NDArray[np.intp], seen: FloatArray, delay: float | None
) -> Task:
    """Return what is to be done for one terminal; of the drive, the level before a gap is taken to last."""
    since = np.append(0.0, np.cumsum(dwell))[used]
    return Task(_carried(drive), dwell, used, _drift(used, drive.size), seen[used], since - since[0], delay)


@dataclass(frozen=True, slots=True, eq=False)
class Lag:
    """Where a search has ended."""

    values: FloatArray  # (3,) α, β, ln τ
    is_shortest: bool
    is_longest: bool


def search(task: Task, level: float) -> Lag:
    """Find the time constant; levels last `level` s."""
    longest = max(min(_LONGEST, _PART * task.drive.size), 10.0 * SHORTEST)
    tried = np.log(np.geomspace(SHORTEST, longest, _GRID) * level)
    left = [task.regressed(each)[1] for each in tried]
    best = int(np.argmin(left))
    bounds = tried[max(best - 1, 0)], tried[min(best + 1, _GRID - 1)]
    closer: Any = minimize_scalar(_left, args=(task,), bounds=bounds, method="bounded", options={"xatol": _CLOSE})
    found = float(closer.x) if closer.fun < left[best] else float(tried[best])
    edge = 0.5 * (tried[1] - tried[0])
    values: FloatArray = np.array([*task.regressed(found)[0], found])
    return Lag(values, found < tried[0] + edge, found > tried[-1] - edge)


def _left(log_tau: float, task: Task) -> float:
    return task.regressed(log_tau)[1]


def covariance(rows: FloatArray, per_sample: float) -> FloatArray:
    """Return that of numbers with these derivatives (samples, numbers); infinite variances where nothing is known."""
    weights, directions = np.linalg.eigh(rows.T @ rows)
    known = weights > _OPEN * weights[-1]
    found = per_sample * (directions[:, known] / weights[known]) @ directions[:, known].T
    is_open = (np.abs(directions[:, ~known]) > math.sqrt(_OPEN)).any(axis=1)
    found[is_open, is_open] = math.inf
    return found


def _carried(drive: FloatArray) -> FloatArray:
    """Return a drive in which each level lasts until another was measured."""
    known = np.flatnonzero(np.isfinite(drive))
    return drive[known[np.maximum(np.searchsorted(known, np.arange(drive.size), "right") - 1, 0)]]


def _drift(used: NDArray[np.intp], samples: int) -> FloatArray:
    """Return offset and slow cosines at the samples that are used, orthonormal, (used, terms)."""
    terms = np.arange(1 + int(2 * used.size / _DRIFT))
    return np.linalg.qr(np.cos(np.pi * terms * (used[:, np.newaxis] - used[0] + 0.5) / (samples - used[0])))[0]


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
