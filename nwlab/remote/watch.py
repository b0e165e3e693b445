"""The thread that watches over the control program: what it says, and whether it still says anything.

Theory of operation. While a level other than zero stands, the control program sends a beat from its control loop every
quarter of the heartbeat; silence for a whole heartbeat is taken for a hang. At rest it may think for long. What has
arrived is always read before silence is judged, so that a computer under load that delays this thread does not count
as silence. A computer that slept is told from one that is slow by a clock that goes on in sleep.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue

from nwlab.core.clock import Clock, SystemClock, time_with_sleep
from nwlab.core.errors import WireError
from nwlab.core.safe_state import Deadlines
from nwlab.core.units import duration, show
from nwlab.remote.message import Message
from nwlab.remote.pipe import Gone, Pipe

GONE = "the control program is gone"
_SLEPT = 1.0  # s by which the two clocks must differ


class Watch:
    """Reads a pipe in a thread of its own; `trip` is called once, with the reason, when the bench must be made safe."""

    def __init__(
        self,
        pipe: Pipe,
        deadlines: Deadlines,
        trip: Callable[[str], None],
        *,
        hear: Callable[[Message], bool] = lambda _: False,
        clock: Clock | None = None,
        with_sleep: Callable[[], float] = time_with_sleep,
    ) -> None:
        """`hear` takes messages that must not wait for their turn, and tells whether it did."""
        self.inbox: SimpleQueue[Message] = SimpleQueue()
        self.progress = 0  # blocks that the control program has taken
        self._pipe, self._deadlines, self._trip, self._hear = pipe, deadlines, trip, hear
        self._clock, self._with_sleep = clock or SystemClock(), with_sleep
        self._driven = self._relents = self._closed = False
        self._last = self._clock.now()
        self._drift = self._with_sleep() - self._last
        self._thread = threading.Thread(target=self._work, name="nwlab watches the control program", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def relent(self) -> None:
        """Judge no more; what still comes is only read away, so that whoever says it does not get stuck."""
        self._relents = True

    def close(self) -> None:
        """Stop reading, too; the pipe stays open."""
        self._relents = self._closed = True

    @property
    def driven(self) -> bool:
        """Whether a level other than zero stands, so that the heartbeat binds."""
        return self._driven

    @driven.setter
    def driven(self, driven: bool) -> None:
        if driven and not self._driven:
            self._last = self._clock.now()  # until now the program was free to think
        self._driven = driven

    def _work(self) -> None:
        reason = ""
        while not (reason or self._relents):
            try:
                reason = self._look()
            except Exception as error:  # nobody else watches
                reason = f"the watch over the control program failed: {type(error).__name__}: {error}"
        if not self._relents:
            self._trip(reason)
        self._read_away()

    def _read_away(self) -> None:
        with contextlib.suppress(WireError):
            while not self._closed:
                self._pipe.receive(self._deadlines.heartbeat / 4)

    def _look(self) -> str:
        """Wait for a message or a deadline; return why the bench must be made safe, empty when it need not."""
        try:
            message = self._pipe.receive(max(0.0, min(self._left(), self._deadlines.heartbeat / 4)))
            if message is not None:
                self._last = self._clock.now()
                self._take(message)
                return self._slept()  # beats go on at once after a sleep
        except Gone:
            return GONE
        except WireError as error:
            return f"the control program talks nonsense: {error}"
        return self._slept() or self._silent()

    def _take(self, message: Message) -> None:
        if message.kind == "beat":
            self.progress = _count(message.words.get("progress"))
        elif not self._hear(message):
            self.inbox.put(message)

    def _left(self) -> float:
        allowed = self._deadlines.heartbeat if self._driven else self._deadlines.think
        return self._last + allowed - self._clock.now()

    def _silent(self) -> str:
        if self._left() > 0:
            return ""
        if self._driven:
            return (
                f"the control program was silent for {show(self._deadlines.heartbeat, 's')} while a level stood; "
                f"it had taken {self.progress} blocks"
            )
        return f"the control program was silent for {duration(self._deadlines.think)}"

    def _slept(self) -> str:
        drift = self._with_sleep() - self._clock.now()
        slept, self._drift = drift - self._drift, drift
        return f"the computer slept for {duration(slept)}" if slept > _SLEPT else ""


def _count(progress: object) -> int:
    if not isinstance(progress, int):
        raise WireError(f"a beat that has taken {progress!r} blocks")
    return progress
