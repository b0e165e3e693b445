"""Runs that are played one after the other, each as a program of its own that outlives this one.

Theory of operation. `look` is called several times a second. It sees whether the run that is played has begun its
record or has ended; when it ended well, the next of the queue is started, and when it did not, the queue halts until a
person lets it go on. There is never more than one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nwlab.core.clock import SystemClock
from nwlab.live.run.wishes import Wishes
from nwlab.live.start.draft import Draft
from nwlab.live.start.order import Order
from nwlab.live.start.program import Ended, Program, folder_of
from nwlab.live.start.rehearsal import files_now
from nwlab.runs.requests import Request


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is to be played."""

    order: Order
    bench: Path | None  # file of the bench; None without one
    files: tuple[tuple[str, int, int], ...]  # as they were when it was asked for
    simulated: bool

    def changed(self) -> str:
        """Return which file is not as it was when this was asked for; empty when all are, or nothing is at stake."""
        if self.simulated:
            return ""
        now = files_now([Path(path) for path, *_ in self.files])
        return next((then[0] for then, each in zip(self.files, now, strict=True) if then != each), "")


def job_of(draft: Draft) -> Job:
    """Return the run that a draft asks for."""
    bench = None if draft.bench is None else draft.bench.path
    return Job(draft.order(), bench, files_now(draft.files), draft.simulated)


@dataclass(frozen=True, slots=True)
class Begun:
    """A run's record has begun."""

    job: Job
    folder: Path


@dataclass(frozen=True, slots=True)
class Over:
    """A run has ended; `folder` is None when it had not begun."""

    job: Job
    folder: Path | None
    ended: Ended


class Player:
    """The queue, and the run that is played now."""

    def __init__(self, launch: Callable[[list[str]], Program] = Program) -> None:
        """`launch` starts a command of nwlab."""
        self.waiting: list[Job] = []
        self.playing: Job | None = None
        self.folder: Path | None = None  # of its record
        self.halted = ""  # why the queue does not go on by itself
        self._launch = launch
        self._program: Program | None = None
        self._wishes: Wishes | None = None  # of the run that is played, since somebody had one
        self._work = tempfile.TemporaryDirectory(prefix="nwlab-gui-", ignore_cleanup_errors=True)
        self._count = 0

    def play(self, job: Job) -> None:
        """Start a run now; raises OSError when it cannot be started. Only when none is played."""
        assert self.playing is None
        self._count += 1
        where = self._where
        self._program = self._launch(["run", *job.order.arguments, "--json", "--where", str(where)])
        self.playing, self.folder, self._wishes = job, None, None

    @property
    def is_stopping(self) -> bool:
        """Whether the run that is played was asked to stop, and the request could be left."""
        return self.playing is not None and self._wishes is not None and not self._wishes.trouble

    def stop(self) -> None:
        """Ask the run that is played to end after its present block; one that has not begun ends at once."""
        if self._program is None:
            return
        if self.folder is None:
            self._program.end()
            return
        self._wishes = self._wishes or Wishes(self.folder, SystemClock())
        self._wishes.ask(Request.STOP)

    def move(self, index: int, by: int) -> int:
        """Move a waiting run up (-1) or down (1) in the queue; returns where it is then."""
        to = min(max(index + by, 0), len(self.waiting) - 1)
        self.waiting.insert(to, self.waiting.pop(index))
        return to

    def go_on(self) -> None:
        """Start the next of the queue, whatever halted it; raises OSError when it cannot be started."""
        self.halted = ""
        self._next()

    def look(self) -> list[Begun | Over]:
        """Return what has happened since the last look."""
        happened: list[Begun | Over] = []
        job, program = self.playing, self._program
        if job is None or program is None:
            return happened
        ended = program.look()
        if self.folder is None and (folder := folder_of(self._where)) is not None:
            self.folder = folder
            happened.append(Begun(job, folder))
        if ended is not None:
            happened.append(Over(job, self.folder, ended))
            self.playing = self._program = None
            if self._wishes is not None:
                self._wishes.drop()
                self._wishes.close()
            self._after(ended)
        return happened

    def close(self) -> None:
        """Let go: a run that is played goes on by itself."""
        self._work.cleanup()

    @property
    def _where(self) -> Path:
        return Path(self._work.name) / f"{self._count}.json"

    def _after(self, ended: Ended) -> None:
        if ended.code != 0 and self.waiting:
            self.halted = "the last run did not end well"
            return
        try:
            self._next()
        except OSError as error:
            self.halted = f"the next run cannot be started: {error.strerror}"

    def _next(self) -> None:
        if not self.waiting or self.playing is not None:
            return
        changed = self.waiting[0].changed()
        if changed:
            self.halted = f"{changed} has changed since the dry run: remove the run and make a dry run again"
            return
        self.play(self.waiting[0])
        self.waiting.pop(0)
