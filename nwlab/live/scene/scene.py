"""Everything that the window shows of a run, built up from its events; knows nothing of windows."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Force
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
from nwlab.core.reading import Reading
from nwlab.live.scene.column import Pair, columns_of, foreseen, name_of, pair_of
from nwlab.live.scene.image import Image, image_of
from nwlab.live.scene.line import Line
from nwlab.live.scene.roles import Role, roles_of

_REMEMBERED, _SAMPLES = 512, 200_000  # blocks that a prediction may still refer to, and samples in them
_MARKS = 2000
_REMARKS = 50
HEALTH = ("remark", "found on", "doubt", "subscriber failed", "dropped", "clock step", "traceback", "resumed")
"""Notes that tell how the bench and the program fare, not what the chip did."""


TIMED = ("jump", "alarm", "explained")
"""Notes that may say in `time`, s on the chip's clock, when what they tell of was read: a twin tells it later."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment, for the eye."""

    time: float  # s since the first drive's start
    kind: str  # "jump", "alarm", or the kind of a note
    text: str


@dataclass(slots=True)
class Progress:
    """How far a run is."""

    label: str = ""  # the step that made the present drive
    drives: int = 0  # that were begun
    samples: int = 0
    steps: int | None = None  # samples expected
    duration: float | None = None  # s expected
    done: float = 0.0  # s of chip time that have been played
    relays: int | None = None  # that were closed, where the bench counts them
    paused: bool = False
    end: RunFinished | None = None


