"""Plays an order's points wherever an executor has them played, and keeps each as it comes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial

from nwlab.core.errors import NwlabError
from nwlab.lab.sweep.batch import Batches, Played, play_batch
from nwlab.lab.sweep.book import Book
from nwlab.lab.sweep.executor import Executor
from nwlab.lab.sweep.order import SweepOrder


class SweepError(NwlabError):
    """What ended a sweep where its points are played; told there in words, with the exit code that it leaves."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def play_missing(order: SweepOrder, book: Book, executor: Executor, tell: Callable[[int], None]) -> None:
    """Play the points that a book lacks; `tell` is called with how many it has after each batch.

    Raises SweepError when a file has changed meanwhile, NwlabError when the workers are gone, StorageError.
    """
    batches = Batches(book.missing, executor.workers)
    with closing(executor.map(partial(play_batch, order.words()), batches)) as results:
        for played in results:
            _check(played)
            batches.took(played)
            book.add(played.rows)
            tell(len(book.rows))


def _check(played: Played) -> None:
    if played.failure:
        raise SweepError(played.failure, played.exit_code)
