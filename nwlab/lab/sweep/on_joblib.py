"""Workers of joblib, which computing centres know."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from nwlab.core.errors import UsageError
from nwlab.lab.sweep.executor import deaf_children

T = TypeVar("T")
R = TypeVar("R")


class Joblib:
    """So many workers of joblib's usual backend."""

    def __init__(self, workers: int) -> None:
        """Raise UsageError when joblib is not installed."""
        try:
            import joblib
        except ImportError as error:
            raise UsageError('joblib is not installed; install it with: pip install "nwlab[parallel]"') from error
        self.workers, self._joblib = workers, joblib

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Generator[R]:
        """Yield what `function` makes of each item; see `Executor`."""
        order = self._joblib.delayed(function)
        parallel = self._joblib.Parallel(
            self.workers, return_as="generator_unordered", batch_size=1, pre_dispatch=self.workers + 1
        )
        with deaf_children():
            results = parallel(order(item) for item in items)
        try:
            yield from results
        finally:
            results.close()

    def close(self) -> None:
        """Joblib keeps its workers for whoever comes next in this program, and ends them with it."""
