"""What a fit is about: recordings as stages and samples, the terminals, what is given, and where to begin."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nwlab.analysis.chip_limits import chip_limits
from nwlab.analysis.given import given_number
from nwlab.analysis.identify import FitOptions
from nwlab.analysis.network.coordinates import NAMES, UNITS, Coordinates
from nwlab.analysis.network.record import FEWEST, Record, staged, stepwise
from nwlab.analysis.recording import Recording, Trace
from nwlab.core.drive import BoolArray, FloatArray
from nwlab.core.errors import UsageError

EXACT, LEGACY = "exact", "legacy"
MAPS = {EXACT: "rate-balance", LEGACY: "legacy"}
"""Which law of the chip file each map is."""

_UNUSED = 1e-9
"""A spread of a law that has none."""

_GOOD, _INDEPENDENT = 0.01, 50.0
"""What a fit is weighed by against its prior: as if 50 samples were right to 1 % of the range."""
_SHARP = 1e-6
"""Of the conductance, which nothing is right to by less."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """All that a fit is told."""

    records: tuple[Record, ...]
    source: str
    sink: str
    limits: dict[str, str]
    given: dict[str, float]  # parameters that are not fitted
    is_legacy: bool
    seed: int

    @property
    def measured(self) -> FloatArray:
        """The conductance of all samples in S."""
        return np.concatenate([record.measured for record in self.records])

    @property
    def highest(self) -> float:
        """The highest voltage in V."""
        return max(record.highest for record in self.records)

    @property
    def scale(self) -> float:
        """What one sample may be off by in S; of a resistor a millionth of what is measured."""
        measured = self.measured
        good = max(_GOOD * float(np.ptp(measured)), _SHARP * float(np.abs(measured).max()))
        return good * math.sqrt(max(measured.size / _INDEPENDENT, 1.0))

    def names(self, parameters: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of a law's parameters and of the starting conductances."""
        more = [f"start_conductance_{number}" for number in range(2, len(self.records) + 1)]
        return (*parameters, "start_conductance", *more)

    def is_free(self, parameters: tuple[str, ...]) -> BoolArray:
        """Which unknowns of a law are fitted, (SHARED + recordings,)."""
        names = (*NAMES, *self.names(()))
        return np.array([name not in self.given and (name in parameters or name not in NAMES) for name in names])

    def coordinates(self, parameters: tuple[str, ...], high: float, low: float = 0.0) -> Coordinates:
        """Return the unknowns of a law; what a record fixes are rates at a `high` and a `low` voltage in V."""
        return Coordinates(
            high=0.0 if "kp0" in self.given else high,
            low=0.0 if "kd0" in self.given else low,
            starts=len(self.records),
            is_free=self.is_free(parameters),
            top=self.given.get("g_max"),
        )

    def centre(self, chosen: Callable[[FloatArray], FloatArray] = lambda conductance: conductance) -> FloatArray:
        """Return parameters to begin with, (SHARED + recordings,); `chosen` turns the film's conductances into theirs.

        Rates are such that half of what happens, happens within the time of the record.
        """
        high = sum(float(record.duration[np.abs(record.level) > 0.5 * self.highest].sum()) for record in self.records)
        whole = sum(float(record.duration.sum()) for record in self.records)
        low, top = float(self.measured.min()), float(self.measured.max())
        firsts = [record.measured[0] for record in self.records]
        film = chosen(np.array([max(0.7 * low, 1e-3 * top), 1.3 * top, *firsts]))
        up, down = 3.0 / self.highest, 0.3 / self.highest
        shared = [2.0 / high * math.exp(-3.0), 2.0 / whole, up, down, film[0], film[1], 1.0, 1.0, 0.3]
        return self.fixed(np.array([*shared, *film[2:]]))

    def fixed(self, parameters: FloatArray, used: tuple[str, ...] = NAMES) -> FloatArray:
        """Put what is given, and spreads that are not used, into parameters."""
        found = parameters.copy()
        for number, name in enumerate((*NAMES, *self.names(()))):
            if name in self.given:
                found[number] = self.given[name]
            elif name in NAMES and name not in used:
                found[number] = _UNUSED
        if not found[5] > found[4]:
            raise UsageError(f"g_max must be greater than g_min, not {found[5]:.4g} S and {found[4]:.4g} S")
        return found


def setting(recordings: Sequence[Recording], options: FitOptions, parameters: tuple[str, ...]) -> Setting:
    """Read recordings and options for a law of these parameters.

    Raises UsageError for recordings that cannot be fitted together, and for what is given wrongly.
    """
    if options.map not in MAPS:
        raise UsageError(f"there is no map {options.map!r}; the law has {' and '.join(MAPS)}")
    is_legacy = options.map == LEGACY
    pair = recordings[0].pair(options.source, options.sink)
    traces = [recording.trace(options.source, options.sink) for recording in recordings]
    stretches = [stretch for trace in traces for stretch in _stretches(trace)]
    records = tuple((stepwise if is_legacy else staged)(stretch) for stretch in stretches)
    limits = chip_limits(recordings, traces)
    known = (*parameters, "start_conductance")
    given = {name: given_value(name, text, known) for name, text in options.given.items()}
    return Setting(records, *pair, limits, given, is_legacy, options.seed)


def _stretches(trace: Trace) -> list[Trace]:
    """Return the parts of a trace that can be fitted each by itself; of those that are too short nothing is known."""
    return [part for part in trace.stretches() if int(part.is_read.sum()) >= FEWEST] or [trace]


def given_value(name: str, text: str, known: tuple[str, ...]) -> float:
    """Read a parameter that is given; raises UsageError for an unknown one, a wrong unit or sign."""
    if name not in known:
        raise UsageError(f"this law has no parameter {name!r} to give; it has {', '.join(known)}")
    value = given_number(name, text, UNITS[NAMES.index(name)] if name in NAMES else "S")
    if not 0 <= value < math.inf or (value == 0 and not name.startswith("spread")):
        raise UsageError(f"{name} must be positive, not {text}")
    return max(value, _UNUSED) if name.startswith("spread") else value


def thinned(record: Record, most: int = 240) -> tuple[Record, FloatArray]:
    """Return a record with about `most` of its samples, dense at the begin of stages, and how many each stands for."""
    keep: list[Any] = []
    stages = np.unique(record.stage)
    for stage in stages:
        mine = np.flatnonzero(record.stage == stage)
        count = max(most // stages.size, 1)
        keep.append(mine[np.unique(np.geomspace(1, mine.size, count).round().astype(np.int64)) - 1])
    index = np.concatenate(keep)
    share = np.diff(np.append(index, record.time.size)).astype(np.float64)
    share[0] += index[0]
    return Record(record.level, record.edge, record.time[index], record.stage[index], record.measured[index]), share


def scattered(centre: FloatArray, is_free: BoolArray, count: int, seed: int, wide: float = 1.5) -> list[FloatArray]:
    """Return the centre and `count` starts around it, `wide` the standard deviation of each unknown."""
    rng = np.random.default_rng(seed)
    return [centre, *(centre + np.where(is_free, rng.normal(0.0, wide, centre.size), 0.0) for _ in range(count))]
