"""What people ask of a run while it is played: to stop, to pause, to go on.

A request from another terminal or computer is a file in the run's folder, which the program that plays the run takes
away. That works over network drives and on every system, and needs no process number, which by then may belong to
another program.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from nwlab.core.clock import Clock, SystemClock, utc_now
from nwlab.core.errors import Stopped, StorageError
from nwlab.runs.appender import replace_json

OFTEN = 0.2
"""s between looks into the folder, at least."""
_BREATH = 0.1  # s between signs of life while a run pauses


class Request(Enum):
    """What can be asked for; the value is the name of the file that does it."""

    STOP = ".stop"
    PAUSE = ".pause"
    CONTINUE = ".continue"


class Requests:
    """What is asked of one run. `stop` may be called from any thread and from a signal handler."""

    def __init__(self, clock: Clock | None = None) -> None:
        """`clock` says when to look into the folder; None = the computer's monotonic clock."""
        self.clock = clock or SystemClock()
        self._folder: Path | None = None
        self._error: BaseException | None = None
        self._next = self.clock.now()
        self.pause = False

    def watch(self, folder: Path) -> None:
        """Take requests that come as files in `folder`, too."""
        self._folder = folder

    def stop(self, error: BaseException | None = None) -> None:
        """Ask the run to end after its present block, with `error`; the first one counts."""
        if self._error is None:
            self._error = error or Stopped("stopped by the program that started it")

    def look(self) -> None:
        """Raise what ends the run, if anybody asked for that; looks into the folder now and then."""
        if self._folder is not None and self.clock.now() >= self._next:
            self._read(self._folder)
            self._next = self.clock.now() + OFTEN
        if self._error is not None:
            raise self._error

    def wait(self, idle: Callable[[], None]) -> None:
        """Wait while a pause is asked for, calling `idle` several times a second; raises what ends the run."""
        while self.pause:
            idle()
            self.clock.sleep(_BREATH)
            self.look()

    def close(self) -> None:
        """Take back what was asked: the run has ended."""
        if self._folder is not None:
            for each in Request:
                _take(self._folder, each)
            self._folder = None

    def _read(self, folder: Path) -> None:
        by = _who(folder)
        if _take(folder, Request.STOP):
            self.stop(Stopped(f"stopped by {by}"))
        if _take(folder, Request.PAUSE):
            self.pause = True
        if _take(folder, Request.CONTINUE):
            self.pause = False


def ask(folder: Path, request: Request, by: str = "`nwlab stop`") -> None:
    """Leave a request for the program that plays the run in `folder`; raises StorageError.

    `by` says in the record who stopped the run.
    """
    if request is not Request.STOP:
        _take(folder, Request.PAUSE if request is Request.CONTINUE else Request.CONTINUE)
    try:
        replace_json(folder / request.value, {"at": utc_now().isoformat(), "by": by})
    except OSError as error:
        raise StorageError(f"the request cannot be left in {folder}: {error.strerror}") from error


def is_waiting(folder: Path, request: Request) -> bool:
    """Whether nobody has taken the request yet."""
    return (folder / request.value).exists()


def withdraw(folder: Path, request: Request) -> None:
    """Take a request back."""
    _take(folder, request)


def _who(folder: Path) -> str:
    """Return who asks for a stop, as far as the request says so: any file of that name is one."""
    try:
        content = json.loads((folder / Request.STOP.value).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    by = content.get("by") if isinstance(content, dict) else None
    return by if isinstance(by, str) else "`nwlab stop`"


def _take(folder: Path, request: Request) -> bool:
    with contextlib.suppress(OSError):
        (folder / request.value).unlink()
        return True
    return False
