"""Where points are played: one interface, shaped like `map`, whoever does the work."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from nwlab.core.errors import UsageError

T = TypeVar("T")
R = TypeVar("R")
F = TypeVar("F")

KNOWN = "serial, processes[:N], joblib[:N] or dask://host:port"
_DASK = "dask://"
_LOCAL = re.compile(r"(serial|processes|joblib)(?::(\d+))?")


class Executor(Protocol):
    """Does work somewhere."""

    @property
    def workers(self) -> int:
        """How many pieces of work are under way at once."""
        ...

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Generator[R]:
        """Yield what `function` makes of each item as it comes, in any order.

        An item is taken from `items` when a worker is about to be free, not before. Closing the generator gives up
        what is under way. Raises what `function` raises, and NwlabError when there are no workers left.
        """
        ...

    def close(self) -> None:
        """Let go of the workers."""
        ...


class Serial:
    """Here, one after the other."""

    workers = 1

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Generator[R]:
        """Yield what `function` makes of each item; see `Executor`."""
        yield from map(function, items)

    def close(self) -> None:
        """There is nothing to let go of."""


def executor(text: str) -> Executor:
    """Return the executor that a text means: "serial", "processes:4", "joblib", "dask://host:8786".

    Raises UsageError for anything else, for packages that are missing, and for a scheduler that does not answer.
    """
    if text.startswith(_DASK):
        from nwlab.lab.sweep.on_dask import Dask

        return Dask(text.removeprefix(_DASK))
    found = _LOCAL.fullmatch(text)
    if found is None or (found[1] == "serial" and found[2]) or found[2] == "0":
        raise UsageError(f"there is no executor {text!r}; write {KNOWN}, where N is how many work at once")
    workers = int(found[2]) if found[2] else processors()
    if found[1] == "processes":
        from nwlab.lab.sweep.on_processes import Processes

        return Processes(workers)
    if found[1] == "joblib":
        from nwlab.lab.sweep.on_joblib import Joblib

        return Joblib(workers)
    return Serial()


def processors() -> int:
    """Return how many processors this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def as_they_come(
    submit: Callable[[T], F], first_of: Callable[[set[F]], set[F]], items: Iterable[T], most: int
) -> Iterator[F]:
    """Yield what was submitted once it is done, with at most `most` under way; `first_of` waits for one at least."""
    waiting: set[F] = set()
    for item in items:
        waiting.add(submit(item))
        if len(waiting) >= most:
            done = first_of(waiting)
            waiting -= done
            yield from done
    while waiting:
        done = first_of(waiting)
        waiting -= done
        yield from done


@contextmanager
def deaf_children() -> Generator[None]:
    """Have processes that are started meanwhile ignore Ctrl-C and a closed terminal, which this one answers for all.

    A signal that comes meanwhile is taken afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
