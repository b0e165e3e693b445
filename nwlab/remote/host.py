"""The side of the seam where the instruments are.

Theory of operation. One thread, the main one, talks to the instruments; the watch reads the pipe. When the control
program asks for a stop, falls silent or dies, the watch interrupts the main thread wherever it stands: the drive is
aborted to rest, and for anything but a stop the safe order runs and the host is done. An interruption strikes once, and
never inside the safe order, which is begun with the one reason that set it going. A stop does not strike while a
message is being sent, which would tear it, nor while the chip is on its way to rest already, which would leave it
half-way. An abort after which levels still stand is none: then, too, the safe order runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from nwlab.core.chip import Chip
from nwlab.core.clock import SystemClock
from nwlab.core.drive import Drive
from nwlab.core.errors import NwlabError, WireError
from nwlab.core.reading import Reading
from nwlab.core.safe_state import Deadlines, SafeState
from nwlab.remote.failure import failure_message
from nwlab.remote.logbook import Logbook
from nwlab.remote.message import Message, block_message, drive_of
from nwlab.remote.pipe import Gone, Pipe
from nwlab.remote.watch import GONE, Watch


class Hosted(Chip, Protocol):
    """A chip that can be made safe and tells what it found."""

    @property
    def holding(self) -> bool:
        """Whether levels of the last drive still stand, or may."""
        ...

    @property
    def resting(self) -> bool:
        """Whether it is being brought to rest at this moment."""
        ...

    def make_safe(self) -> SafeState:
        """Run the safe order and tell what was read back."""
        ...


class Interruption(BaseException):
    """Raised in the main thread by the watch: stop playing."""


class Host:
    """Serves one control program until it lets go, dies or falls silent; then makes safe and says what it found."""

    def __init__(
        self,
        chip: Hosted,
        pipe: Pipe,
        deadlines: Deadlines,
        logbook: Logbook,
        *,
        interrupt: Callable[[], None] = lambda: None,
        listen: Callable[[Message], None] = lambda _: None,
        is_local: bool = True,
    ) -> None:
        """`interrupt` makes `strike` run in the main thread; `listen` is told every block and drive (observers)."""
        self._chip, self._pipe, self._logbook, self._listen = chip, pipe, logbook, listen
        self._interrupt, self._is_local = interrupt, is_local
        self._clock, self._told, self._interval = SystemClock(), 0.0, deadlines.heartbeat / 2
        self._watch = Watch(pipe, deadlines, self.trip, hear=self._hear)
        self.reason = ""
        self._accepted: tuple[Iterator[Reading], Drive, Message] | None = None
        self._armed = self._playing = self._sending = self._stopping = self._leaving = False

    def serve(self, about: Mapping[str, Any]) -> SafeState:
        """Serve; `about` is what the control program is told first. Raises only what stops this program."""
        try:
            try:
                self._armed = True
                self._watch.start()
                self._say(Message("ready", about))
                self._attend()
            finally:
                self._armed = False
        except Interruption:
            pass
        except Gone:
            self.reason = self.reason or GONE
        except Exception as error:
            self.reason = self.reason or f"the bench process failed: {type(error).__name__}: {error}"
        except BaseException:
            self.reason = self.reason or "the bench service was stopped"
            self._leave()
            raise
        return self._leave()

    def trip(self, reason: str) -> None:
        """Have the bench made safe at once; any thread may call it, and none changes anything once that has begun."""
        if not self._leaving:
            self.reason = self.reason or reason
            self._wake("trip")

    def strike(self) -> None:
        """Raise Interruption in the main thread where that is due; for a signal's handler, and between blocks."""
        if self.reason and self._armed:
            self._armed = False
            raise Interruption
        if self._stopping and self._playing and not (self._sending or self._chip.resting):
            self._stopping = False
            raise Interruption

    def _hear(self, message: Message) -> bool:
        if message.kind != "stop":
            return False
        self._stopping = True
        self._wake("stop")
        return True

    def _wake(self, kind: str) -> None:
        """Have the main thread look up, wherever it waits."""
        self._watch.inbox.put(Message(kind))
        self._interrupt()

    def _leave(self) -> SafeState:
        """Make safe, log it, and say it to whoever still listens."""
        self._leaving = True
        cause = self.reason
        self._watch.relent()
        try:
            state = self._chip.make_safe()
        except Exception as error:
            state = SafeState((f"the safe order broke off: {type(error).__name__}: {error}",))
        self._watch.close()
        self._logbook.write("safe", cause=cause or "asked", failures=state.failures, found=state.found)
        words = {"cause": cause, "failures": state.failures, "found": state.found, "untouched": state.untouched}
        with contextlib.suppress(Gone):
            self._pipe.send(Message("safe", words), patience=1.0)
        return state

    def _attend(self) -> None:
        while True:
            message = self._watch.inbox.get()
            self._look_up()
            match message.kind:
                case "drive":
                    self._drive(message)
                    continue
                case "go":
                    self._go()
                case "time":
                    self._say(Message("time", {"now": self._chip.clock.now()}))
                case "sleep":
                    self._sleep(float(message.words["seconds"]))
                case "log":
                    self._move_log(str(message.words["path"]))
                case "stop":  # came when the drive had just ended
                    self._stopping = False
                    self._say(Message("stopped"))
                case "safe":
                    return
                case _:
                    raise WireError(f"the control program asks for {message.kind!r}, which nobody knows here")
            self._accepted = None

    def _sleep(self, seconds: float) -> None:
        """Let the chip's time pass piece by piece, with a tick after each, and answer with the time.

        Whose seconds those are only the chip knows: pieces grow until one takes as long as ticks may be apart. A
        control program that says something meanwhile has been interrupted and waits for no answer.
        """
        clock, piece = self._chip.clock, self._interval
        until = clock.now() + seconds
        while (left := until - clock.now()) > 0:
            since = self._clock.now()
            clock.sleep(min(left, piece))
            if not self._watch.inbox.empty():
                return
            passed = self._clock.now() - since
            piece *= 2.0 if passed < self._interval / 2 else 0.5 if passed > 2 * self._interval else 1.0
            self._tick()
        self._say(Message("time", {"now": clock.now()}))

    def _tick(self) -> None:
        if self._clock.now() - self._told >= self._interval:
            self._say(Message("tick"))

    def _move_log(self, path: str) -> None:
        """A control program on this computer chooses where the log is kept; one from afar writes no files here."""
        if self._is_local:
            self._logbook.move(path)

    def _drive(self, message: Message) -> None:
        """Check a drive; it is played when the control program says go, and dropped when it says anything else."""
        try:
            drive = drive_of(message)
            self._accepted = (self._chip.apply(drive), drive, message)
        except NwlabError as error:
            self._say(failure_message(error))
        else:
            self._say(Message("accepted"))

    def _go(self) -> None:
        if self._accepted is None:
            raise WireError("the control program says go without a drive")
        blocks, drive, message = self._accepted
        self._listen(message)
        self._play(blocks, drive)

    def _play(self, blocks: Iterator[Reading], drive: Drive) -> None:
        self._watch.driven = self._chip.holding or any(bool(np.any(force.levels)) for force in drive.forces)
        end = Message("done")
        try:
            self._playing = True
            try:
                self._pass_on(blocks)
            finally:
                self._playing = False
        except Interruption:
            if self.reason:
                raise
            end = self._take_stop()
        except NwlabError as error:
            if isinstance(error, Gone):
                raise
            self._logbook.write("failed", error=str(error))
            end = failure_message(error)
        finally:
            _close(blocks)
            self._watch.driven = self._chip.holding
        if end.kind != "done" and self._chip.holding:
            self.reason = self.reason or f"levels still stood after a drive was aborted{_because(end)}"
            raise Interruption
        self._listen(end)
        self._say(end)

    def _take_stop(self) -> Message:
        """Take the stop's own message out of the inbox, which only had to wake this thread."""
        while self._watch.inbox.get().kind != "stop":
            pass
        return Message("stopped")

    def _pass_on(self, blocks: Iterator[Reading]) -> None:
        for reading in blocks:
            self._look_up()
            if reading.steps:
                message = block_message(reading)
                self._say(message)
                self._listen(message)
            else:
                self._tick()
            self._look_up()

    def _look_up(self) -> None:
        """Stop where that is due, also when a signal's interruption was lost in code that may not raise."""
        if self.reason:
            self._armed = False
            raise Interruption
        self.strike()

    def _say(self, message: Message) -> None:
        self._sending, self._told = True, self._clock.now()
        try:
            self._pipe.send(message)
        finally:
            self._sending = False


def _because(end: Message) -> str:
    return f": {end.words['text']}" if "text" in end.words else ""


def _close(blocks: Iterator[Reading]) -> None:
    close = getattr(blocks, "close", None)
    if close is not None:
        close()
