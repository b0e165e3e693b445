"""A twin beside a run: a process of its own that reads the record, and a thread here that hears what it tells."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from nwlab.core.errors import UsageError
from nwlab.core.events import Event, Noted, RunFinished
from nwlab.twin.order import TwinOrder
from nwlab.twin.wire import receive

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Small matrices gain nothing from more, and threads that wait for each other take the cores from what measures."""
_AT_ONCE = 3
"""Events of the twin that go into the record at one event of the run."""
_START = 60.0  # s for which a twin may compile its model before the run begins


class TwinLink:
    """Listens in place of a subscriber in the background; what the twin tells is handed over between events."""

    def __init__(self, order: TwinOrder, folder: Path, environment: Mapping[str, str]) -> None:
        """Start it and wait until it is ready; raises UsageError when it cannot be."""
        words = json.dumps({"folder": str(folder.resolve()), **asdict(order)})
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "nwlab.twin.program", words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, **_ONE_THREAD},
            process_group=0,
        )
        self._told: deque[Event] = deque()
        self._ready, self._ended = threading.Event(), False
        self._complaint: Noted | None = None
        self._thread = threading.Thread(target=self._listen, name="nwlab twin", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START) or not self._told:
            self.close(0.0)
            raise UsageError(f"the twin of {order.chip} did not start; its own words stand above")

    def __call__(self, event: Event) -> None:
        """Take one event: the twin reads all but the last from the record."""
        if isinstance(event, RunFinished):
            self._end()

    def complaint(self) -> Noted | None:
        """Return what went wrong since the last call, if anything."""
        failure, self._complaint = self._complaint, None
        return failure

    def findings(self) -> list[Event]:
        """Return what the twin has told since the last call; little at once while a run goes on, which waits for it."""
        count = len(self._told)
        return [self._told.popleft() for _ in range(count if self._ended else min(count, _AT_ONCE))]

    def close(self, patience: float = 2.0) -> None:
        """Let it tell what it still has to, for at most `patience` s; then it is ended."""
        self._end()
        self._thread.join(patience)
        if self._thread.is_alive():
            self._process.kill()
            self._complaint = Noted("dropped", {"subscriber": "twin", "because": "it was behind when the run ended"})
        self._process.wait()

    def _end(self) -> None:
        self._ended = True
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with stream:
            while (event := receive(stream)) is not None:
                self._told.append(event)
                self._ready.set()
        code = self._process.wait()
        if code and not self._ended:
            told = f"was ended by signal {-code}" if code < 0 else f"left with code {code}"
            self._complaint = Noted("subscriber failed", {"subscriber": "twin", "error": f"its process {told}"})
        self._ready.set()
