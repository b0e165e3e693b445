"""The twin's process: reads the record of a run while it is written, and tells what it expected.

It is started as `python -m nwlab.twin.program ORDER` with the order as JSON. It is never waited for and never in the
way: what it knows it reads from the run's folder, and it ends by itself when the run's program has gone. Questions come
by stdin; before it answers one it reads the record up to the drive that the question names. The last that it tells is
how well it has explained the run.
"""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path
from typing import Any, BinaryIO

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.errors import NwlabError
from nwlab.core.events import BlockArrived, DriveFinished, Event, Expected, Noted
from nwlab.runs.following import Follower
from nwlab.twin.batches import Batches
from nwlab.twin.companion import Companion
from nwlab.twin.network_companion import NetworkCompanion
from nwlab.twin.order import TwinOrder
from nwlab.twin.pulse import Pulse
from nwlab.twin.wire import Answer, Question, Questions, send

_NICE = 5
_PAUSE = 0.005  # s between two looks at a record that has not grown
_LATE = 5.0  # s behind the run after which a twin skips what it has missed
_PIECE = 1 << 16  # bytes of questions that are read at once
_AT_ONCE = 1000  # samples that are followed before anything else is looked at


class Follow:
    """One run that is followed to its end."""

    def __init__(self, folder: Path, companion: Companion | NetworkCompanion, out: BinaryIO, clock: Clock) -> None:
        self._folder, self._companion, self._out, self._clock = folder, companion, out, clock
        self._current = clock.now()  # when the record was last read to its end
        self._skipped, self._batches = 0, Batches()
        self._inbox, self._asked = Questions(), list[Question]()
        self._read = -1  # number of the last drive that was read to its end
        self._is_ending = False  # whether the run is over, so that there is nothing to fall behind

    def run(self) -> None:
        """Follow until the run has ended and all of it was read, or nobody wants to know any more."""
        with Follower(self._folder) as follower:
            while True:
                events = follower.poll(_AT_ONCE)
                is_current = self._keep_up(is_level=follower.is_level)
                for event in self._batches(events):
                    self._take(event)
                if is_current:
                    self._tell_skipped()
                self._answer()
                self._out.flush()
                if self._is_ending and not events:
                    break
                self._is_ending = self._is_ending or self._listen(0.0 if events else _PAUSE)
        self._tell_skipped()

    def _keep_up(self, *, is_level: bool) -> bool:
        """Skip what was just read if it is too old; return whether it reaches to the end of the record."""
        now = self._clock.now()
        if self._is_ending:
            self._tell_skipped()
            return True
        if now - self._current > _LATE:
            self._skipped = self._skipped or 1
        if is_level:
            self._current = now
        return is_level

    def _answer(self) -> None:
        """Answer the last question, when the record was read up to it; nobody waits for earlier ones any more."""
        if not self._asked or self._asked[-1].after > self._read:
            return
        question = self._asked[-1]
        self._asked.clear()
        try:
            answer = Answer(question.number, self._companion.foresee(question.drive))
        except NwlabError as error:
            answer = Answer(question.number, None, str(error))
        send(self._out, answer)

    def _take(self, event: Event) -> None:
        if isinstance(event, DriveFinished):
            self._read = event.index
        if self._skipped and isinstance(event, BlockArrived):
            if self._skipped == 1:
                self._companion.lose()
            self._skipped += event.reading.steps
            return
        for told in self._companion(event):
            if isinstance(told, Expected | Noted):
                send(self._out, told)

    def _tell_skipped(self) -> None:
        if self._skipped > 1:
            send(self._out, Noted("twin skipped", {"samples": self._skipped - 1, "because": "it could not keep up"}))
        self._skipped = 0

    def _listen(self, patience: float) -> bool:
        """Take questions; return whether it is over: who started this closes the pipe then, and so does its death."""
        ready, _, _ = select.select([sys.stdin], [], [], patience)
        data = os.read(sys.stdin.fileno(), _PIECE) if ready else b""
        self._asked += self._inbox.take(data)
        return bool(ready) and not data


def main(words: str) -> None:
    """Follow as ordered."""
    order: dict[str, Any] = json.loads(words)
    folder = Path(order.pop("folder"))
    if hasattr(os, "nice"):
        os.nice(_NICE)
    out, sys.stdout = sys.stdout.buffer, sys.stderr  # what a lab's own law prints is nothing that the twin tells
    try:
        _follow(folder, TwinOrder(**order), out)
    except NwlabError as error:
        sys.exit(f"nwlab: twin of {order['chip']}: {error}")
    except BrokenPipeError:  # the run's program has gone; nor can what is left in the buffer be told to anybody
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def _follow(folder: Path, order: TwinOrder, out: BinaryIO) -> None:
    with Pulse(out):
        companion = order.companion()
        order.rehearse()
        send(out, Noted("twin ready", {"chip": order.chip, **companion.settings}))
        out.flush()
        Follow(folder, companion, out, SystemClock()).run()
    send(out, companion.summary())
    out.flush()


if __name__ == "__main__":
    main(sys.argv[1])