@dataclass(slots=True, eq=False)
class Scene:
    """Takes events and keeps what is drawn of them; memory grows with the logarithm of the run's length."""

    terminals: tuple[str, ...] = ()
    progress: Progress = field(default_factory=Progress)
    lines: dict[Pair, Line] = field(default_factory=dict[Pair, Line])
    roles: list[Role] = field(default_factory=list[Role])  # by terminal
    acting: Drive | None = None  # whose levels stand now; None at rest
    marks: deque[Mark] = field(default_factory=lambda: deque[Mark](maxlen=_MARKS))
    alarms: list[Mark] = field(default_factory=list[Mark])
    remarks: deque[Mark] = field(default_factory=lambda: deque[Mark](maxlen=_REMARKS))  # notes of kinds in HEALTH
    safe_state: Mapping[str, Any] | None = None  # what was read back after the chip was closed: text, confirmed, …
    images: dict[str, Image] = field(default_factory=dict[str, Image])  # by title, the newest of each
    matrix: FloatArray = field(
        default_factory=lambda: np.empty((0, 0))
    )  # S, last conductance of each pair of terminals
    now: float = 0.0  # s since the first drive's start: end of what was measured
    _origin: float | None = None
    _drive: Drive | None = None
    _before: float = 0.0  # s of the drives before the present one
    _blocks: deque[tuple[int, int, Drive, Reading]] = field(default_factory=deque[tuple[int, int, Drive, Reading]])
    _held: int = 0  # samples in them

    def take(self, event: Event) -> None:
        """Take one event, in the order in which they happened."""
        match event:
            case RunStarted():
                self._start(event)
            case DriveStarted():
                self._begin(event)
            case BlockArrived():
                self._block(event)
            case Expected():
                self._expect(event)
            case DriveFinished():
                self._finish(event)
            case Noted():
                self._note(event)
            case Measured():
                pass
            case RunFinished():
                self.progress.end = event
                self._rest()

    def _start(self, event: RunStarted) -> None:
        count = len(event.terminals)
        self.terminals = event.terminals
        self.progress.steps, self.progress.duration = event.steps, event.duration
        self.roles, self.matrix = [Role.OPEN] * count, np.full((count, count), np.nan)

    def _begin(self, event: DriveStarted) -> None:
        self._drive = self.acting = event.drive
        self.safe_state = None
        self.progress.label, self.progress.drives = event.label, event.index + 1
        self.roles = roles_of(event.drive, len(self.terminals))

    def _block(self, event: BlockArrived) -> None:
        drive, reading = self._drive, event.reading
        if drive is None:
            return
        if self._origin is None:
            self._origin = reading.start
        begun = reading.start - self._origin
        self._remember(event, drive)
        for force, column in columns_of(drive, event.first, reading, self._origin):
            line = self._line(force)
            line.add(column)
            self._fill_matrix(force, line)
        last = event.first + reading.steps
        self.now = begun + float(reading.onset[-1] + drive.dwell[last - 1])
        self.progress.samples += reading.steps
        self.progress.done += float(drive.dwell[event.first : last].sum())

    def _remember(self, event: BlockArrived, drive: Drive) -> None:
        """Keep a block for a prediction of it; the oldest go where long blocks would fill the memory."""
        self._blocks.append((event.index, event.first, drive, event.reading))
        self._held += event.reading.time.size
        while len(self._blocks) > _REMEMBERED or (self._held > _SAMPLES and len(self._blocks) > 1):
            self._held -= self._blocks.popleft()[-1].time.size

    def _expect(self, event: Expected) -> None:
        """What was expected of several blocks is told once."""
        until = event.first + event.mean.shape[0]
        for index, first, drive, reading in self._blocks:
            begin, end = max(event.first, first), min(until, first + reading.steps)
            if index != event.index or begin >= end:
                continue
            ours, theirs = slice(begin - first, end - first), slice(begin - event.first, end - event.first)
            for place, (force, column) in enumerate(columns_of(drive, first, reading, self._origin or 0.0)):
                self._line(force).expect(column.part(ours), foreseen(event, place).part(theirs))

    def _finish(self, event: DriveFinished) -> None:
        if event.relays is not None:
            self.progress.relays = (self.progress.relays or 0) + event.relays
        if self._drive is None:
            return
        self._before += self._drive.duration
        self.progress.done = self._before
        if not self._drive.hold:
            self._rest()

    def _rest(self) -> None:
        self.acting, self.roles = None, [Role.OPEN] * len(self.terminals)

    def _note(self, event: Noted) -> None:
        content = event.content
        match event.kind:
            case "pausing" | "paused":
                self.progress.paused = event.kind == "pausing"
            case "matrix" | "image":
                image = image_of(content)
                if image is not None:
                    self.images[image.title] = image
                return
            case "safe state":
                self.safe_state = content
                return
            case "asked":  # a twin, by the protocol: several times between two drives
                return
            case _:
                pass
        mark = Mark(self._moment(event), event.kind, _told(event.kind, content))
        if event.kind in HEALTH:
            self.remarks.append(mark)
            return
        self.marks.append(mark)
        if event.kind == "alarm":
            self.alarms.append(mark)
            del self.alarms[:-_MARKS]

    def _moment(self, event: Noted) -> float:
        time = event.content.get("time")
        if event.kind not in TIMED or self._origin is None or not isinstance(time, int | float):
            return self.now
        return time - self._origin

    def _line(self, force: Force) -> Line:
        pair = pair_of(force)
        if pair not in self.lines:
            self.lines[pair] = Line(name_of(pair, self.terminals), len(self.lines))
        return self.lines[pair]

    def _fill_matrix(self, force: Force, line: Line) -> None:
        """A pair of terminals is measured when one is forced against the other, or against the only ground."""
        drive = self._drive
        low = force.low
        if low is None and drive is not None and len(drive.ground) == 1:
            (low,) = drive.ground
        if low is not None and "S" in line.last:
            self.matrix[force.terminal, low] = self.matrix[low, force.terminal] = line.last["S"]


def _told(kind: str, content: Mapping[str, Any]) -> str:
    left_out = ("at", "time") if kind in TIMED else ("at",)
    said = {name: value for name, value in content.items() if name not in left_out}
    text = str(said.pop("text", "")).strip().rpartition("\n")[2]  # a traceback says it in its last line
    rest = ", ".join(f"{name} {value}" for name, value in said.items())
    return ": ".join(filter(None, (kind, text or rest)))
