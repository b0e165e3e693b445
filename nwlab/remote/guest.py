"""The side of the seam where the protocol is: a Chip whose instruments are in another process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.drive import Drive
from nwlab.core.errors import DriveError, NwlabError, WireError
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading
from nwlab.core.safe_state import SafeState
from nwlab.remote.failure import failure_of
from nwlab.remote.message import Message, drive_message, reading_of
from nwlab.remote.pipe import Gone, Pipe

Rescue = Callable[[], SafeState]

_PATIENCE = 30.0  # s for an answer at rest
HUNG = 60.0
"""s of silence after which a bench process that plays a drive is taken for hung; links time out much sooner."""
_SAFE = 180.0  # s that making safe or a stop may take: ramps, and instruments that do not answer
_TICK = 0.02  # s between moments at which a run can be stopped
_STARTING = 120.0  # s until the other side has opened its instruments


class RemoteChip:
    """Sends drives, hands blocks on, and beats while it waits for them; each call belongs to the control loop.

    Raises WireError when the other side is gone, after `rescue` has made the instruments safe over fresh links.
    """

    def __init__(self, pipe: Pipe, rescue: Rescue | None = None, clock: Clock | None = None) -> None:
        """Wait until the other side is ready; raises what kept it from opening the bench, WireError when it died."""
        self._pipe, self._rescue, self._time = pipe, rescue, clock or SystemClock()
        self._beaten, self._taken, self._number = self._time.now(), 0, 0
        self._closed = False
        self.safe_state: SafeState | None = None  # once the other side has made safe, or was rescued
        self.cause = ""  # why it made safe unasked
        self.relays: int | None = None  # closed since the other side opened its bench, until the last drive
        self.remarks: Mapping[str, str] = {}  # by terminal: what is to be said of its readings
        self.about: Mapping[str, Any] = self._await("ready", patience=_STARTING).words
        self._take_counts(self.about)
        self.terminals = tuple(str(name) for name in self.about["terminals"])
        self.limits = Limits(*map(float, self.about["limits"]))
        self._interval = float(self.about["heartbeat"]) / 4
        self.clock: Clock = _RemoteClock(self)

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Have the other side check a drive, then play it; raises DriveError before anything is sent to instruments."""
        if self.safe_state is not None:
            raise DriveError(f"the bench has gone to its safe state ({self.cause or 'closed'}); open it again")
        self._say(drive_message(drive, self.terminals))
        self._await("accepted")
        self._number += 1
        return self._play(len(drive.forces), self._number)

    def beat(self) -> None:
        """Say that the control program lives; cheap enough for every pass of a loop."""
        now = self._time.now()
        if now - self._beaten >= self._interval:
            self._beaten = now
            self._say(Message("beat", {"progress": self._taken}))

    def log_to(self, path: str) -> None:
        """Have the other side write its log to a file on its computer."""
        self._say(Message("log", {"path": path}))

    def close(self) -> None:
        """Have the other side make safe; raises UnsafeError when that was not confirmed. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if self.safe_state is None:
            self._ask_for_safety()
        self._pipe.close()
        (self.safe_state or SafeState(("the bench process said nothing",))).demand()

    def ask_time(self, seconds: float = 0.0) -> float:
        """Return the chip's time in s, after `seconds` of it have passed."""
        if seconds <= 0:
            self._say(Message("time"))
            return float(self._await("time").words["now"])
        self._say(Message("sleep", {"seconds": seconds}))
        return float(self._await("time", patience=None).words["now"])  # whose seconds those are, only the chip knows

    def _play(self, forces: int, number: int) -> Iterator[Reading]:
        start, finished, heard = float("nan"), False, self._time.now()
        self._say(Message("go"))
        try:
            while True:
                message = self._receive(min(self._interval, _TICK))
                self.beat()
                heard = heard if message is None else self._time.now()
                if self._time.now() - heard > HUNG:
                    self._lost(WireError(f"the bench process has said nothing for {HUNG:g} s"))
                if message is None or message.kind == "tick":
                    yield _tick(start, forces)
                elif message.kind == "block":
                    reading = reading_of(message)
                    start, self._taken = reading.start, self._taken + 1
                    yield reading
                elif message.kind == "done":
                    finished = True
                    self._take_counts(message.words)
                    return
                else:
                    finished = message.kind == "failed"
                    self._wrong(message)
        finally:
            if not finished and self.safe_state is None and number == self._number:
                self._stop()

    def _take_counts(self, words: Mapping[str, Any]) -> None:
        relays, remarks = words.get("relays"), words.get("remarks")
        self.relays = relays if isinstance(relays, int) else None
        self.remarks = {str(name): str(text) for name, text in remarks.items()} if isinstance(remarks, dict) else {}

    def _stop(self) -> None:
        """Abort to rest, passing over what was under way; raises what kept the chip from it."""
        failed: Message | None = None
        self._say(Message("stop"))
        while (message := self._receive(_SAFE)) is not None and message.kind != "stopped":
            if message.kind == "safe":
                self._wrong(message)
            failed = message if message.kind == "failed" else failed
        if message is None:
            self._lost(WireError("the bench process does not stop"))
        if failed is not None:
            self._wrong(failed)

    def _ask_for_safety(self) -> None:
        try:
            self._say(Message("safe"))
            while self.safe_state is None:
                message = self._receive(_SAFE)
                if message is None:
                    self._lost(WireError("the bench process does not get to its safe state"))
                if message.kind == "safe":
                    self._note(message)
        except WireError:
            if self.safe_state is None:
                raise

    def _await(self, kind: str, patience: float | None = _PATIENCE) -> Message:
        message = self._receive(patience)
        if message is None:
            self._lost(WireError(f"the bench process has not answered for {patience:g} s"))
        if message.kind != kind:
            self._wrong(message)
        return message

    def _receive(self, patience: float | None) -> Message | None:
        try:
            return self._pipe.receive(patience)
        except WireError as error:
            self._lost(error)

    def _say(self, message: Message) -> None:
        try:
            self._pipe.send(message, _PATIENCE)
        except Gone as error:
            self._last_words()
            self._lost(error)

    def _last_words(self) -> None:
        """What the other side said before it left is still to be read."""
        try:
            while (message := self._pipe.receive(0.0)) is not None:
                if message.kind == "safe":
                    self._wrong(message)
        except Gone:
            return

    def _wrong(self, message: Message) -> NoReturn:
        """Raise what a message that was not waited for means."""
        if message.kind == "failed":
            raise failure_of(message)
        if message.kind == "safe":
            self._note(message)
            raise WireError(f"the bench made itself safe: {self.cause}; {self.safe_state}")
        raise WireError(f"the bench process says {message.kind!r} where nobody expects it")

    def _note(self, message: Message) -> None:
        words = message.words
        self.cause = str(words.get("cause", ""))
        failures, found = tuple(words.get("failures", ())), tuple(words.get("found", ()))
        self.safe_state = SafeState(failures, found, untouched=bool(words.get("untouched", False)))

    def _lost(self, error: NwlabError) -> NoReturn:
        """The other side is gone: make safe over fresh links, where that is possible, and raise what happened."""
        self.cause = str(error)
        if self._rescue is None:
            self.safe_state = SafeState(("the bench process is gone, and nobody can look at the instruments",))
        else:
            self.safe_state = _rescued(self._rescue)
        raise WireError(f"{error}; the instruments were reached over fresh links: {self.safe_state}") from error


def _rescued(rescue: Rescue) -> SafeState:
    try:
        return rescue()
    except Exception as error:
        return SafeState((f"no fresh links to the instruments: {error}",))


class _RemoteClock:
    """The chip's clock, asked over the seam."""

    def __init__(self, chip: RemoteChip) -> None:
        self._chip = chip

    def now(self) -> float:
        """Return the chip's time in s; raises WireError."""
        return self._chip.ask_time()

    def sleep(self, seconds: float) -> None:
        """Let the chip's time pass; raises WireError."""
        if seconds > 0:
            self._chip.ask_time(seconds)


def _tick(start: float, forces: int) -> Reading:
    none, flags = np.empty((0, forces)), np.empty((0, forces), dtype=np.bool_)
    return Reading(start, np.empty(0), none, none, none, none, flags, flags)
