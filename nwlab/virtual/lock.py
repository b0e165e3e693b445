"""A re-entrant lock that lets go completely while its holder waits."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager


class WorldLock:
    """Held by whoever acts on the world; `released` gives it up, however deep it is held."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0  # written by the holder only

    def __enter__(self) -> WorldLock:
        self._lock.acquire()
        self._depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        self._lock.release()

    @contextmanager
    def released(self) -> Generator[None, None, None]:
        """Let others act meanwhile, then hold the lock as deep as before; only for its holder."""
        depth, self._depth = self._depth, 0
        for _ in range(depth):
            self._lock.release()
        try:
            yield
        finally:
            for _ in range(depth):
                self._lock.acquire()
            self._depth = depth
