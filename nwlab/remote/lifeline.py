"""Notice of another process's death before the system has taken its memory down.

A closed socket tells of a death only after all memory of the dead was released, which takes some ms for every 100 MB. A
robust mutex in shared memory, locked by the other process's main thread, is given up at the very beginning of its end
(pthread_mutexattr_setrobust(3), "EOWNERDEAD"). Where the system has no such thing, the socket alone tells.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import sys
import threading
from collections.abc import Callable

_SIZE = 4096  # bytes, a page
_SHARED = _ROBUST = 1  # PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_ROBUST
_MUTEX, _ATTRIBUTES = 128, 64  # bytes, more than any system's pthread_mutex_t and pthread_mutexattr_t


class Lifeline:
    """One end of a line between two processes; as long as one holds it, that one is alive."""

    def __init__(self, descriptor: int) -> None:
        """Take an end of the line that `new` made, by its descriptor."""
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SIZE)
        self._mutex = (ctypes.c_char * _MUTEX).from_buffer(self._memory)
        self._library = ctypes.CDLL(None)

    @classmethod
    def new(cls) -> Lifeline | None:
        """Make a line that nobody holds yet; None where the system has none."""
        if not sys.platform.startswith("linux"):
            return None
        descriptor = os.memfd_create("nwlab lifeline")
        os.ftruncate(descriptor, _SIZE)
        line = cls(descriptor)
        return line if line._make() else None

    def hold(self) -> None:
        """Hold the line from now on, in the main thread only; elsewhere it stays unheld and tells nothing.

        A mutex belongs to a thread: another thread's end would be taken for the end of the program.
        """
        if threading.current_thread() is threading.main_thread():
            self._library.pthread_mutex_lock(self._mutex)

    def on_death(self, action: Callable[[], None]) -> None:
        """Call `action` once, in a thread of its own, when the holder dies without having let go; held by now."""

        def wait() -> None:
            if self._library.pthread_mutex_lock(self._mutex) == errno.EOWNERDEAD:
                action()

        threading.Thread(target=wait, name="nwlab holds the lifeline", daemon=True).start()

    def let_go(self) -> None:
        """End holding it while alive."""
        self._library.pthread_mutex_unlock(self._mutex)

    def close(self) -> None:
        """Give the descriptor back; the line itself lasts as long as either process."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _make(self) -> bool:
        attributes, library = ctypes.create_string_buffer(_ATTRIBUTES), self._library
        made = (
            library.pthread_mutexattr_init(attributes)
            or library.pthread_mutexattr_setpshared(attributes, _SHARED)
            or library.pthread_mutexattr_setrobust(attributes, _ROBUST)
            or library.pthread_mutex_init(self._mutex, attributes)
        )
        return made == 0
