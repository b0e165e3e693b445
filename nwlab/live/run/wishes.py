"""What was asked of a run from its window, without waiting for the disk."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import SimpleQueue

from nwlab.core.clock import Clock
from nwlab.core.errors import StorageError
from nwlab.runs.requests import Request, ask, is_waiting, withdraw


class Wishes:
    """Leaves requests in a run's folder; a thread does it, since a folder on a network drive may take its time."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._since = 0.0
        self._queue: SimpleQueue[Request | None] = SimpleQueue()
        self._left: Request | None = None  # what stands in the folder, as far as nobody took it
        self.last: Request | None = None  # what was asked for last
        self.heard = True  # whether the run has taken it
        self.trouble = ""  # why it could not be left
        threading.Thread(target=self._work, name="nwlab asks", daemon=True).start()

    @property
    def age(self) -> float:
        """How long ago the last request was made, in s."""
        return self._clock.now() - self._since

    def ask(self, request: Request) -> None:
        """Ask a run for something."""
        self.last, self.heard, self.trouble, self._since = request, False, "", self._clock.now()
        self._left = None
        self._queue.put(request)

    def look(self) -> None:
        """See whether the run has taken the request."""
        if self._left is not None and self._left is self.last:
            self.heard = self.heard or not is_waiting(self._folder, self._left)

    def note(self, *, is_paused: bool) -> None:
        """Forget a wish that has come true, or that could not be left."""
        true = {Request.PAUSE: is_paused, Request.CONTINUE: not is_paused}
        if self.last is not None and ((self.heard and true.get(self.last)) or self.trouble):
            self.last, self.heard = None, True

    def drop(self) -> None:
        """Take back what nobody will hear any more."""
        if self._left is not None:
            withdraw(self._folder, self._left)
            self._left = self.last = None
            self.heard = True

    def close(self) -> None:
        """Ask for nothing more."""
        self._queue.put(None)

    def _work(self) -> None:
        while (request := self._queue.get()) is not None:
            try:
                ask(self._folder, request, by="a person at its window")
                self._left = request
            except StorageError as error:
                self.trouble = str(error)
