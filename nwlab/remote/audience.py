"""Observers of a bench: they are told what happens and can change nothing."""

from __future__ import annotations

import contextlib
import threading
from queue import Empty, Full, Queue
from typing import ClassVar

from nwlab.core.errors import UsageError, WireError
from nwlab.remote.failure import failure_message
from nwlab.remote.message import Message
from nwlab.remote.pipe import Pipe

_BEHIND = 256  # messages that an observer may be behind
_PATIENCE = 5.0  # s that it may take over one
_LOOK = 1.0  # s after which is looked whether it is still there, while nothing happens


class Audience:
    """Passes messages on to observers; one that does not keep up is left behind, so that none can slow the bench."""

    ROOM: ClassVar[int] = 32  # observers at once

    def __init__(self) -> None:
        self._seats: list[_Seat] = []
        self._lock = threading.Lock()

    def add(self, pipe: Pipe, greeting: Message) -> None:
        """Take an observer in and tell it what it watches, or why it may not; raises Gone."""
        with self._lock:
            self._seats = [seat for seat in self._seats if seat.taken]
            if len(self._seats) < self.ROOM:
                self._seats.append(_Seat(pipe))
                self._seats[-1].offer(greeting)
                return
        pipe.send(failure_message(UsageError(f"{self.ROOM} others watch already")), patience=1.0)
        pipe.close()

    def tell(self, message: Message) -> None:
        """Have everyone told, without waiting for any of them."""
        with self._lock:
            self._seats = [seat for seat in self._seats if seat.offer(message)]

    def close(self) -> None:
        """Part with everyone."""
        with self._lock:
            while self._seats:
                self._seats.pop().leave()


class _Seat:
    """One observer, with a thread that tells it what has been offered."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe, self.taken = pipe, True
        self._offered: Queue[Message] = Queue(_BEHIND)
        threading.Thread(target=self._work, name="nwlab tells an observer", daemon=True).start()

    def offer(self, message: Message) -> bool:
        """Take a message without waiting, and tell whether the observer is still there."""
        try:
            self._offered.put_nowait(message)
        except Full:
            self.leave()
        return self.taken

    def leave(self) -> None:
        """Close the connection, which ends the thread wherever it waits."""
        self.taken = False
        self._pipe.close()

    def _work(self) -> None:
        with contextlib.suppress(WireError):
            while self.taken:
                try:
                    self._pipe.send(self._offered.get(timeout=_LOOK), _PATIENCE)
                except Empty:
                    self._pipe.receive(0.0)  # what an observer says is of no interest, but whether it is there
        self.leave()
