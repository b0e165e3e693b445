"""Signs of life of a twin's process: one that works for long is told from one that is frozen."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import IO

from nwlab.twin.wire import ALIVE, send

_INTERVAL = 0.5
"""s between signs of life."""


class Pulse:
    """Sends signs of life from a thread of its own while it is entered; compiling lets that run, too.

    What else is sent goes through the same buffered stream, which keeps apart what two threads write.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._over = stream, threading.Event()
        self._thread = threading.Thread(target=self._beat, name="nwlab twin's pulse", daemon=True)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()  # a thread that still holds the stream when the interpreter leaves would make it crash

    def _beat(self) -> None:
        try:
            while not self._over.wait(_INTERVAL):
                send(self._stream, ALIVE)
                self._stream.flush()
        except OSError:  # nobody reads any more, which the main thread finds out, too
            pass
