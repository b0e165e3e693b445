"""A twin beside a run: a process of its own that reads the record, and a thread here that hears what it tells.

A protocol's questions go to it through the pipe at its stdin, which is never waited for: a frozen twin reads nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue

from nwlab.core.drive import Drive
from nwlab.core.errors import DriveError, TwinError, UsageError
from nwlab.core.events import Event, Noted, RunFinished, RunStarted
from nwlab.core.expect import Expectation
from nwlab.twin.order import TwinOrder
from nwlab.twin.wire import Answer, Question, encode_question, receive

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Small matrices gain nothing from more, and threads that wait for each other take the cores from what measures."""
_AT_ONCE = 3
"""Events of the twin that go into the record at one event of the run."""
_START = 60.0  # s for which a twin may compile its model before the run begins
_BREATH = 0.05  # s between signs of life while an answer is waited for


class TwinLink:
    """Listens in place of a subscriber in the background; what the twin tells is handed over between events.

    An oracle, too.
    """

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
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._told: deque[Event] = deque()
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        self._terminals: tuple[str, ...] = ()
        self._asked, self._unsent = 0, b""
        self._ready, self._ended = threading.Event(), False
        self._complaint: Noted | None = None
        self._thread = threading.Thread(target=self._listen, name="nwlab twin", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START) or not self._told:
            self.close(0.0)
            raise UsageError(f"the twin of {order.chip} did not start; its own words stand above")

    def __call__(self, event: Event) -> None:
        """Take one event: the twin reads all but the last from the record."""
        if isinstance(event, RunStarted):
            self._terminals = event.terminals
        if isinstance(event, RunFinished):
            self._end()

    def ask(self, drive: Drive, after: int) -> Generator[Expectation | None, None, None]:
        """Ask what a drive would give once drive number `after` has been read; yields None until that is known.

        Raises DriveError for a drive that the twin cannot answer for, TwinError when it is gone.
        """
        self._asked += 1
        self._unsent += encode_question(Question(self._asked, after, drive), self._terminals)
        while (answer := self._answer()) is None:
            if not self._thread.is_alive():
                raise TwinError("the twin is gone: its process has ended, and nobody else can say what it expected")
            yield None
        if answer.expectation is None:
            raise DriveError(f"the twin cannot say what this drive would give: {answer.refused}")
        yield answer.expectation

    def _answer(self) -> Answer | None:
        """Wait a moment for the answer to the last question; one to an earlier question came too late."""
        self._send()
        try:
            answer = self._answers.get(timeout=_BREATH)
        except Empty:
            return None
        return answer if answer.number == self._asked else None

    def _send(self) -> None:
        """Write what the pipe takes; what it does not is written when the twin has read on."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(stdin.fileno(), self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # the twin is gone, which the thread that listens to it notices
            self._unsent = b""

    def complaint(self) -> Noted | None:
        """Return what went wrong since the last call, if anything."""
        failure, self._complaint = self._complaint, None
        return failure

    def findings(self) -> list[Event]:
        """Return what the twin has told since the last call; not much at once while a run goes on, for it waits."""
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
            while (told := receive(stream)) is not None:
                if isinstance(told, Answer):
                    self._answers.put(told)
                else:
                    self._told.append(told)
                self._ready.set()
        code = self._process.wait()
        if code and not self._ended:
            told = f"was ended by signal {-code}" if code < 0 else f"left with code {code}"
            self._complaint = Noted("subscriber failed", {"subscriber": "twin", "error": f"its process {told}"})
        self._ready.set()
