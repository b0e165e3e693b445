"""The side of the seam where the protocol is: a Chip whose instruments are in another process."""

from __future__ import annotations

import contextlib
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

_PATIENCE = 30.0  # s for an answer that asks no instrument anything
_LOADING = 1e-3  # s for each level of a drive until it begins: a slow link takes 100 kB/s
_TICK = 0.02  # s between moments at which a run can be stopped
_STARTING = 120.0  # s until the other side has opened its instruments
_UNTOUCHED = "nothing had been driven, and the instruments were left as they were"


class RemoteChip:
    """Sends drives, hands blocks on, and beats wherever it waits for them; each call belongs to the control loop.

    Raises WireError when the other side is gone, after `rescue` has made the instruments safe over fresh links, unless
    nothing had been driven yet.
    """

    def __init__(self, pipe: Pipe, rescue: Rescue | None = None, clock: Clock | None = None) -> None:
        """Wait until the other side is ready; raises what kept it from opening the bench, WireError when it died."""
        self._pipe, self._rescue, self._time = pipe, rescue, clock or SystemClock()
        self._beaten, self._taken, self._number = self._time.now(), 0, 0
        self._interval = _STARTING  # nobody listens for beats yet
        self._closed = self._driven = self._playing = False
        self.safe_state: SafeState | None = None  # once the other side has made safe, or was rescued
        self.cause = ""  # why it made safe unasked
        self.about: Mapping[str, Any] = self._await("ready", _STARTING).words
        self.terminals = tuple(str(name) for name in self.about["terminals"])
        self.limits = Limits(*map(float, self.about["limits"]))
        self._interval = float(self.about["heartbeat"]) / 4
        self._silence, self.safe_within = float(self.about["silence"]), float(self.about["safe_within"])
        self.clock: Clock = _RemoteClock(self)

    @property
    def at_stake(self) -> bool:
        """Whether something may have been driven of which nobody knows that it is safe by now."""
        return self._driven and self.safe_state is None

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Have the other side check a drive, then play it; raises DriveError before anything is sent to instruments."""
        if self.safe_state is not None:
            raise DriveError(f"the bench has gone to its safe state ({self.cause or 'closed'}); open it again")
        if self._playing:  # whoever took blocks of it has left it alone
            self._stop()
        self._say(drive_message(drive, self.terminals))
        self._await("accepted", _PATIENCE)
        self._number += 1
        return self._play(drive, self._number)

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
        """Have the other side make safe; raises UnsafeError when that was not confirmed. A second call does nothing.

        When an interrupt has cut it short, it is not done, and a second call goes on with it.
        """
        if self._closed:
            return
        if self.safe_state is None:
            self._ask_for_safety()
        self._look_again()
        self._closed = True
        self._pipe.close()
        (self.safe_state or SafeState(("the bench process said nothing",))).demand()

    def ask_time(self, seconds: float = 0.0) -> float:
        """Return the chip's time in s, after `seconds` of it have passed."""
        if seconds <= 0:
            self._say(Message("time"))
        else:
            self._say(Message("sleep", {"seconds": seconds}))  # it ticks meanwhile
        return float(self._await("time", self._silence).words["now"])

    def _play(self, drive: Drive, number: int) -> Iterator[Reading]:
        start, forces = float("nan"), len(drive.forces)
        heard, patience = self._time.now(), self._silence + drive.steps * forces * _LOADING
        self._driven = self._playing = True
        try:
            self._say(Message("go"))
            while True:
                message = self._receive(0.0)
                if message is not None:
                    heard, patience = self._time.now(), self._silence
                elif self._time.now() - heard > patience:
                    self._lost(WireError(f"the bench process has said nothing for {patience:g} s"))
                if message is None or message.kind == "tick":
                    yield _tick(start, forces)
                elif message.kind == "block":
                    reading = reading_of(message)
                    start, self._taken = reading.start, self._taken + 1
                    yield reading
                else:
                    self._playing = message.kind not in ("done", "failed")
                    if message.kind == "done":
                        return
                    self._wrong(message)
        finally:
            if self._playing and self.safe_state is None and number == self._number:
                self._stop()

    def _stop(self) -> None:
        """Abort to rest, passing over what was under way; raises what kept the chip from it."""
        failed: Message | None = None
        self._say(Message("stop"))
        while (message := self._receive(self.safe_within)) is not None and message.kind != "stopped":
            if message.kind == "safe":
                self._wrong(message)
            failed = message if message.kind == "failed" else failed
        if message is None:
            self._lost(WireError("the bench process does not stop"))
        self._playing = False
        if failed is not None:
            self._wrong(failed)

    def _ask_for_safety(self) -> None:
        """Wait for the safe state, passing over all else; one that is gone has been seen after."""
        with contextlib.suppress(WireError):
            if self._playing:
                self._say(Message("stop"))
            self._say(Message("safe"))
            while self.safe_state is None:
                message = self._receive(self.safe_within)
                if message is None:
                    self._lost(WireError("the bench process does not get to its safe state"))
                if message.kind == "safe":
                    self._note(message)

    def _look_again(self) -> None:
        """What the other side could not make safe over links that had broken may be reached over fresh ones."""
        state = self.safe_state
        if self._rescue is not None and self._driven and state is not None and state.failures:
            fresh, _ = self._aftermath()
            self.safe_state = state if fresh.failures else fresh

    def _await(self, kind: str, patience: float) -> Message:
        """Wait for one answer; ticks say that it takes its time."""
        while (message := self._receive(patience)) is not None and message.kind == "tick":
            pass
        if message is None:
            self._lost(WireError(f"the bench process has not answered for {patience:g} s"))
        if message.kind != kind:
            self._wrong(message)
        return message

    def _receive(self, patience: float) -> Message | None:
        """Take a message, beating until it has come; None when that takes longer than `patience` and a tick, in s."""
        until = self._time.now() + patience
        while True:
            self.beat()
            try:
                message = self._pipe.receive(min(self._interval, _TICK))
            except WireError as error:
                self._lost(error)
            if message is not None or self._time.now() >= until:
                return message

    def _say(self, message: Message) -> None:
        try:
            self._pipe.send(message, _PATIENCE)
        except Gone as error:
            if (last := self._last_words()) is not None:
                self._wrong(last)
            self._lost(error)

    def _last_words(self) -> Message | None:
        """What the other side said of its safe state before it left is still to be read."""
        with contextlib.suppress(WireError):
            while (message := self._pipe.receive(0.0)) is not None:
                if message.kind == "safe":
                    return message
        return None

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
        failures, found = (tuple(map(str, words.get(key, ()))) for key in ("failures", "found"))
        self.safe_state = SafeState(failures, found, bool(words.get("untouched")))

    def _lost(self, error: NwlabError) -> NoReturn:
        """The other side is gone: make safe over fresh links, where needed and possible; raise what happened."""
        self.cause = str(error)
        self.safe_state, told = self._aftermath()
        raise WireError(f"{error}; {told}") from error

    def _aftermath(self) -> tuple[SafeState, str]:
        """Return what became of the instruments, as a state and as words."""
        if not self._driven:
            return SafeState(found=(_UNTOUCHED,), untouched=True), _UNTOUCHED
        if self._rescue is None:
            nobody = "nobody here can look at the instruments"
            return SafeState((f"the bench is out of reach, and {nobody}",)), f"{nobody}: their state is NOT confirmed"
        try:
            state = self._rescue()
        except Exception as error:
            state = SafeState((f"no fresh links to the instruments: {error}",))
            return state, str(state)
        return state, f"the instruments were reached over fresh links: {state}"


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
