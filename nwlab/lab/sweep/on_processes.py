"""Worker processes of this program."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from nwlab.core.errors import NwlabError
from nwlab.lab.sweep.executor import as_they_come, deaf_children

T = TypeVar("T")
R = TypeVar("R")


class Processes:
    """So many processes, started afresh: nothing of this one's state gets there but what is sent."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Generator[R]:
        """Yield what `function` makes of each item; see `Executor`. `function` and items are pickled."""
        others = set(multiprocessing.active_children())
        pool = ProcessPoolExecutor(self.workers, multiprocessing.get_context("spawn"), _end_with_parent)

        def submit(item: T) -> Future[R]:
            with deaf_children():
                return pool.submit(function, item)

        def first_of(waiting: set[Future[R]]) -> set[Future[R]]:
            return wait(waiting, return_when=FIRST_COMPLETED).done

        try:
            for done in as_they_come(submit, first_of, items, self.workers + 1):
                yield done.result()
        except BrokenProcessPool as error:
            raise NwlabError(
                "a worker process has ended without a word: perhaps the memory ran out; fewer workers need less"
            ) from error
        except BaseException:
            for child in set(multiprocessing.active_children()) - others:
                child.kill()  # it holds nothing but its own arithmetic
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        """They have ended with the map."""


def _end_with_parent() -> None:
    """Have this worker end when the program that started it is killed; it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="nwlab parent", daemon=True).start()
