"""Subscribers that may be slow or fail without harm to the run."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from nwlab.core.events import BlockArrived, Event, Noted, RunFinished, Subscriber


class Listener(Protocol):
    """Listens to a run without being able to harm it."""

    def __call__(self, event: Event) -> None:
        """Take an event; returns at once."""
        ...

    def complaint(self) -> Noted | None:
        """Return what went wrong since the last call, if anything."""
        ...

    def findings(self) -> Sequence[Event]:
        """Return what it has to add to the record since the last call."""
        ...

    def close(self) -> None:
        """Let it work off what is left. What was measured is on its way to the disk by then."""
        ...


class Background:
    """Hands events to a subscriber in a thread of its own and drops blocks that it is too slow for.

    A subscriber that raises is not called again; `complaint` says so once.
    """

    def __init__(self, subscriber: Subscriber, name: str = "", size: int = 256) -> None:
        self.name = name or type(subscriber).__name__
        self.dropped = 0
        self._subscriber, self._size = subscriber, size
        self._queue: deque[Event] = deque()
        self._ready = threading.Condition()
        self._failure: Noted | None = None
        self._dead = self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"nwlab {self.name}", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        """Queue an event; returns at once."""
        with self._ready:
            if self._dead or self._closed:
                return
            if self._is_full(event):
                self.dropped += 1
                return
            self._queue.append(event)
            self._ready.notify()

    def complaint(self) -> Noted | None:
        """Return what went wrong since the last call, if anything."""
        with self._ready:
            failure, self._failure = self._failure, None
        return failure

    def findings(self) -> Sequence[Event]:
        """Return nothing: a subscriber only listens."""
        return ()

    def close(self, patience: float = 2.0) -> None:
        """Let the subscriber work off what is queued, for at most `patience` s; then it is left behind."""
        with self._ready:
            if self._closed:
                return
            self._closed = True
            if self.dropped and self._failure is None:
                self._failure = Noted("dropped", {"subscriber": self.name, "events": self.dropped})
            self._ready.notify()
        self._thread.join(patience)

    def _is_full(self, event: Event) -> bool:
        """Blocks go first; what says where the run stands has four times the room, its end always some."""
        room = self._size if isinstance(event, BlockArrived) else 4 * self._size
        return len(self._queue) >= room and not isinstance(event, RunFinished)

    def _work(self) -> None:
        while (event := self._next()) is not None:
            try:
                self._subscriber(event)
            except Exception as error:
                self._give_up(error)
                return

    def _next(self) -> Event | None:
        with self._ready:
            while not self._queue and not self._closed:
                self._ready.wait()
            return self._queue.popleft() if self._queue else None

    def _give_up(self, error: Exception) -> None:
        with self._ready:
            self._dead = True
            self._queue.clear()
            self._failure = Noted(
                "subscriber failed", {"subscriber": self.name, "error": f"{type(error).__name__}: {error}"}
            )
