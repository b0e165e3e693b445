"""The store: keeps a run as it happens, so that a killed program loses nothing that was acknowledged."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nwlab.core import lock
from nwlab.core.clock import Clock, SystemClock, utc_now
from nwlab.core.errors import StorageError
from nwlab.core.events import (
    BlockArrived,
    DriveFinished,
    DriveStarted,
    Event,
    Expected,
    Measured,
    Noted,
    RunFinished,
    RunStarted,
)
from nwlab.core.frames import Kind, encode_drive, encode_expected, encode_frame, encode_reading
from nwlab.core.record import (
    BLOCKS,
    FORMAT,
    JOURNAL,
    MANIFEST,
    RESERVE,
    RunInfo,
    describe_drive,
    encode_line,
    info_to_json,
)
from nwlab.core.rows import UNITS
from nwlab.runs.appender import Appender, copy_part, replace_json
from nwlab.runs.clock_steps import ClockSteps
from nwlab.runs.keeper import Keeper
from nwlab.runs.recording import Run
from nwlab.runs.room import cannot_write, check_room, record_size

_SLOW = 10.0  # s for a sync after which a disk is told to be slow
_SYNC = 1.0  # s between fsyncs: a disk takes some ms for one
_RESERVED = 8192  # bytes: enough for the last line and a `run.json`


def new_folder(out: str | Path, name: str) -> Path:
    """Make `out`/<UTC stamp>_<name>, numbered when it exists already; raises StorageError."""
    stamp = utc_now().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    stem = f"{stamp}_{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-.') or 'run'}"
    for count in range(1, 10_000):
        folder = Path(out) / (stem if count == 1 else f"{stem}_{count}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise StorageError(f"cannot make a folder for the run in {out}: {error.strerror}") from error
        return folder
    raise StorageError(f"{out} has too many runs named {stem}")


class Store:
    """Writes a run's folder; a critical subscriber, whose failure stops the run.

    Each block is written to `blocks.bin` and then acknowledged by its journal line; both have left this process when
    the call returns, and reach the disk about every second, as long as that keeps up; where it does not, the record
    says so. Raises StorageError.
    """

    def __init__(
        self,
        folder: str | Path,
        info: RunInfo,
        clock: Clock | None = None,
        wall: Callable[[], datetime] = utc_now,
        after: Run | None = None,
    ) -> None:
        """`clock` must be monotonic, `wall` tells the time of day; the record of `after` is taken over first."""
        self.folder, self.drives, self.samples = Path(folder), 0, 0
        self._info, self._clock, self._wall, self._after = info, clock or SystemClock(), wall, after
        self._terminals: tuple[str, ...] = ()
        self._manifest: dict[str, Any] = {}
        self._lines = self._frames = 0
        self._synced = self._clock.now()
        self._steps = ClockSteps(self._clock, wall)
        self._failed = self._ended = self._is_slow = False
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if (self.folder / MANIFEST).exists():
                raise StorageError(f"{self.folder} already holds a run; nothing was changed there")
            if after is not None:
                self._take_over(after)
            self._journal, self._blocks = Appender(self.folder / JOURNAL), Appender(self.folder / BLOCKS)
            self._keeper = Keeper((self._blocks, self._journal), self._clock)
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        lock.hold(self._journal.fileno)

    def __call__(self, event: Event) -> None:
        """Keep one event; raises StorageError with what was kept until then."""
        if self._failed and not isinstance(event, RunFinished):
            return
        try:
            # The end of a run is recorded, whatever else went wrong.
            with contextlib.suppress(OSError) if self._failed else contextlib.nullcontext():
                self._keeper.complain()
            self._keep(event)
            if not self._ended and self._clock.now() - self._synced >= _SYNC:
                self._keeper.ask()
                self._synced = self._clock.now()
                self._note_clock_step()
                self._note_slow_disk()
        except OSError as error:
            self._failed = True
            failure = cannot_write(self.folder, error, self.samples, self.drives)
            self._release()
            raise failure from error

    def close(self) -> None:
        """Close the files once; a run that was not finished stays readable."""
        self._keeper.close()
        self._journal.close()
        self._blocks.close()

    def _take_over(self, run: Run) -> None:
        check_room(self.folder, run.extent.journal_bytes + run.extent.block_bytes)
        # In the order in which they are written: whoever follows finds a frame where a line speaks of it.
        copy_part(run.path / BLOCKS, self.folder / BLOCKS, run.extent.block_bytes)
        copy_part(run.path / JOURNAL, self.folder / JOURNAL, run.extent.journal_bytes)
        self._lines, self._frames = run.extent.lines, run.extent.frames
        self.drives, self.samples = len(run.drives), run.samples

    def _keep(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._start(event)
            case DriveStarted():
                self._drive(event)
            case BlockArrived():
                self._block(event)
            case Expected():
                self._expected(event)
            case DriveFinished():
                counted = {} if event.relays is None else {"relays": event.relays}
                self._line("drive-end", {"drive": event.index, **counted})
            case Noted():
                self._line("note", {"at": self._now(), "kind": event.kind, "content": event.content})
            case Measured():
                self._synced = -math.inf  # due at once
            case RunFinished():
                self._finish(event)

    def _start(self, event: RunStarted) -> None:
        self._terminals = event.terminals
        self._manifest = {
            "format": FORMAT,
            "program": "nwlab",
            "started": self._started(),
            "status": "running",
            "terminals": list(event.terminals),
            "expected": {"steps": event.steps, "duration": event.duration},
            "units": UNITS,
            **info_to_json(self._info),
        }
        replace_json(self.folder / MANIFEST, self._manifest)
        (self.folder / RESERVE).write_bytes(bytes(_RESERVED))
        if not self._lines:
            known = ("format", "name", "started", "terminals")
            self._line("run", {key: self._manifest[key] for key in known})
        self._keeper.sync()
        left = 1 - self.samples / event.steps if event.steps else 1.0
        check_room(self.folder, left * record_size(event))

    def _started(self) -> str:
        first = None if self._after is None else self._after.started
        return self._now() if first is None else first.isoformat()

    def _drive(self, event: DriveStarted) -> None:
        head = {"drive": event.index, "label": event.label, "at": self._now()}
        content = {**head, **describe_drive(event.drive, self._terminals)}
        self._frame(Kind.DRIVE, encode_drive(event.drive), "drive", content)
        self.drives += 1

    def _block(self, event: BlockArrived) -> None:
        reading = event.reading
        steps, forces = reading.voltage.shape
        content = {"drive": event.index, "first": event.first, "steps": steps, "forces": forces, "start": reading.start}
        self._frame(Kind.READING, encode_reading(reading), "block", {**content, "at": self._now()})
        self.samples += steps

    def _expected(self, event: Expected) -> None:
        steps, forces = event.mean.shape
        content = {"drive": event.index, "first": event.first, "steps": steps, "forces": forces}
        self._frame(Kind.EXPECTED, encode_expected(event), "expected", content)

    def _finish(self, event: RunFinished) -> None:
        end = {"status": event.status, "exit": event.exit_code, "reason": event.reason}
        end |= {"drives": self.drives, "samples": self.samples, "ended": self._now()}
        self._release()
        with contextlib.suppress(OSError) if self._failed else contextlib.nullcontext():
            self._note_clock_step()
            if not self._failed:
                self._keeper.sync()  # what the last line vouches for is on the disk before it
            if not self._ended:
                self._line("end", end)
            self._ended = True
            self._keeper.sync()
        with contextlib.suppress(OSError) if self._failed else contextlib.nullcontext():
            replace_json(self.folder / MANIFEST, self._manifest | end)
        self.close()

    def _frame(self, kind: Kind, payload: bytes, event: str, content: Mapping[str, Any]) -> None:
        """Write a frame and the line that speaks of it; a frame whose line does not fit any more is taken back."""
        frame = encode_frame(kind, self._frames, payload)
        begin = self._blocks.append(frame)
        try:
            self._line(event, {**content, "frame": self._frames, "offset": begin, "length": len(frame)})
        except OSError:
            self._blocks.take_back(begin)
            raise
        self._frames += 1

    def _line(self, event: str, content: Mapping[str, Any]) -> None:
        self._journal.append(encode_line({"n": self._lines, "event": event, **content}))
        self._lines += 1

    def _now(self) -> str:
        return self._wall().isoformat()

    def _note_clock_step(self) -> None:
        step = self._steps.look()
        if step is not None:
            self._line("note", {"at": self._now(), "kind": "clock step", "content": step})

    def _note_slow_disk(self) -> None:
        """Say once in each such spell that what is written might not survive a loss of power."""
        behind = self._keeper.behind
        if behind >= _SLOW and not self._is_slow:
            text = f"the disk has not finished keeping the record for {behind:.0f} s; a loss of power would lose that"
            self._line("note", {"at": self._now(), "kind": "remark", "content": {"text": text}})
        self._is_slow = behind >= _SLOW

    def _release(self) -> None:
        with contextlib.suppress(OSError):
            (self.folder / RESERVE).unlink()
