"""A dry run beside the window: started, replaced by the next one, and what it has shown of which settings."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nwlab.live.start.draft import Draft
from nwlab.live.start.order import Order
from nwlab.live.start.outcome import Outcome, outcome_of
from nwlab.live.start.program import Program


@dataclass(frozen=True, slots=True)
class Stamp:
    """Settings, and the files that they speak of as they were at a moment."""

    order: Order
    files: tuple[tuple[str, int, int], ...]  # path, ns when it was written, bytes


def stamp_of(draft: Draft) -> Stamp:
    """Return what a dry run of these settings would be a dry run of."""
    return Stamp(draft.order().rehearsed, files_now(draft.files))


def files_now(paths: Sequence[Path]) -> tuple[tuple[str, int, int], ...]:
    """Return how files are now; one that is gone has no bytes."""
    return tuple((str(path), *_state(path)) for path in paths)


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, -1
    return found.st_mtime_ns, found.st_size


class Rehearsal:
    """The newest dry run. `look` is to be called now and then."""

    def __init__(self) -> None:
        self.stamp: Stamp | None = None  # of the dry run that is under way or over
        self.outcome: Outcome | None = None  # of that one; None before its end
        self._program: Program | None = None
        self._place: tempfile.TemporaryDirectory[str] | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether a dry run is being played."""
        return self._program is not None

    @property
    def folder(self) -> Path | None:
        """Where the record of the dry run is, as soon as there is one; it goes away with the next dry run."""
        if self._place is None:
            return None
        return next(iter(Path(self._place.name).glob("*/")), None)

    def begin(self, draft: Draft) -> None:
        """Start a dry run in place of the last one; raises OSError when it cannot be started."""
        self.close()
        self.stamp, self.outcome = stamp_of(draft), None
        self._place = tempfile.TemporaryDirectory(prefix="nwlab-dry-run-", ignore_cleanup_errors=True)
        words = ["dry-run", *draft.order().rehearsal(self._place.name), "--no-picture", "--json"]
        self._program = Program(words, modest=True)

    def look(self) -> bool:
        """See whether it has ended; returns whether it just has."""
        ended = None if self._program is None else self._program.look()
        if ended is None:
            return False
        self._program, self.outcome = None, outcome_of(ended)
        return True

    def close(self) -> None:
        """End the dry run, and forget what it left."""
        if self._program is not None:
            self._program.kill()
        if self._place is not None:
            self._place.cleanup()
        self.stamp = self.outcome = self._program = self._place = None


def refusal(draft: Draft, rehearsal: Rehearsal) -> str:
    """Return why a run may not be started now; empty when it may.

    On real instruments a dry run of exactly these settings must have been seen, and not have been refused.
    """
    complaint = draft.complaint()
    if complaint:
        return complaint
    is_same = rehearsal.stamp == stamp_of(draft)
    if is_same and rehearsal.outcome is not None and rehearsal.outcome.refused:
        return "the dry run of these settings was refused"
    if draft.simulated or (is_same and rehearsal.outcome is not None):
        return ""
    if is_same:
        return "real instruments: wait for the end of the dry run"
    return "real instruments: make a dry run of exactly these settings first"
