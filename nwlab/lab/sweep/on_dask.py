"""Workers of a Dask cluster, on this computer or on many."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from nwlab.core.errors import NwlabError, UsageError
from nwlab.lab.sweep.executor import as_they_come
from nwlab.lab.sweep.order import deciding_versions

T = TypeVar("T")
R = TypeVar("R")

_PATIENCE = 10.0  # s that a scheduler may take to answer


class Dask:
    """The workers that a scheduler has when the sweep begins."""

    def __init__(self, address: str) -> None:
        """Connect to "host:port"; raises UsageError when that cannot be, or there are no workers like this program."""
        try:
            import distributed
        except ImportError as error:
            raise UsageError('Dask is not installed; install it with: pip install "nwlab[dask]"') from error
        self._dask: Any = distributed
        self._place = f"the Dask scheduler at {address}"
        try:
            self._client: Any = distributed.Client(f"tcp://{address}", timeout=_PATIENCE)
        except (OSError, ValueError) as error:
            raise UsageError(f"no Dask scheduler answers at {address}: {error}") from error
        try:
            self._check()
        except BaseException:
            self._client.close()
            raise

    def _check(self) -> None:
        self.workers = sum(self._client.nthreads().values())
        if not self.workers:
            raise UsageError(f"{self._place} has no workers yet: start some with: dask worker ADDRESS")
        try:
            found: dict[str, dict[str, str]] = self._client.run(deciding_versions)
        except Exception as error:
            raise UsageError(f"the workers of {self._place} cannot load nwlab: {error}") from error
        ours = deciding_versions()
        for worker, theirs in found.items():
            if theirs != ours:
                raise UsageError(f"worker {worker} of {self._place} has {theirs}, but here is {ours}")

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Generator[R]:
        """Yield what `function` makes of each item; see `Executor`. Workers need the same nwlab and the same files."""

        def submit(item: T) -> Any:
            return self._client.submit(function, item, pure=False)

        def first_of(waiting: set[Any]) -> set[Any]:
            return set(self._dask.wait(waiting, return_when="FIRST_COMPLETED").done)

        try:
            for done in as_they_come(submit, first_of, items, self.workers + 1):
                yield done.result()
        except NwlabError:
            raise
        except Exception as error:
            raise NwlabError(f"the Dask workers cannot go on: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Let go of the cluster, which goes on without this program."""
        self._client.close()
