"""The twin's process: reads the record of a run while it is written, and tells what it expected.

It is started as `python -m nwlab.twin.program ORDER` with the order as JSON. It is never waited for and never in the
way: what it knows it reads from the run's folder, and it ends by itself when the run's program has gone.
"""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path
from typing import Any, BinaryIO

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.events import BlockArrived, Event, Expected, Noted
from nwlab.runs.following import Follower
from nwlab.twin.batches import Batches
from nwlab.twin.companion import Companion
from nwlab.twin.network_companion import NetworkCompanion
from nwlab.twin.order import TwinOrder
from nwlab.twin.wire import send

_NICE = 5
_PAUSE = 0.005  # s between two looks at a record that has not grown
_LATE = 5.0  # s behind the run after which a twin skips what it has missed
_NEAR = 0.999  # share of the record that counts as all of it


class Follow:
    """One run that is followed to its end."""

    def __init__(self, folder: Path, companion: Companion | NetworkCompanion, out: BinaryIO, clock: Clock) -> None:
        self._folder, self._companion, self._out, self._clock = folder, companion, out, clock
        self._current = clock.now()  # when the record was last read to its end
        self._skipped, self._batches = 0, Batches()

    def run(self) -> None:
        """Follow until the run has ended, or nobody wants to know any more."""
        with Follower(self._folder) as follower:
            ending = False
            while True:
                events = follower.poll()
                is_current = self._keep_up(follower.share)
                for event in self._batches(events):
                    self._take(event)
                if is_current:
                    self._tell_skipped()
                self._out.flush()
                if not events:
                    if ending:
                        break
                    ending = self._is_over()
        self._tell_skipped()
        send(self._out, self._companion.summary())
        self._out.flush()

    def _keep_up(self, share: float) -> bool:
        """Skip what was just read if it is too old; return whether it reaches to the end of the record."""
        now = self._clock.now()
        if now - self._current > _LATE:
            self._skipped = self._skipped or 1
        if share >= _NEAR:
            self._current = now
        return share >= _NEAR

    def _take(self, event: Event) -> None:
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

    def _is_over(self) -> bool:
        """Wait a moment; whoever started this closes the pipe when nothing more comes, and so does its death."""
        ready, _, _ = select.select([sys.stdin], [], [], _PAUSE)
        return bool(ready)


def main(words: str) -> None:
    """Follow as ordered."""
    order: dict[str, Any] = json.loads(words)
    folder = Path(order.pop("folder"))
    if hasattr(os, "nice"):
        os.nice(_NICE)
    companion = TwinOrder(**order).companion()
    TwinOrder(**order).rehearse()
    send(sys.stdout.buffer, Noted("twin ready", {"chip": order["chip"], **companion.settings}))
    sys.stdout.buffer.flush()
    Follow(folder, companion, sys.stdout.buffer, SystemClock()).run()


if __name__ == "__main__":
    main(sys.argv[1])
