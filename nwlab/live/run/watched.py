"""A run that is watched: its events become a scene, its folder tells how it stands. Knows nothing of windows.

Theory of operation. `look` is called many times a second and takes what is new for as long as its budget lasts; what
can wait (whether the program lives, room on the disk, what became of a request) is looked up twice a second. A run
whose journal nobody holds any more is cut off when everything has been read since and its end was not among it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nwlab.core import lock
from nwlab.core.clock import Clock, SystemClock, utc_now
from nwlab.core.errors import FileError
from nwlab.core.events import Event
from nwlab.core.record import BLOCKS, MANIFEST
from nwlab.live.run import disk, safety
from nwlab.live.run.condition import Condition, Stage
from nwlab.live.run.pace import Pace
from nwlab.live.run.wishes import Wishes
from nwlab.live.scene.joining import Joiner
from nwlab.live.scene.scene import Scene
from nwlab.runs.following import Follower
from nwlab.runs.index import Index
from nwlab.runs.requests import Request

BUDGET, BEHIND = 0.008, 0.05
"""S that one look may take, and while there is much to catch up."""
_PORTION = 100  # samples that are read at a time
_SELDOM = 0.5  # s between looks at what can wait
_MOMENT = 1.0  # s for which whoever watches may lag behind without a word
_PATIENCE = 1.0  # s until a folder that could not be read is tried again


class Watched:
    """Follows the run in a folder."""

    def __init__(self, folder: str | Path, clock: Clock | None = None) -> None:
        """Follow from the first event on; raises FileError when there is no such folder."""
        self.folder = Path(folder)
        self.scene = Scene()
        self.manifest: Mapping[str, Any] = {}
        self.condition = Condition()
        self._clock = clock or SystemClock()
        self._follower = Follower(self.folder)
        self._waiting: deque[Event] = deque()
        self._join = Joiner()
        self._taken = self._skip = 0  # events
        self._again: float | None = None  # when to try again after a failure
        self._next = self._clock.now()
        self._behind_since: float | None = None
        self._is_dead = False
        self._is_held: bool | None = None  # whether a program holds the journal; None = nobody has looked yet
        self._trouble = ""
        self._manifest_of = 0  # ns: when `run.json` was written that has been read
        self._disk: disk.Disk | None = None
        self._silent: float | None = None
        self._verdict: safety.Verdict | None = None
        self._pace, self._wishes = Pace(self._clock), Wishes(self.folder, self._clock)

    def close(self) -> None:
        """Let go of the files."""
        self._wishes.close()
        self._follower.close()

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.folder.resolve().name

    def index(self) -> Index:
        """Return where everything lies in the record that has been read so far."""
        return self._follower.index

    def ask(self, request: Request) -> None:
        """Ask the run for something; what becomes of it stands in `condition`."""
        self._wishes.ask(request)
        self._tell()

    def look(self) -> bool:
        """Take what is new, as far as there is time for it; returns whether anything was."""
        before = self._taken
        try:
            self._take(self._clock.now() + (BUDGET if self._behind_since is None else BEHIND))
            if self._taken and self._clock.now() >= self._next:
                self._next = self._clock.now() + _SELDOM
                self._look_around()
        except (FileError, OSError) as error:
            self._trouble = f"the run cannot be read now, and is tried again: {error}"
            self._again = self._clock.now() + _PATIENCE
        self._tell()
        return self._taken != before

    def _take(self, until: float) -> None:
        if self._again is not None and not self._reopen(self._again):
            return
        was_held = self._is_held
        self._behind_since = self._clock.now() if self._behind_since is None else self._behind_since
        while self._clock.now() < until:
            if not self._waiting and not self._read():
                self._behind_since, self._is_dead = None, was_held is False
                return
            if self._waiting:
                self.scene.take(self._waiting.popleft())

    def _read(self) -> bool:
        """Read a portion; returns whether there was anything."""
        events = self._follower.poll(_PORTION)
        new = events[self._skip :]
        self._skip -= len(events) - len(new)
        self._taken += len(new)
        self._waiting.extend(self._join(new))
        return bool(events)

    def _reopen(self, when: float) -> bool:
        """After a failure, read from the beginning, passing over what has been taken; False until it is time."""
        if self._clock.now() < when:
            return False
        self._follower.close()
        self._follower = Follower(self.folder)
        self._skip, self._again, self._trouble = self._taken, None, ""
        return True

    def _look_around(self) -> None:
        # Not before the first event: asking for the lock in the moment in which the run takes it would take it away.
        self._is_held = self._follower.is_alive
        self._read_manifest()
        self._wishes.look()
        progress, stage = self.scene.progress, self._stage()
        if self._behind_since is None:
            self._pace.look(progress)
        written = datetime.fromtimestamp((self.folder / BLOCKS).stat().st_mtime, UTC)
        self._silent = max(0.0, (utc_now() - written).total_seconds())
        self._disk = disk.look_at(self.folder, progress)
        if not stage.is_played:
            self._wishes.drop()
        if stage is Stage.LOST:
            self._verdict = safety.of_death(self.folder, self.manifest)

    def _read_manifest(self) -> None:
        """`run.json` is written anew at the end of a run, and when it is recovered; the journal does without it."""
        try:
            written = (self.folder / MANIFEST).stat().st_mtime_ns
        except FileNotFoundError:
            return
        if written != self._manifest_of:
            self.manifest, self._manifest_of = self._follower.manifest() or self.manifest, written

    def _stage(self) -> Stage:
        progress, wish = self.scene.progress, self._wishes.last
        if progress.end is not None:
            return Stage.OVER
        if not self._taken:
            return Stage.WAITING
        if self._is_dead and lock.KNOWN:
            return Stage.LOST
        if wish is Request.STOP:
            return Stage.STOPPING
        if progress.paused:
            return Stage.PAUSED
        return Stage.PAUSING if wish is Request.PAUSE else Stage.RUNNING

    def _tell(self) -> None:
        progress, end, wishes = self.scene.progress, self.scene.progress.end, self._wishes
        wishes.note(is_paused=progress.paused)
        stage = self._stage()
        self.condition = Condition(
            stage,
            status="" if end is None else end.status,
            reason=self._reason(stage),
            verdict=self._verdict if end is None else safety.of_end(self.scene, self.manifest),
            left=self._pace.left(progress) if stage is Stage.RUNNING else None,
            silent=self._silent,
            asked=wishes.age if not wishes.heard else None,
            disk=self._disk,
            share=self._share(),
            damage=self._follower.damage,
            trouble=self._trouble or wishes.trouble,
        )

    def _share(self) -> float:
        """A moment of lagging is nothing to tell."""
        since = self._behind_since
        return 1.0 if since is None or self._clock.now() - since < _MOMENT else self._follower.share

    def _reason(self, stage: Stage) -> str:
        """Of a run whose disk was full, only `run.json` may tell how it ended."""
        end = self.scene.progress.end
        if end is not None:
            return end.reason
        return str(self.manifest.get("reason", "")) if stage is Stage.LOST else ""
