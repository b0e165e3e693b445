"""What was held at a pair of terminals, and for how long, from one reading to the next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from nwlab.analysis.rate_balance.pieces import Range, Steps
from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.reading import Reading
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.course import Source, go, within
from nwlab.twin.port import Port
from nwlab.twin.pulled import Pulls, Sample

_EVEN = 1e-9  # decades that rounding may make of none
_FORCED, _LIMITED = 0.5, 1e-3
"""Parts of a current that was forced, or is the limit, by which the one that was read may differ and be the truth."""
_NONE, _TINY = 2e-3, 1e-15
"""Part of the range of a forced current below which it is mostly offset; A, no range ends at less."""
_PIECES = 3
"""Levels between two readings: what was left of the one before, rest, and the new one until it is read."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One force of some samples of a drive; (samples,) each."""

    onset: FloatArray  # s on the chip's clock: when each level began
    end: FloatArray  # s: when it ended, as far as known; infinite where a drive leaves it standing
    begin: FloatArray  # s: when its reading began
    over: FloatArray  # s: when its reading ended
    voltage: FloatArray  # V; what was asked for where it was not measured, 0 where nothing is known of it
    conductance: FloatArray  # S; NaN where nothing was measured
    sources: list[Source | None]  # what let the film set its own voltage; None where that was held
    range: Range | None = None  # of the meter; None = not known


def block_of(drive: Drive, first: int, reading: Reading, port: Port, smallest: float) -> Block:
    """Return the samples of the force at a port; below `smallest` V a conductance cannot be told."""
    place, sources, reading = port.place, _sources(drive, first, reading, port), port.across(reading)
    onset = reading.start + reading.onset
    until = first + reading.steps
    last = np.inf if drive.hold and until == drive.steps else onset[-1] + drive.dwell[until - 1]
    middle, half = reading.start + reading.time[:, place], 0.5 * reading.aperture[:, place]
    voltage = _voltage(drive.forces[place], first, reading, place)
    # Where a limit acted the voltage is not the one that was asked for.
    unknown = reading.overflow[:, place] | (reading.in_compliance[:, place] & ~np.isfinite(reading.voltage[:, place]))
    current = reading.current[:, place]
    is_flowing = np.isfinite(current) & (np.abs(current) > _least(drive.forces[place]))
    is_read = (np.abs(voltage) >= smallest) & ~unknown & is_flowing
    conductance = np.full(voltage.size, np.nan)
    conductance[is_read] = current[is_read] / voltage[is_read]
    return Block(
        onset,
        np.append(onset[1:], last),
        np.maximum(middle - half, onset),
        np.maximum(middle + half, onset),
        voltage,
        conductance,
        sources,
        _range(drive.forces[place], voltage, conductance, smallest),
    )


def _least(force: Force) -> float:
    """Return the current in A that is none: where currents are forced, what a meter for the largest may be off by."""
    if force.quantity is Quantity.VOLTAGE:
        return -1.0
    return _NONE * 10.0 ** float(np.ceil(np.log10(max(float(np.abs(force.levels).max()), _TINY)) - _EVEN))


def _sources(drive: Drive, first: int, reading: Reading, port: Port) -> list[Source | None]:
    """Return what pulled at the film in each sample, the smaller current of two; None where a voltage was held."""
    found: list[Source | None] = [None] * reading.steps
    for place in port.places:
        force = drive.forces[place]
        by_current, limited = force.quantity is Quantity.CURRENT, reading.in_compliance[:, place]
        if not (by_current or limited.any()):
            continue
        asked = force.levels[first : first + reading.steps]
        levels = np.abs(asked)
        most = np.full(levels.size, force.compliance)
        current, held = (levels, np.where(asked < 0.0, -most, most)) if by_current else (most, asked)
        voltage = np.abs(held - _beyond(reading, port, place))
        through = np.abs(reading.current[:, place])
        near = np.abs(through - current) <= np.where(limited, _LIMITED, _FORCED) * current
        near |= by_current & (levels == 0.0) & np.isfinite(through)  # what flows where none is asked for
        current = np.where(near, through, current)
        for k in np.flatnonzero((current > 0.0) & (by_current | limited)).tolist():
            own, other = Source(float(current[k]), float(voltage[k])), found[k]
            found[k] = own if other is None or own.current < other.current else other
    return found


def _beyond(reading: Reading, port: Port, place: int) -> FloatArray | float:
    """Return the voltage at the other end of the film in V, where it is not common; what was not read counts as 0."""
    others = [other for other in port.places if other != place]
    return 0.0 if not others else np.nan_to_num(reading.voltage[:, others[0]])


