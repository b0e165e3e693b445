"""What the terminals of a chip were held at, and for how long, from one reading to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import Drive, FloatArray
from nwlab.core.reading import Reading
from nwlab.twin.meters import Meters, before_common, held, read

Rig = TypeVar("Rig")

_SHORTEST = 1e-6
"""s that anything takes at least."""
_COUNTED = 2.0
"""Standard deviations of what stays that are nobody's fault."""


class Foretold(NamedTuple):
    """What was expected of readings; (steps, forces) each."""

    mean: FloatArray  # A or V
    sd: FloatArray  # A or V
    z: FloatArray  # residuals, independent and standard normal if chip and model agree; NaN where nothing was read
    lean: FloatArray  # how far z may lie to one side for no fault of the chip's: what meters are off by stays
    trust: FloatArray  # 1 where z is calibrated; NaN while the state of the chip is still sought


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Some samples of a drive; arrays are (steps,) or as noted."""

    onset: FloatArray  # s on the chip's clock: when each level began
    end: FloatArray  # s: when it ended, as far as known
    begin: FloatArray  # s: when the first of its readings began
    over: FloatArray  # s: when the last of its readings ended
    held: FloatArray  # (steps, sources) V or A
    blur: FloatArray  # (steps, sources) V² or A²: variance of what was held
    reading: FloatArray  # (steps, forces) A or V; NaN where there is none, or a limit acted
    limited: FloatArray  # (steps, forces) NaN where a limit acted, else 0
    noise: FloatArray  # (steps, forces) A² or V²: variance of readings,
    lasting: FloatArray  # (steps, forces) and the part of it that stays
    stays: bool  # whether the last level of the drive stays until the next drive

    @property
    def steps(self) -> int:
        """How many samples."""
        return self.onset.size


def leaning(factor: NDArray[np.floating[Any]], lasting: FloatArray) -> FloatArray:
    """Return how far residuals L⁻¹·(y − ŷ) may lie to one side, (forces,) in standard deviations.

    `factor` is L, `lasting` (forces, forces) the covariance of what stays in one reading after the other.
    """
    whitened = np.linalg.solve(factor, np.linalg.solve(factor, lasting).T)
    return _COUNTED * np.sqrt(np.maximum(np.diag(whitened), 0.0))


def samples_of(drive: Drive, first: int, reading: Reading, meters: Meters) -> Samples:
    """Return the samples of a block that begins at step `first` of a drive."""
    reading = before_common(drive, reading, meters.return_lead)
    onset = reading.start + reading.onset
    end = np.append(onset[1:], onset[-1] + drive.dwell[first + reading.steps - 1])
    begin, over = onset, end
    if drive.forces:
        middle, half = reading.start + reading.time, 0.5 * reading.aperture
        begin = np.maximum((middle - half).min(axis=1), onset)
        over = np.maximum((middle + half).max(axis=1), begin + _SHORTEST)
    values, blur = held(drive, first, reading)
    seen = read(drive, reading)
    limited = np.where(reading.in_compliance, np.nan, 0.0)
    noise, lasting = meters.variance(drive, seen, reading.aperture), meters.lasting(drive, seen)
    stays = drive.hold and first + reading.steps == drive.steps
    return Samples(onset, end, begin, over, values, blur, seen, limited, noise, lasting, stays)


class NetworkTwin(Protocol[Rig]):
    """A model that follows what is held at many terminals."""

    @property
    def meters(self) -> Meters:
        """How far readings can be trusted."""
        ...

    @property
    def settling(self) -> int:
        """How many samples it takes until the twin has found the state of a chip of which it knew nothing, at most."""
        ...

    def rig(self, drive: Drive) -> Rig | None:
        """Return what the twin makes of the wiring of a drive; None for one that it cannot follow."""
        ...

    def follow(self, rig: Rig, samples: Samples) -> Foretold:
        """Take the samples of a block; return what was expected of them."""
        ...

    def release(self) -> None:
        """Let what the last drive left standing end with its last dwell."""
        ...

    def lose(self) -> None:
        """Take note that the chip has been through something of which nothing is known."""
        ...


@dataclass(slots=True)
class Passing(Generic[Rig]):
    """Remembers until when a chip's state is known, and what has been held since.

    A `Rig` is whatever a twin makes of the wiring of a drive.
    """

    moment: float = np.nan  # s on the chip's clock; NaN before the first sample
    until: float = -np.inf  # s: when the last level ended
    rig: Rig | None = None
    held: FloatArray | None = None  # (sources,) V or A, the last that were held
    stays: bool = False  # whether they are held on beyond `until`

    def release(self) -> None:
        """Let what was left standing end when its last dwell did."""
        self.stays = False

    def reach(
        self, rig: Rig, samples: Samples, k: int, hold: Callable[[Rig, FloatArray, float], None]
    ) -> tuple[float, float]:
        """Let all pass that lies before level `k`; return s from there to its reading, and s that the reading takes.

        `hold` is told what was held and for how many s; at rest everything is held at 0.
        """
        onset, begin, over = float(samples.onset[k]), float(samples.begin[k]), float(samples.over[k])
        if np.isnan(self.moment):
            self.moment = onset
        if self.rig is not None and self.held is not None:
            left = (onset if self.stays else min(self.until, onset)) - self.moment
            if left > _SHORTEST:
                hold(self.rig, self.held, left)
                self.moment += left
            if onset - self.moment > _SHORTEST:
                hold(self.rig, np.zeros(self.held.size), onset - self.moment)
        self.moment = max(self.moment, onset)
        delay = max(begin - self.moment, 0.0)
        aperture = max(over - max(begin, self.moment), _SHORTEST)
        self.moment, self.until = self.moment + delay + aperture, float(samples.end[k])
        self.rig, self.held = rig, samples.held[k]
        self.stays = samples.stays and k == samples.steps - 1
        return delay, aperture
