"""What a bench process did, line by line, for whoever comes to look later."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

from nwlab.core.clock import utc_now
from nwlab.core.record import plain


class Logbook:
    """JSON lines with wall time; a file that cannot be written keeps nobody from making safe."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._file = -1
        self._kept: list[bytes] = []  # until there is a file

    def move(self, path: str) -> None:
        """Write to a file from now on, beginning with what was kept so far."""
        self.close()
        with contextlib.suppress(OSError, ValueError):
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            for line in self._kept:
                os.write(self._file, line)
            self._kept = []

    def write(self, what: str, **content: Any) -> None:
        """Keep one line."""
        line = {"at": utc_now().isoformat(), "who": self._who, "pid": os.getpid(), "what": what, **content}
        data = (json.dumps(plain(line)) + "\n").encode()  # ASCII, which takes any text
        if self._file < 0:
            self._kept = [*self._kept[-99:], data]
            return
        with contextlib.suppress(OSError):
            os.write(self._file, data)
            os.fsync(self._file)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = -1
