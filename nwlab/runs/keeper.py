"""Has the disk keep what was written, beside the run: samples must not wait for a disk that takes its time."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from nwlab.core.clock import Clock
from nwlab.runs.appender import Appender


class Keeper:
    """Syncs files, in this order, in a thread of its own."""

    def __init__(self, files: Sequence[Appender], clock: Clock) -> None:
        self._files, self._clock = files, clock
        self._asked, self._idle = threading.Event(), threading.Event()
        self._idle.set()
        self._since = clock.now()
        self._failure: Exception | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="nwlab disk", daemon=True)
        self._thread.start()

    @property
    def behind(self) -> float:
        """For how many s the disk has been at what was asked for last; 0 when it is done."""
        return 0.0 if self._idle.is_set() else self._clock.now() - self._since

    def ask(self) -> None:
        """Begin to sync unless that is under way, and return at once; raises OSError when a file has gone."""
        for file in self._files:
            file.look()
        if not self._idle.is_set():
            return
        self._since = self._clock.now()
        self._idle.clear()
        self._asked.set()

    def sync(self) -> None:
        """Sync now and return when it is done; raises OSError, and what failed before."""
        self._idle.wait()
        self.complain()
        self._sync()
        for file in self._files:
            file.look()

    def complain(self) -> None:
        """Raise what went wrong with what was asked for before: an OSError, or a fault of ours."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Let what is under way end, then the thread."""
        self._idle.wait()
        self._closed = True
        self._asked.set()
        self._thread.join()

    def _sync(self) -> None:
        for file in self._files:
            file.sync()

    def _work(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            if self._closed:
                return
            try:
                self._sync()
            except (
                Exception
            ) as error:  # whatever it is: the run hears of it, and nobody waits for a thread that is gone
                self._failure = error
            finally:
                self._idle.set()
