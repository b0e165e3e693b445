"""Windowed re-identification beside a run: names what has changed, and says when it no longer is so.

How often it errs
    Windows follow one another and share no reading, so that they are independent as long as the chip is what its file
    says, and at most one ends in every `READINGS` readings. In each, four numbers are tested on both sides. With
    Bonferroni's bound (Pubbl. R. Ist. Sup. Sci. Econ. Comm. Firenze 8 (1936) 3) a false name comes at most once in so
    many readings as was asked for when each test has the level READINGS/(4 · readings asked for).

    A cumulative sum that raises an alarm makes the window begin anew behind the readings that made it do so: the next
    is then all of the time after a change, and still independent of why it was begun. That happens once per window.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.reidentify import NAMES, Change, changes
from nwlab.twin.window import APART, Place, Window, bent, samples_of

READINGS = 1000
"""Readings in a window, when nothing else is asked for."""
_MOST = 0.1
"""The largest chance of a false name in one window, however often false alarms are accepted."""


@dataclass(frozen=True, slots=True)
class Named:
    """Something about the chip is not as its file says, from this window on."""

    change: Change
    place: Place  # the window's last sample
    since: Place  # and its first


@dataclass(frozen=True, slots=True)
class Explained:
    """The chip is again what its file says: a whole window has shown nothing else."""

    place: Place
    since: Place


class Watch:
    """Looks at one window of readings after the other."""

    def __init__(
        self, film: FilmLaw, false_alarm_steps: float, doubt: FileErrors | None = None, readings: int = READINGS
    ) -> None:
        """One false name in `false_alarm_steps` readings at most, on average; `doubt` is the chip file's own."""
        self._film, self._doubt = film, doubt or FileErrors(film.law, {})
        self._readings, self._window = readings, Window(film)
        self._false_alarm_steps = false_alarm_steps
        chance = min(readings / false_alarm_steps, _MOST)
        self.limit = -float(ndtri(chance / (2 * len(NAMES))))
        """Standard errors beyond which a number has changed."""
        self.looks = 0
        """Windows that were looked at."""
        self.bent = 0
        """Readings that no window can take, because the film moved too far in them."""
        self._standing: set[str] = set()  # what was named, and has not been explained since
        self._troubled = self._begun_anew = self._disturbed = False

    @property
    def settings(self) -> dict[str, object]:
        """What the record says about how a name comes about."""
        return {
            "readings": self._readings,
            "relaxation times apart": APART,
            "limit in errors": self.limit,
            "false name once in readings": self._false_alarm_steps,
        }

    def lose(self) -> None:
        """What comes next follows after a gap of which nothing is known."""
        self._window.clear()
        self._begun_anew = self._disturbed = False

    def interrupt(self) -> None:
        """Nothing is known of a while: what was read before still counts."""
        self._window.interrupt()

    def take(self, steps: Steps, places: Sequence[Place], alarmed: Collection[int] = ()) -> Iterator[Named | Explained]:
        """Take the samples of a block; `alarmed` are those at which a cumulative sum raised an alarm."""
        (held, rates), lost = samples_of(steps, self._film), bent(steps, self._film).tolist()
        noise = np.zeros(steps.reading.size) if steps.noise is None else steps.noise
        read = zip(steps.reading.tolist(), noise.tolist(), places, strict=True)
        for k, (levels, speeds, (reading, spread, place)) in enumerate(zip(held, rates, read, strict=True)):
            if lost[k]:
                self._window.interrupt()
                self.bent += math.isfinite(reading)
            else:
                self._window.add(levels, speeds, reading, place, spread)
            if k in alarmed:
                self._heed()
            if len(self._window) >= self._readings:
                yield from self._look(place)

    def _heed(self) -> None:
        """A cumulative sum raised an alarm."""
        self._troubled = self._disturbed = True
        if not self._begun_anew:
            self._window.clear()
            self._begun_anew, self._disturbed = True, False

    def _look(self, place: Place) -> Iterator[Named | Explained]:
        self.looks += 1
        since = self._window.since
        found = changes(self._window.steps(), self._film, self._doubt, self.limit)
        for change in found:
            if change.what not in self._standing:
                yield Named(change, place, since)
        self._standing |= {change.what for change in found}
        if not found and not self._disturbed and (self._troubled or self._standing):
            yield Explained(place, since)
            self._troubled = False
            self._standing.clear()
        self.lose()
