"""How a floating terminal follows the voltage between the driven two.

Theory of operation
    A floating terminal takes a share α of the voltage between source and sink, and follows it through its contact
    resistance R into cable and input, C: a low-pass of τ = R·C. Levels u_k last Δ_k; each is read δ after it began:

        x_{k+1} = u_k + (x_k − u_k)·e^(−Δ_k/τ)        y_k = α·(u_k + (x_k − u_k)·e^(−δ/τ)) + drift

    x does not depend on δ, so that for each τ the rest is linear regression on u_k and x_k − u_k, with α and
    β = α·e^(−δ/τ), and on e^(−t/τ) for what was held before the record. Offset and drift, whatever is slower than
    some hundred levels, are taken out of all beforehand. Most "memory" of such recordings is this low-pass. Samples
    that were not read are passed over: x needs the levels alone.

    Not every drive tells all three. One sine has an amplitude and a phase, which are two numbers: δ is then taken to be
    that of the other terminals, as it is where τ is so short beside Δ that only two levels count, so that e^(−δ/τ) is
    known, but not τ. A τ that is longer than can be tried is only told to be so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nwlab.analysis.fit import Estimate
from nwlab.analysis.network import lag
from nwlab.analysis.network.sureness import autocorrelation_time
from nwlab.core.drive import BoolArray, FloatArray

FEWEST = 20
"""Readings of a terminal that a fit needs."""
_FORGOTTEN = 30  # samples at the begin that are not fitted
_SURE = 5.0  # standard errors
_VAGUE = 0.1
"""Of a share: an error beyond says that the drive does not tell share, lateness and delay apart."""
_LEAST = 0.02
"""Of a share: what lags by less follows at once."""
_NOTHING = 1e-30  # V


@dataclass(frozen=True, slots=True, eq=False)
class Follower:
    """How one floating terminal follows the voltage between source and sink."""

    name: str
    values: FloatArray  # (3,) α, β = α·e^(−δ/τ), ln τ
    covariance: FloatArray  # (3, 3); infinite variances where the record does not tell
    is_connected: bool  # whether it sees anything of the voltage
    is_late: bool  # whether it follows late enough for that to be seen
    is_short: bool  # τ is too short to be told from the begin of levels alone
    has_usual_delay: bool  # δ was not found but taken from others
    r2: float  # NaN where it never varies
    rms: float  # V, of what is left
    fitted: FloatArray  # (samples,) V against the sink, with what drifts; NaN where nothing was fitted

    @property
    def is_vague(self) -> bool:
        """Whether share, lateness and delay cannot be told apart."""
        return self.is_late and not math.sqrt(self.covariance[0, 0]) < _VAGUE * float(self.values[0])

    @property
    def tells_delay(self) -> bool:
        """Whether δ was found here."""
        return self.is_late and not (self.is_short or self.has_usual_delay)

    @property
    def delay(self) -> Estimate:
        """δ = −τ·ln(β/α) in s."""
        alpha, beta, tau = float(self.values[0]), float(self.values[1]), math.exp(self.values[2])
        delay = -tau * math.log(beta / alpha)
        if not np.isfinite(np.diagonal(self.covariance)).all():
            return Estimate(max(delay, 0.0), math.inf, "s")
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
        if self.tells_delay:
            found[f"{self.name}_read_delay"] = self.delay
        return found


def usable(drive: FloatArray, seen: FloatArray) -> BoolArray:
    """Return which samples can be fitted, (samples,): nobody knows what the terminal held before the record."""
    first = min(_FORGOTTEN, drive.size // 10)
    return np.isfinite(drive) & np.isfinite(seen) & (np.arange(drive.size) >= first)


def follow(name: str, drive: FloatArray, dwell: FloatArray, seen: FloatArray, delay: float | None = None) -> Follower:
    """Fit one terminal: `drive` and `seen` (samples,) V against the sink, `dwell` (samples − 1,) s.

    NaN is what was not read; of the drive, the level before is taken to last. `delay` in s is δ where it is known.
    Needs `FEWEST` usable samples.
    """
    used = np.flatnonzero(usable(drive, seen))
    task = lag.task_of(drive, dwell, used, seen, delay)
    found = lag.search(task, float(np.median(dwell)))
    late, lags = _fitted(name, task, found), _lags(task, found.values)
    # One that lags, and at once goes the other way, sees what leaks to it and not the film.
    return late if late.is_late or (lags and late.values[0] <= 0.0) else _prompt(late, task)


def _fitted(name: str, task: lag.Task, found: lag.Lag) -> Follower:
    values, is_short = found.values, found.is_shortest and task.delay is None
    per_sample, off = _noise(task, task.linear(float(values[2])), 4)
    rows = task.slopes(values)
    free = [0, 1, 2] if task.delay is None else [0, 2]
    if is_short:
        free, rows = [0, 1], np.delete(rows, 2, axis=1)
    spread = np.zeros((3, 3))
    spread[np.ix_(free, free)] = lag.covariance(rows, per_sample)[: len(free), : len(free)]
    if found.is_longest:
        np.fill_diagonal(spread, math.inf)
    return Follower(
        name,
        values,
        spread,
        is_connected=bool(values[0] > 0.0) and _strength(task, values, per_sample) > _SURE,
        is_late=values[0] > 0.0 and values[1] > _LEAST * values[0] and _lags(task, values),
        is_short=is_short,
        has_usual_delay=task.delay is not None,
        r2=_explained(task, off),
        rms=float(off.std()),
        fitted=_whole(task, off),
    )


def _prompt(late: Follower, task: lag.Task) -> Follower:
    """Return one that follows at once, or not at all: its share is all there is."""
    column = task.without_drift(task.drive[task.used])[:, np.newaxis]
    per_sample, off = _noise(task, column, 1)
    energy = float(column[:, 0] @ column[:, 0])
    share = float(column[:, 0] @ task.without_drift(task.seen)) / max(energy, _NOTHING)
    spread = np.zeros((3, 3))
    spread[0, 0] = per_sample / max(energy, _NOTHING)
    is_connected = share > _SURE * math.sqrt(spread[0, 0])
    values: FloatArray = np.array([share, 0.0, late.values[2]])
    rms, r2 = float(off.std()), _explained(task, off)
    return Follower(late.name, values, spread, is_connected, False, False, False, r2, rms, _whole(task, off))


def _noise(task: lag.Task, rows: FloatArray, numbers: int) -> tuple[float, FloatArray]:
    """Return the variance that one sample stands for in V², and what is left after a regression, (used,) V."""
    seen = task.without_drift(task.seen)
    off = seen - rows @ np.linalg.lstsq(rows, seen, rcond=1e-10)[0]
    return float(off @ off) / (off.size - task.drift.shape[1] - numbers) * autocorrelation_time(off), off


def _strength(task: lag.Task, values: FloatArray, per_sample: float) -> float:
    """Return how much of what is seen follows, in standard errors."""
    follows = task.linear(float(values[2]))[:, : task.numbers] @ values[: task.numbers]
    return float(np.linalg.norm(follows)) / max(math.sqrt(per_sample), _NOTHING)


def _lags(task: lag.Task, values: FloatArray) -> bool:
    """Whether it is seen not to follow at once, at this time constant."""
    if task.delay is not None:
        return True
    rows = task.linear(float(values[2]))
    per_sample, _ = _noise(task, rows, 4)
    return abs(float(values[1])) > _SURE * math.sqrt(lag.covariance(rows, per_sample)[1, 1])


def _explained(task: lag.Task, off: FloatArray) -> float:
    whole = float(task.without_drift(task.seen).var())
    return 1.0 - float(off.var()) / whole if whole > 0 else math.nan


def _whole(task: lag.Task, off: FloatArray) -> FloatArray:
    fitted = np.full(task.drive.size, np.nan)
    fitted[task.used] = task.seen - off
    return fitted
