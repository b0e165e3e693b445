"""The last readings of a pair of terminals with all that was held between them, thinned to what they can tell.

The law's rates show in how readings a good part of a relaxation time apart follow one another; a thousand readings of
a chip that has hardly moved say no more than one. So a reading is kept when the film has had time to move since the one
kept before, or when much was done to it meanwhile; what was held while others were read counts as held.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.drive import FloatArray
from nwlab.twin.film_law import FilmLaw

APART = 0.05
"""Relaxation times between two readings that are kept."""
_PIECES = 6
"""Levels between two readings after which the second is kept at once."""
_MOST = 500
"""Levels without a reading after which the window begins anew: what came of so many is no longer to be told."""
_SAME, _FAINT = 5e-4, 1e-4
"""Levels within this part of one another, or this many V, are one level."""


class Place(NamedTuple):
    """A sample."""

    drive: int
    step: int


class _Kept(NamedTuple):
    place: Place
    reading: float  # S
    level: float  # V, read at
    aperture: float  # s
    noise: float  # S, standard deviation that the range of the meter adds
    pieces: list[tuple[float, float]]  # V, s


class Window:
    """Collects readings until they are to be looked at."""

    def __init__(self, film: FilmLaw) -> None:
        self._film = film
        self.clear()

    def clear(self) -> None:
        """Begin anew; nothing is known of the time before."""
        self._kept: list[_Kept] = []
        self._pieces: list[tuple[float, float]] = []
        self._relaxed = 0.0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def since(self) -> Place:
        """The first sample that was kept."""
        return self._kept[0].place

    def add(
        self, held: list[tuple[float, float]], rates: list[float], reading: float, place: Place, noise: float = 0.0
    ) -> None:
        """Take a sample: levels (V, s) since the one before, the last while it is read; θ at each; S, NaN for none.

        `noise` in S is what the range of the meter adds to it.
        """
        self._relaxed += sum(rate * length for rate, (_, length) in zip(rates, held, strict=True))
        for level, length in held[:-1]:
            self._hold(level, length)
        level, aperture = held[-1]
        moved = self._relaxed >= APART or len(self._pieces) >= _PIECES
        if np.isnan(reading) or (self._kept and not moved):
            self._hold(level, aperture)
            return
        self._kept.append(_Kept(place, reading, level, aperture, noise, self._pieces))
        self._pieces, self._relaxed = [], 0.0

    def steps(self) -> Steps:
        """Return the readings in order; each is a kind of its own, and the first opens."""
        count = len(self._kept)
        width = 1 + max(len(each.pieces) for each in self._kept)
        level, piece = np.zeros((count, width)), np.zeros((count, width))
        for k, each in enumerate(self._kept):
            level[k, -1] = each.level
            for place, (volts, length) in enumerate(each.pieces):
                level[k, place], piece[k, place] = volts, length
        index = np.arange(count * width, dtype=np.int32).reshape(count, width)
        aperture = np.array([each.aperture for each in self._kept])
        return Steps(
            time=np.cumsum(piece.sum(axis=1) + aperture) - 0.5 * aperture,
            reading=np.array([each.reading for each in self._kept]),
            opens=np.arange(count) == 0,
            kind=np.arange(count, dtype=np.int32),
            level=level.ravel(),
            at=index[:, -1],
            piece_level=index,
            piece=piece,
            read_level=index[:, -1],
            aperture=aperture,
            noise=np.array([each.noise for each in self._kept]),
        )

    def _hold(self, level: float, length: float) -> None:
        """Lengthen the last piece where the level is the same; what was held before the first reading tells nothing."""
        if length <= 0.0 or not self._kept:
            return
        if self._pieces:
            before, lasted = self._pieces[-1]
            if abs(level - before) <= _SAME * before + _FAINT:
                whole = lasted + length
                self._pieces[-1] = (before * lasted + level * length) / whole, whole
                return
        self._pieces.append((level, length))
        if len(self._pieces) > _MOST:
            self.clear()


def samples_of(steps: Steps, film: FilmLaw) -> tuple[list[list[tuple[float, float]]], list[list[float]]]:
    """Return what was held in each sample of a block, as `Window.add` takes it, and θ at each level."""
    levels = steps.level[steps.piece_level]
    levels = np.column_stack([levels, steps.level[steps.read_level]])
    lengths: FloatArray = np.column_stack([steps.piece, steps.aperture])
    rates = np.asarray(film.law.rate(levels))
    held = [list(zip(*row, strict=True)) for row in zip(levels.tolist(), lengths.tolist(), strict=True)]
    return held, rates.tolist()
