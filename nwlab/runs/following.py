"""A run that is followed from outside while it is played: what its folder says becomes events again.

Theory of operation. The program that plays a run writes a frame, then the journal line that speaks of it. Whoever reads
the two files therefore sees the same events in the same order a moment later, without the writer's knowledge: it cannot
be slowed down or harmed by a reader that is slow, frozen or killed, and a reader may come late, or after the end.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from nwlab.core import lock
from nwlab.core.errors import DriveError, FileError
from nwlab.core.events import (
    BlockArrived,
    DriveFinished,
    DriveStarted,
    Event,
    Noted,
    RunFinished,
    RunStarted,
)
from nwlab.core.frames import CutOffError, DamageError, decode_drive, decode_expected, decode_reading
from nwlab.core.record import BLOCKS, JOURNAL, MANIFEST, decode_line, rebuild_drive
from nwlab.runs.index import LONGEST, STRANGE, Index, Scanner
from nwlab.runs.recording import read_manifest

AT_ONCE = 20_000
"""Samples after which one call of `poll` returns, so that whoever draws them stays responsive."""


class Follower:
    """Reads the folder of a run, which may still be played, from its first line on.

    A context manager; `poll` is to be called again and again.
    """

    def __init__(self, folder: str | Path) -> None:
        """Follow the run in `folder`, which may have no journal yet; raises FileError when there is no such folder."""
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise FileError("is not the folder of a run", self.folder)
        self.damage = ""  # why the rest of the journal cannot be used; nothing more comes then
        self._files = ExitStack()
        self._journal: BinaryIO | None = None
        self._scanner: Scanner | None = None
        self._torn = b""
        self._place = 0
        self.is_level = False  # whether the last `poll` ended because nothing more was there

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self._files.close()

    @property
    def index(self) -> Index:
        """Where everything lies that has been read so far."""
        return Index() if self._scanner is None else self._scanner.index

    @property
    def is_over(self) -> bool:
        """Whether the end of the run has been read, or nothing more can be read."""
        return bool(self.index.end) or bool(self.damage)

    @property
    def is_alive(self) -> bool:
        """Whether a program plays the run; where the system cannot tell, whether its end is not on record."""
        return lock.is_held(self.folder / JOURNAL) if lock.KNOWN else not self.is_over

    @property
    def share(self) -> float:
        """How much of what has been written so far has been read, 0 to 1."""
        if self._journal is None:
            return 1.0
        size = os.fstat(self._journal.fileno()).st_size
        return min(1.0, self._place / size) if size else 1.0

    def manifest(self) -> dict[str, Any]:
        """Return `run.json` as it is now; empty when it cannot be read."""
        return read_manifest(self.folder / MANIFEST)

    def poll(self, most: int = AT_ONCE) -> list[Event]:
        """Return what has been written since the last call, in order; at most about `most` samples of it.

        Raises FileError when the files are there but may not be read.
        """
        events: list[Event] = []
        samples = 0
        self.is_level = False
        while samples < most:
            line = b"" if self.damage else self._line()
            event = self._take(line) if line else None
            if event is None:
                self.is_level = True
                break
            events.append(event)
            samples += event.reading.steps if isinstance(event, BlockArrived) else 1
        return events

    def _line(self) -> bytes:
        """Return the next whole line of the journal; empty when there is none yet."""
        if self._journal is None and not self._open():
            return b""
        assert self._journal is not None
        if not self._torn.endswith(b"\n"):  # else it is one that came before its frame
            self._torn += self._journal.readline(LONGEST)
        if not self._torn.endswith(b"\n"):
            return b""
        line, self._torn = self._torn, b""
        return line

    def _open(self) -> bool:
        try:
            self._journal = self._files.enter_context((self.folder / JOURNAL).open("rb"))
            self._scanner = Scanner(self._files.enter_context((self.folder / BLOCKS).open("rb")))
        except FileNotFoundError:
            self.close()
            self._journal = None
            return False
        except OSError as error:
            raise FileError(f"cannot be read: {error.strerror}", self.folder) from error
        return True

    def _take(self, line: bytes) -> Event | None:
        assert self._scanner is not None
        try:
            words = decode_line(line)
            self._scanner.take(words, self._place)
            event = self._event(words, self._scanner.payload)
        except CutOffError as error:
            # Over a network a line may be seen before the frame that was written before it.
            self._torn = line
            self.damage = "" if self.is_alive else str(error)
            return None
        except (DamageError, DriveError, *STRANGE) as error:
            self.damage = str(error)
            return None
        self._place += len(line)
        return event

    def _event(self, words: dict[str, Any], payload: bytes) -> Event:
        match words["event"]:
            case "run":
                expected = self.manifest().get("expected") or {}
                return RunStarted(tuple(words["terminals"]), expected.get("steps"), expected.get("duration"))
            case "note":
                return Noted(words["kind"], {**words["content"], "at": words["at"]})
            case "end":
                return RunFinished(words["status"], words["exit"], words["reason"])
            case _:
                return _of_drive(words, payload)


def _of_drive(words: dict[str, Any], payload: bytes) -> Event:
    index = words["drive"]
    match words["event"]:
        case "drive":
            return DriveStarted(index, rebuild_drive(words, *decode_drive(payload)), words["label"])
        case "block":
            return BlockArrived(index, words["first"], decode_reading(payload))
        case "expected":
            return decode_expected(index, words["first"], payload)
        case _:
            return DriveFinished(index, words.get("relays"))
