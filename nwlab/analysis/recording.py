"""What was applied to a chip and what it answered, whoever recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.core.errors import UsageError
from nwlab.core.limits import Limits

QUIET = 1e-2
"""V; a driven terminal whose mean and standard deviation stay below it is ground."""

_NOTHING = Limits(0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One pair of terminals over time. A sample without a current was a level that was held, not read."""

    onset: FloatArray  # (samples,) s, when the level of each sample began; it holds until the next one
    time: FloatArray  # (samples,) s, middle of each reading, ascending
    aperture: FloatArray  # (samples,) s, how long each reading was integrated; 0 where nobody says
    voltage: FloatArray  # (samples,) V from source to sink
    current: FloatArray  # (samples,) A into the source; NaN where not measured
    begins: tuple[int, ...] = ()  # samples before which nothing is known of the chip, besides the first

    def stretches(self) -> list[Trace]:
        """Return the parts of which each begins where nothing is known; those without a conductance are left out."""
        edges = (0, *self.begins, self.time.size)
        parts = [self._part(slice(first, last)) for first, last in pairwise(edges)]
        return [part for part in parts if part.is_read.any()]

    def _part(self, kept: slice) -> Trace:
        return Trace(self.onset[kept], self.time[kept], self.aperture[kept], self.voltage[kept], self.current[kept])

    @property
    def conductance(self) -> FloatArray:
        """current / voltage in S, (samples,); NaN where it was not measured or nothing was applied."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.current / self.voltage
        return np.where(np.isfinite(ratio), ratio, np.nan)

    @property
    def is_read(self) -> BoolArray:
        """Which samples have a conductance, (samples,)."""
        return np.isfinite(self.conductance)


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """All terminals over time; NaN where nothing was measured. Unread levels, as rests between drives, are samples too.

    A file that does not say when levels began has onsets equal to its times.
    """

    terminals: tuple[str, ...]
    onset: FloatArray  # (samples,) s, when the levels of each sample began
    time: FloatArray  # (samples,) s, middle of each reading; ascending, uneven allowed
    aperture: FloatArray  # (samples,) s, how long each reading was integrated; 0 where nobody says
    voltage: FloatArray  # (samples, terminals) V
    current: FloatArray  # (samples, terminals) A into the chip
    path: Path
    kind: str  # which format it was read from
    fingerprint: str  # SHA-256 of the content, hexadecimal
    forced: tuple[str, ...] = ()  # terminals at which currents were forced or limited; empty where nobody says
    grounded: tuple[str, ...] = ()  # terminals that were tied to ground, whose currents nobody measures
    notes: tuple[str, ...] = ()  # what the file lacks, and what was made of it
    begins: tuple[int, ...] = ()  # samples before which nothing is known of the chip, besides the first
    asked: Limits = _NOTHING  # the most that was asked of the chip; nothing where nobody says

    def trace(self, source: str | None = None, sink: str | None = None) -> Trace:
        """Return what was applied from `source` to `sink`, and the current.

        Without names they are found: a terminal with current is driven, and is ground if its voltage stays near 0 V. If
        there is none, it is one that was tied to ground.
        The current is that at the sink: what leaks from the source elsewhere does not count. Where it was not measured
        at the sink it is that at the source.
        Raises UsageError naming the terminals when that does not leave one pair.
        """
        hi, lo = (self.terminals.index(name) for name in self.pair(source, sink))
        into, out = self.current[:, hi], -self.current[:, lo]
        current = np.where(np.isfinite(out), out, into)
        voltage = self.voltage[:, hi] - self.voltage[:, lo]
        return Trace(self.onset, self.time, self.aperture, voltage, current, self.begins)

    def driven(self) -> tuple[str, ...]:
        """Return the terminals that carry a measured current."""
        return tuple(self.terminals[place] for place in np.flatnonzero(np.isfinite(self.current).sum(axis=0)))

    def grounds(self) -> tuple[str, ...]:
        """Return the driven terminals whose voltage stays near 0 V."""
        return tuple(name for name in self.driven() if self._is_quiet(self.terminals.index(name)))

    def _is_quiet(self, terminal: int) -> bool:
        levels = self.voltage[np.isfinite(self.voltage[:, terminal]), terminal]
        return levels.size > 0 and abs(float(levels.mean())) < QUIET and float(levels.std()) < QUIET

    def pair(self, source: str | None = None, sink: str | None = None) -> tuple[str, str]:
        """Return source and sink as `trace` finds them; raises UsageError likewise."""
        for name in (source, sink):
            if name is not None and name not in self.terminals:
                known = ", ".join(self.terminals)
                raise UsageError(f"{self.path}: there is no terminal {name!r}; the recording has {known}")
        grounds = self.grounds() or tuple(name for name in self.grounded if name not in self.driven())
        live = [name for name in self.driven() if name not in grounds]
        hi = source if source is not None else self._only("source", [name for name in live if name != sink])
        lo = sink if sink is not None else self._only("sink", [name for name in grounds if name != hi])
        if hi == lo:
            raise UsageError(f"{self.path}: source and sink are both {hi!r}")
        return hi, lo

    def _only(self, role: str, found: list[str]) -> str:
        if len(found) == 1:
            return found[0]
        said = f"{len(found)} terminals could be it: {', '.join(found)}" if found else "no terminal looks like it"
        raise UsageError(f"{self.path}: which terminal is the {role}? {said}; name it with --{role} TERMINAL")
