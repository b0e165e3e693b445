"""The last readings of a pair of terminals with all that was held between them, thinned to what they can tell.

The law's rates show in how readings a good part of a relaxation time apart follow one another; a thousand readings of
a chip that has hardly moved say no more than one. So a reading is kept when the film has had time to move since the one
kept before, or when much was done to it meanwhile; what was held while others were read counts as held.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nwlab.analysis.rate_balance.pieces import Pull, Steps
from nwlab.core.drive import BoolArray, FloatArray
from nwlab.twin.film_law import FilmLaw

APART = 0.05
"""Relaxation times between two readings that are kept."""
_PIECES = 6
"""Levels between two readings after which the second is kept at once."""
_MOST = 500
"""Levels without a reading after which the window begins anew: what came of so many is no longer to be told."""
_SAME, _FAINT = 5e-4, 1e-4
"""Levels within this part of one another, or this many V, are one level;"""
_NEAR = 0.01
"""where one current pulls, lines may meet the law so far apart: the law is the same."""
_BENT = 0.2
"""Standard deviations of a film's own noise beside its line from which on a way is not taken for straight."""


class Place(NamedTuple):
    """A sample."""

    drive: int
    step: int


class Stay(NamedTuple):
    """What was held for a while; all but `lasted` and `level` is 0 where no current pulls, see `Pull`."""

    lasted: float  # s
    level: float  # V
    current: float = 0.0  # A
    voltage: float = 0.0  # V
    below: float = 0.0  # S
    above: float = 0.0  # S

    def is_like(self, other: Stay) -> bool:
        """Whether both may count as one."""
        if bool(self.current) != bool(other.current):
            return False
        if not self.current:
            return abs(other.level - self.level) <= _SAME * self.level + _FAINT
        pairs = ((self.current, other.current, _SAME), (self.voltage, other.voltage, _SAME))
        near = ((self.below, other.below, _NEAR), (self.above, other.above, _NEAR))
        return all(abs(its - mine) <= part * mine for mine, its, part in (*pairs, *near))

    def and_(self, other: Stay) -> Stay:
        """Return both as one."""
        lasted = self.lasted + other.lasted
        pairs = zip(self[1:], other[1:], strict=True)
        return Stay(lasted, *((mine * self.lasted + its * other.lasted) / lasted for mine, its in pairs))


class _Kept(NamedTuple):
    place: Place
    reading: float  # S
    noise: float  # S, standard deviation that the range of the meter adds
    opens: bool  # whether nothing is known of the time before
    stays: list[Stay]  # the last one while it was read


class Window:
    """Collects readings until they are to be looked at."""

    def __init__(self, film: FilmLaw) -> None:
        self._film = film
        self.clear()

    def clear(self) -> None:
        """Begin anew; nothing is known of the time before."""
        self._kept: list[_Kept] = []
        self._stays: list[Stay] = []
        self._opens = True
        self._relaxed = 0.0

    def interrupt(self) -> None:
        """Nothing is known of a while: what comes next tells of itself alone."""
        self._stays, self._opens = [], True

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def since(self) -> Place:
        """The first sample that was kept."""
        return self._kept[0].place

    def add(self, held: list[Stay], rates: list[float], reading: float, place: Place, noise: float = 0.0) -> None:
        """Take a sample: what was held since the one before, the last while it is read; θ at each; S, NaN for none.

        `noise` in S is what the range of the meter adds to it.
        """
        self._relaxed += sum(rate * stay.lasted for rate, stay in zip(rates, held, strict=True))
        for stay in held[:-1]:
            self._hold(stay)
        moved = self._relaxed >= APART or len(self._stays) >= _PIECES
        if np.isnan(reading) or not (moved or self._opens):
            self._hold(held[-1])
            return
        self._kept.append(_Kept(place, reading, noise, self._opens, [*self._stays, held[-1]]))
        self._stays, self._relaxed, self._opens = [], 0.0, False

    def steps(self) -> Steps:
        """Return the readings in order; each is a kind of its own, and the first opens."""
        count, nothing = len(self._kept), Stay(0.0, 0.0)
        width = max(len(each.stays) for each in self._kept)
        held = np.array([[nothing] * (width - len(each.stays)) + each.stays for each in self._kept])
        piece, level = held[:, :, 0], held[:, :, 1]
        index = np.arange(count * width, dtype=np.int32).reshape(count, width)
        aperture, piece = piece[:, -1].copy(), np.column_stack([piece[:, :-1], np.zeros(count)])
        return Steps(
            time=np.cumsum(piece.sum(axis=1) + aperture) - 0.5 * aperture,
            reading=np.array([each.reading for each in self._kept]),
            opens=np.array([each.opens for each in self._kept]),
            kind=np.arange(count, dtype=np.int32),
            level=level.ravel(),
            at=index[:, -1],
            piece_level=index,
            piece=piece,
            read_level=index[:, -1],
            aperture=aperture,
            noise=np.array([each.noise for each in self._kept]),
            pull=_pull(held) if held[:, :, 2].any() else None,
        )

    def _hold(self, stay: Stay) -> None:
        """Lengthen the last one where it is the same; what was held before a first reading tells nothing."""
        if stay.lasted <= 0.0 or self._opens:
            return
        if self._stays and self._stays[-1].is_like(stay):
            self._stays[-1] = self._stays[-1].and_(stay)
            return
        self._stays.append(stay)
        if len(self._stays) > _MOST:
            self.clear()


def _pull(held: FloatArray) -> Pull:
    """Return what pulled in stays (n, width, 6), from which the film's way is nearly the line."""
    current, voltage, below, above = held.reshape(-1, held.shape[2]).T[2:]
    return Pull(current, voltage, below, above, np.zeros((len(held), 3)))


def samples_of(steps: Steps, film: FilmLaw) -> tuple[list[list[Stay]], list[list[float]]]:
    """Return what was held in each sample of a block, as `Window.add` takes it, and θ at each level."""
    at = np.column_stack([steps.piece_level, steps.read_level])
    lasted: FloatArray = np.column_stack([steps.piece, steps.aperture])
    pull = steps.pull
    pulls = () if pull is None else (pull.current, pull.voltage, pull.below, pull.above)
    rates = film.law.rate(steps.level)[at] if pull is None else film.course(steps.level, pull)[0][at]
    columns = (lasted.tolist(), *(each[at].tolist() for each in (steps.level, *pulls)))
    held = [[Stay(*each) for each in zip(*row, strict=True)] for row in zip(*columns, strict=True)]
    return held, rates.tolist()


def bent(steps: Steps, film: FilmLaw) -> BoolArray:
    """Return in which samples a film leaves the straight line too far to be looked at, (n,)."""
    if steps.pull is None:
        return np.zeros(steps.reading.size, np.bool_)
    own = film.law.noise * film.span * np.sqrt(steps.duration)
    return np.abs(steps.pull.beside).max(axis=1) > _BENT * own
