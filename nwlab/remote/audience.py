"""Observers of a bench: they are told what happens and can change nothing."""

from __future__ import annotations

import threading

from nwlab.remote.message import Message
from nwlab.remote.pipe import Gone, Pipe


class Audience:
    """Passes messages on to observers; one that does not keep up is left behind, so that none can slow the bench."""

    def __init__(self) -> None:
        self._pipes: list[Pipe] = []
        self._lock = threading.Lock()

    def add(self, pipe: Pipe, greeting: Message) -> None:
        """Take an observer in and tell it what it watches; raises Gone when it has left already."""
        pipe.send(greeting, patience=1.0)
        with self._lock:
            self._pipes.append(pipe)

    def tell(self, message: Message) -> None:
        """Tell everyone."""
        with self._lock:
            for pipe in tuple(self._pipes):
                try:
                    pipe.send(message, patience=0.0)
                except Gone:
                    self._pipes.remove(pipe)
                    pipe.close()

    def close(self) -> None:
        """Part with everyone."""
        with self._lock:
            while self._pipes:
                self._pipes.pop().close()
