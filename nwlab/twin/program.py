"""The twin's process: reads the record of a run while it is written, and tells what it expected.

It is started as `python -m nwlab.twin.program ORDER` with the order as JSON. It is never waited for and never in the
way: what it knows it reads from the run's folder, and it ends by itself when the run's program has gone. Questions come
by stdin; before it answers one it reads the record up to the drive that the question names.
"""

from __future__ import annotations

import json
import os
import select
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import NwlabError
from nwlab.core.events import BlockArrived, DriveFinished, Event, Expected, Noted
from nwlab.runs.following import Follower
from nwlab.twin.companion import Companion
from nwlab.twin.order import TwinOrder
from nwlab.twin.wire import Answer, Question, Questions, send

_NICE = 5
_PAUSE = 0.005  # s between two looks at a record that has not grown
_LATE = 2.0  # s behind the run after which a twin skips what it has missed
_PIECE = 1 << 16  # bytes of questions that are read at once
_ANY = Drive(np.array([1e-3]), (Force(0, Quantity.VOLTAGE, np.array([0.1]), 1e-3, low=1),))
_NEAR = 0.999  # share of the record that counts as all of it


class Follow:
    """One run that is followed to its end."""

    def __init__(self, folder: Path, companion: Companion, out: BinaryIO, clock: Clock) -> None:
        self._folder, self._companion, self._out, self._clock = folder, companion, out, clock
        self._current = clock.now()  # when the record was last read to its end
        self._skipped = 0
        self._inbox, self._asked = Questions(), list[Question]()
        self._read = -1  # number of the last drive that was read to its end

    def run(self) -> None:
        """Follow until the run has ended, or nobody wants to know any more."""
        with Follower(self._folder) as follower:
            ending = False
            while True:
                events = follower.poll()
                self._keep_up(follower.share)
                for event in events:
                    self._take(event)
                self._answer()
                self._out.flush()
                if ending and not events:
                    break
                ending = ending or self._listen(0.0 if events else _PAUSE)
        self._tell_skipped()
        send(self._out, self._companion.summary())
        self._out.flush()

    def _keep_up(self, share: float) -> None:
        now = self._clock.now()
        if share >= _NEAR:
            self._current = now
            self._tell_skipped()
        elif now - self._current > _LATE and not self._skipped:
            self._companion.lose()
            self._skipped = 1

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
            self._skipped += event.reading.steps
            return
        for told in self._companion(event):
            if isinstance(told, Expected | Noted):
                send(self._out, told)

    def _tell_skipped(self) -> None:
        if self._skipped:
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
    companion = TwinOrder(**order).companion()
    with suppress(NwlabError):  # a twin may have no answer to this
        companion.foresee(_ANY)  # compiles what is not yet, before anybody waits for one
    send(sys.stdout.buffer, Noted("twin ready", {"chip": order["chip"], **companion.settings}))
    sys.stdout.buffer.flush()
    Follow(folder, companion, sys.stdout.buffer, SystemClock()).run()


if __name__ == "__main__":
    main(sys.argv[1])
