"""Two families of error, and the exit code that each one leaves behind.

    NwlabError                      1   a fault of nwlab itself
    ├── AskedError                      we asked wrongly: nothing was sent
    │   ├── UsageError              2
    │   ├── FileError               3   names file, line and key
    │   └── DriveError              4   refused by a limit, or beyond what the bench can do
    ├── ComplianceError         4   a limit acted, and the protocol asks to stop then
    ├── AnswerError                 5   they answered wrongly: the bench has gone to its safe state
    │   ├── InstrumentError             the instrument reported an error of its own
    │   │   ├── RebootError                 it lost its settings, or somebody else set it
    │   │   └── InterlockError              it may not drive: the interlock is open
    │   ├── WireError                   the link: a time-out, a torn or strange reply
    │   └── TwinError                   a twin that was asked is dead, frozen or too slow
    ├── StorageError                6   the record could not be kept
    └── UnsafeError                 7   the safe state could NOT be confirmed

Interrupts leave 130 (SIGINT) and 143 (SIGTERM).
"""

from __future__ import annotations

from pathlib import Path


class NwlabError(Exception):
    """Anything that nwlab has to tell its user."""

    exit_code = 1


class AskedError(NwlabError):
    """We asked for something wrong; nothing was sent to an instrument."""


class UsageError(AskedError):
    """A command or call that makes no sense as written."""

    exit_code = 2


class FileError(AskedError):
    """A file that cannot be used, with the place to look at."""

    exit_code = 3

    def __init__(self, text: str, path: str | Path, line: int | None = None, key: str = "") -> None:
        self.path, self.line, self.key = Path(path), line, key
        place = f"{path}:{line}" if line else str(path)
        super().__init__(f"{place}: {f'{key}: ' if key else ''}{text}")


class DriveError(AskedError):
    """A drive that the chip, the bench or an instrument must not or cannot play; not a byte has left."""

    exit_code = 4


class ComplianceError(NwlabError):
    """A source reached its compliance in a run that is to stop there."""

    exit_code = 4


class AnswerError(NwlabError):
    """They answered wrongly; the chip may be in any state until the bench has gone to rest."""

    exit_code = 5


class InstrumentError(AnswerError):
    """An instrument put an error into its queue."""

    def __init__(self, code: int, text: str, instrument: str) -> None:
        self.code, self.text, self.instrument = code, text, instrument
        super().__init__(f"{instrument} reports error {code}: {text}")


class RebootError(InstrumentError):
    """An instrument lost the mark that we left in it: it was off, or another program took it over."""

    def __init__(self, text: str, instrument: str) -> None:
        super().__init__(0, text, instrument)

    def __str__(self) -> str:
        return f"{self.instrument} {self.text}"


class InterlockError(InstrumentError):
    """An interlock is open or has tripped; closing it does not switch anything on again."""

    def __str__(self) -> str:
        return f"{self.instrument}: {self.text}"


class WireError(AnswerError):
    """A link that timed out, broke, or carried something that is no answer."""


class TwinError(AnswerError):
    """A twin that a protocol asked did not answer; raised at the protocol's `yield`, which may go on without it."""


class StorageError(NwlabError):
    """The record of a run cannot be written or read."""

    exit_code = 6


class Stopped(KeyboardInterrupt):
    """Somebody asked for a run to end after the block that was under way; the text says who."""

    exit_code = 130


class Terminated(BaseException):
    """The system asked the program to end (SIGTERM, SIGHUP)."""

    exit_code = 143


class UnsafeError(NwlabError):
    """The safe state could not be confirmed: look at the instruments before touching the chip."""

    exit_code = 7