def _range(force: Force, voltage: FloatArray, conductance: FloatArray, smallest: float) -> Range | None:
    """Return the range that was read on; one that a drive does not name is the decade that holds the compliance.

    A current that is read off by o makes a conductance off by o/V, a voltage that is, one by −o·G/V.
    """
    span = force.range
    if span is None:
        if not 0.0 < force.compliance < np.inf:
            return None
        span = float(10.0 ** np.ceil(np.log10(force.compliance) - _EVEN))
    some = np.abs(voltage) >= smallest
    share = np.where(some, 1.0 / np.where(some, voltage, 1.0), 0.0)
    if force.quantity is Quantity.CURRENT:
        share = -share * np.nan_to_num(conductance)
    return Range(f"{force.terminal} {force.low} {force.sense} {force.quantity.name} {span:.6g}", abs(span), share)


def _voltage(force: Force, first: int, reading: Reading, place: int) -> FloatArray:
    """Return what was held in V; of a current source it is not known where it was not measured, and counts as 0."""
    read = reading.voltage[:, place]
    asked = force.levels[first : first + reading.steps] if force.quantity is Quantity.VOLTAGE else 0.0
    return np.where(np.isfinite(read), read, asked)


@dataclass(slots=True)
class Held:
    """Remembers until when the state of a pair of terminals is known, and what has been held since."""

    law: RateBalance  # of what is held
    start: float = np.nan  # S, what it conducted first, where that is known
    moment: float = np.nan  # s on the chip's clock; NaN before the first sample
    level: float = 0.0  # V
    until: float = -np.inf  # s
    _pulls: Pulls = field(init=False)

    def __post_init__(self) -> None:
        self._pulls = Pulls(self.law, self.start)

    @property
    def stands(self) -> bool:
        """Whether the last level was left standing."""
        return bool(np.isinf(self.until)) and self.until > 0

    def after(self, conductance: float, lasts: float) -> float:
        """Return where a film comes to, S, by its law under what stands, from a conductance in S, in a time in s."""
        return go(self.law, within(self.law, conductance), self._pulls.source, lasts).end

    def release(self, moment: float) -> None:
        """Let a level that was left standing end at a moment, s on the chip's clock."""
        if self.stands:
            self.until = moment

    def steps(self, block: Block) -> Steps:
        """Return what lies between the readings of a block, and before its first; each sample is a kind of its own."""
        count = block.voltage.size
        known = block.onset[0] if np.isnan(self.moment) else self.moment
        before = np.append(known, block.over[:-1])  # when the reading before was over
        level = np.append(self.level, block.voltage[:-1])
        until = np.clip(np.append(self.until, block.end[:-1]), before, np.maximum(block.onset, before))
        piece = np.zeros((count, _PIECES))
        piece[:, 0] = until - before
        piece[:, 1] = np.maximum(block.onset - until, 0.0)
        piece[:, 2] = np.maximum(block.begin - np.maximum(block.onset, before), 0.0)
        levels = np.abs(np.stack([level, np.zeros(count), block.voltage], axis=1))
        self.moment, self.level, self.until = float(block.over[-1]), float(block.voltage[-1]), float(block.end[-1])
        index = np.arange(count * _PIECES, dtype=np.int32).reshape(count, _PIECES)
        whole = np.arange(count, dtype=np.int32)
        found = Steps(
            time=0.5 * (block.begin + block.over),
            reading=block.conductance,
            opens=np.zeros(count, dtype=np.bool_),
            kind=whole,
            level=levels.ravel(),
            at=index[:, 2],
            piece_level=index,
            piece=piece,
            read_level=index[:, 2],
            aperture=block.over - block.begin,
            range=block.range,
        )
        pulled = self._pulls.of(_samples(block, piece, found.aperture))
        return found if pulled is None else replace(found, pull=pulled[0], reading=pulled[1])


def _samples(block: Block, piece: FloatArray, aperture: FloatArray) -> list[Sample]:
    """Return what was held in each sample of a block; `piece` (samples, 3) and `aperture` (samples,) in s."""
    held = [Source(np.inf, volts) for volts in np.abs(block.voltage).tolist()]
    sources = [own or other for own, other in zip(block.sources, held, strict=True)]
    columns = (*piece.T.tolist(), aperture.tolist(), block.conductance.tolist())
    return [Sample(*each) for each in zip(sources, *columns, strict=True)]
