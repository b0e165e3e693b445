"""Contacts of many terminals: what each floating one sees of the film, how late, and what lies between the driven two.

Theory of operation
    A floating terminal takes a share α of the voltage between source and sink, and follows it through its contact
    resistance R into cable and input, C: a low-pass of τ = R·C. Levels u_k last Δ_k; each is read δ after it began:

        x_{k+1} = u_k + (x_k − u_k)·e^(−Δ_k/τ)        y_k = α·(u_k + (x_k − u_k)·e^(−δ/τ)) + drift

    x does not depend on δ, so that for each τ the rest is linear regression on u_k and x_k − u_k. τ is found on a
    logarithmic grid and by Gauss-Newton steps from its best point. Offset and drift, whatever is slower than some
    hundred levels, are taken out of all beforehand. Most "memory" of such recordings is this low-pass.
    Where τ is so short beside Δ that only two levels count, e^(−δ/τ) is known, but not τ: δ is then taken to be that of
    the other terminals.

    The film is told by the conductance between source and sink and by the shares: more cannot be known while one pair
    is driven. As a chip it is one line of equal conductors on which each terminal sits at its share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nwlab.analysis.chip_writer import quantity
from nwlab.analysis.fit import Estimate, Fit
from nwlab.analysis.identify import FitOptions
from nwlab.analysis.network.sureness import autocorrelation_time
from nwlab.analysis.recording import Recording
from nwlab.core.drive import FloatArray
from nwlab.core.errors import AskedError, UsageError
from nwlab.core.units import parse, show
from nwlab.model.compiled import compiled

POINTS = 4000
"""Conductors of the line: shares are kept to 1/POINTS."""

_GRID = 40
_SHORTEST, _LONGEST = 0.05, 10.0  # of a level: time constants that are tried
_DRIFT = 100.0  # levels: what varies over longer times is drift
_FORGOTTEN = 30  # samples at the begin that are not fitted
_STEPS = 8
_SURE = 5.0  # standard errors
_OPEN_CONTACT = 1e12  # Ohm
_USUAL = "500 pF"


@dataclass(frozen=True, slots=True, eq=False)
class Follower:
    """How one floating terminal follows the voltage between source and sink."""

    name: str
    values: FloatArray  # (3,) α, β = α·e^(−δ/τ), ln τ
    covariance: FloatArray  # (3, 3)
    is_short: bool  # τ is too short to be told from the begin of levels alone
    r2: float
    rms: float  # V, of what is left

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


def fit(recordings: Sequence[Recording], options: FitOptions) -> Fit:
    """Fit the contacts of one recording of all terminal voltages; `capacitance` may be given (500 pF otherwise).

    Raises UsageError for several recordings, for a map, and where no terminal floats.
    """
    capacitance = _told(recordings, options)
    record = recordings[0]
    source, sink = record.pair(options.source, options.sink)
    trace = record.trace(options.source, options.sink)
    ground = record.voltage[:, record.terminals.index(sink)]
    floating = [name for name in record.terminals if name not in (source, sink, *record.driven())]
    if not floating:
        raise UsageError(f"{record.path}: no terminal floats, so that nothing is known of contacts")
    dwell = np.diff(record.onset)
    found = [
        follow(name, trace.voltage, dwell, record.voltage[:, record.terminals.index(name)] - ground)
        for name in floating
    ]
    measured = trace.conductance
    mean = float(np.nanmean(measured))
    off = measured[np.isfinite(measured)] - mean
    sd = float(np.std(off)) * math.sqrt(autocorrelation_time(off) / off.size)
    delays = [each.delay.value for each in found if each.is_late and not each.is_short]
    usual = float(np.median(delays)) if delays else _SHORTEST * float(np.median(dwell))
    parameters = {"conductance": Estimate(mean, sd, "S")}
    for follower in found:
        parameters |= follower.estimates(usual)
    known = np.array([each.sd if math.isfinite(each.sd) else 0.0 for each in parameters.values()])
    return Fit(
        law="contacts",
        parameters=parameters,
        covariance=np.diag(known**2),
        time=trace.time,
        measured=measured,
        fitted=np.full(measured.size, mean),
        tables=_tables(source, sink, found, mean, capacitance, usual, record),
        remarks=_remarks(found, capacitance, usual),
        extra={"r2_of": {each.name: each.r2 for each in found}, "rms_of": {each.name: each.rms for each in found}},
    )


def follow(name: str, drive: FloatArray, dwell: FloatArray, seen: FloatArray) -> Follower:
    """Fit one terminal: `drive` and `seen` (samples,) V against the sink, `dwell` (samples − 1,) s."""
    first = min(_FORGOTTEN, drive.size // 10)  # nobody knows what the terminal held before the record
    level, drift = float(np.median(dwell)), _drift(drive.size - first)
    taus = np.geomspace(_SHORTEST, _LONGEST, _GRID) * level
    moved, still = _without(drift, seen[first:]), _without(drift, drive[first:])
    lags = _without(drift, _lags(drive, dwell, taus)[0][first:])
    tried = [_regressed(still, lags[:, k], moved) for k in range(_GRID)]
    best = int(np.argmin([left for _, left in tried]))
    values: FloatArray = np.array([*tried[best][0], math.log(taus[best])])
    for _ in range(_STEPS):
        rows, off = _linear(values, drive, dwell, moved, drift)
        step = np.linalg.lstsq(rows, off, rcond=1e-10)[0]
        values += step / max(1.0, abs(float(step[2])))
        values[2] = min(max(values[2], math.log(taus[0])), math.log(taus[-1]))
    rows, off = _linear(values, drive, dwell, moved, drift)
    is_short = math.exp(values[2]) < 1.01 * taus[0]
    free = slice(0, 2) if is_short else slice(0, 3)
    per_sample = float(off @ off) / (off.size - drift.shape[1] - 3) * autocorrelation_time(off)
    spread = np.zeros((3, 3))
    spread[free, free] = per_sample * np.linalg.pinv(rows[:, free].T @ rows[:, free], rcond=1e-12)
    return Follower(name, values, spread, is_short, 1.0 - float(off.var() / moved.var()), float(off.std()))


def _told(recordings: Sequence[Recording], options: FitOptions) -> float:
    """Return the capacitance in F, and refuse what this law does not know."""
    if len(recordings) != 1:
        raise UsageError(f"contacts are fitted to one recording at a time, not {len(recordings)}")
    if options.map != "exact":
        raise UsageError("contacts have no map but the exact one")
    for name in options.given:
        if name != "capacitance":
            raise UsageError(f"contacts have no parameter {name!r} to give; they have capacitance")
    try:
        capacitance = parse(options.given.get("capacitance", _USUAL), "F")
    except AskedError as error:
        raise UsageError(f"capacitance: {error}") from error
    if not 0 < capacitance < math.inf:
        raise UsageError("capacitance must be positive")
    return capacitance


def _drift(samples: int) -> FloatArray:
    """Return offset and slow cosines, orthonormal, (samples, terms)."""
    terms = np.arange(1 + int(2 * samples / _DRIFT))
    waves = np.cos(np.pi * terms * (np.arange(samples)[:, np.newaxis] + 0.5) / samples)
    return waves / np.linalg.norm(waves, axis=0)


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


def _linear(
    values: FloatArray, drive: FloatArray, dwell: FloatArray, seen: FloatArray, drift: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return derivatives by α, β, ln τ, (samples, 3), and what is left, (samples,) V, all without drift."""
    lag, by_tau = (each[:, 0] for each in _lags(drive, dwell, np.exp(values[2:])))
    rows = _without(drift, np.stack([drive, lag, values[1] * by_tau], axis=1)[-len(drift) :])
    return rows, seen - rows[:, :2] @ values[:2]


