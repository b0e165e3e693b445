"""Points go to workers in batches: a message to a worker may cost as much as a point that is quickly played."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nwlab.core.clock import SystemClock
from nwlab.core.errors import NwlabError
from nwlab.core.own_code import printing_aside
from nwlab.lab.sweep.order import order_from
from nwlab.lab.sweep.point import Studio

_LEAST, _MOST = 0.1, 0.5  # s that a batch should take
_TURNS = 4  # batches that each worker should still get, so that all end at about the same time

Batch = tuple[int, ...]
"""Numbers of points."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a worker sends back. Errors are told in words: not every one of them can be sent."""

    rows: tuple[dict[str, Any], ...]
    seconds: float
    failure: str = ""  # why no more points can be played, as told to people
    exit_code: int = 0


def play_batch(words: str, batch: Batch) -> Played:
    """Play some points of the order that `words` say, in whatever process or thread this is."""
    clock = SystemClock()
    try:
        with printing_aside():
            studio = _studio(words, threading.get_ident())
            since = clock.now()
            rows = tuple(studio.play(number) for number in batch)
    except NwlabError as error:
        return Played((), 0.0, str(error), error.exit_code)
    return Played(rows, clock.now() - since)


@lru_cache(64)
def _studio(words: str, _thread: int) -> Studio:
    """Threads do not share one: it remembers in which step it is."""
    return Studio(order_from(words))


class Batches:
    """Hands out points in order, as many at once as take 0.1 to 0.5 s: one by one at first, fewer in the end."""

    def __init__(self, points: Sequence[int], workers: int) -> None:
        self._points, self._workers = points, workers
        self._next = 0
        self._each: float | None = None  # s per point, of the last batch that came back

    def __iter__(self) -> Iterator[Batch]:
        while self._next < len(self._points):
            first, self._next = self._next, self._next + self._size()
            yield tuple(self._points[first : self._next])

    def took(self, played: Played) -> None:
        """Learn from a batch how long points take."""
        if played.rows:
            self._each = played.seconds / len(played.rows)

    def _size(self) -> int:
        if self._each is None:
            return 1
        fair = (len(self._points) - self._next) // (_TURNS * self._workers)
        least, most = (int(span / max(self._each, 1e-6)) for span in (_LEAST, _MOST))
        return max(1, least, min(fair, most))