def _tables(
    source: str,
    sink: str,
    found: Sequence[Follower],
    conductance: float,
    capacitance: float,
    usual: float,
    record: Recording,
) -> dict[str, Any]:
    """Return a chip: a line of conductors, the source at its begin, the sink at its end, the others where they see."""
    taken = {0, POINTS}
    terminals: dict[str, dict[str, Any]] = {source: {"name": source, "node": 0}, sink: {"name": sink, "node": POINTS}}
    for each in found:
        node = round(POINTS * (1.0 - min(max(float(each.values[0]), 0.0), 1.0)))
        node = min((free for free in range(1, POINTS) if free not in taken), key=lambda free: abs(free - node))
        taken.add(node)
        resistance = each.time_constant(usual).value / capacitance if each.is_connected else _OPEN_CONTACT
        terminals[each.name] = {
            "name": each.name,
            "node": node,
            "contact_resistance": quantity(resistance, "Ohm"),
            "capacitance": quantity(capacitance, "F"),
        }
    names = [name for name in record.terminals if name in terminals]
    highest = 1.5 * float(np.nanmax(np.abs(record.voltage)))
    return {
        "terminals": names,
        "limits": {
            "voltage": quantity(float(f"{highest:.2g}"), "V"),
            "current": quantity(float(f"{2.0 * highest * conductance:.2g}"), "A"),
        },
        "network": {"rows": 1, "columns": POINTS + 1, "diagonals": "none"},
        "terminal": [terminals[name] for name in names],
        "model": {
            "kind": "grid",
            "law": "fixed",
            "parameters": {"conductance": quantity(POINTS * conductance, "S")},
        },
    }


def _remarks(found: Sequence[Follower], capacitance: float, usual: float) -> tuple[str, ...]:
    prompt = [each.name for each in found if each.is_connected and not each.is_late]
    blind = [each.name for each in found if not each.is_connected]
    short = [each.name for each in found if each.is_late and each.is_short]
    pair = "only one pair was driven: the shares and the conductance between source and sink are known, not which way "
    said = [pair + "the current takes between the others"]
    taken = f"{capacitance * 1e12:.4g} pF is taken for all"
    said.append(f"only products of contact resistance and capacitance are known; {taken}")
    if prompt:
        said.append(f"these follow at once, and their contacts count as 0 Ohm: {', '.join(prompt)}")
    if blind:
        said.append(f"these see nothing of the voltage, and count as unconnected: {', '.join(blind)}")
    if short:
        known = f"as if read {show(usual, 's')} after the begin of a level, as the others"
        said.append(
            f"these are late by less than a level, which fixes no time constant alone; {known}: {', '.join(short)}"
        )
    return tuple(said)
