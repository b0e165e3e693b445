"""The process of a twin as seen from the run beside it: its start, what it tells, and its end.

How long it is waited for depends on whether it works. It compiles its model for minutes on a busy computer, and has
much to read when nothing has paced its run; a frozen one only costs some seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.errors import UsageError
from nwlab.core.events import Event, Noted
from nwlab.core.frames import DamageError
from nwlab.core.units import duration
from nwlab.lab.aside import aside
from nwlab.runs.interrupts import interrupts
from nwlab.runs.requests import Request, is_waiting
from nwlab.twin.companion import SUMMARY
from nwlab.twin.order import TwinOrder
from nwlab.twin.wire import Alive, Answer, receive

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Small matrices gain nothing from more, and threads that wait for each other take the cores from what measures."""
_LOOK = 0.05  # s between looks at what is waited for


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a twin is waited for, in s."""

    ready: float = 600.0  # until it has loaded and compiled its model
    loading: float = 60.0  # without a sign of life until then: the first comes once Python has loaded its packages
    frozen: float = 3.0  # without a sign of life in the end
    stuck: float = 600.0  # without anything new in the end from one that lives
    behind: float = 2.0  # in the end, where nothing is to wait for it
    untold: float = 1.5  # until whoever sits at the terminal is told what is waited for


class TwinProcess:
    """Started at once; `told`, `answers` and `complaints` fill up in the background."""

    def __init__(
        self,
        order: TwinOrder,
        folder: Path,
        environment: Mapping[str, str],
        patience: Patience | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Start it for the run in `folder`."""
        self.told: deque[Event] = deque()
        self.answers: SimpleQueue[Answer] = SimpleQueue()
        self.complaints: deque[Noted] = deque()
        self._chip, self._folder = order.chip, folder
        self._patience, self._clock = patience or Patience(), clock or SystemClock()
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
        self._ready, self._over = threading.Event(), threading.Event()
        self._heard = self._news = self._clock.now()  # when it last gave a sign of life, and when it told something
        self._is_complete = self._is_given_up = self._is_enough = False
        self._thread = threading.Thread(target=self._listen, name="nwlab twin", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._over.is_set()

    def write(self, data: bytes) -> bytes:
        """Write what the pipe takes, and return the rest; all is taken by a twin that is gone."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            while data:
                data = data[os.write(stdin.fileno(), data) :]
        except BlockingIOError:
            pass
        except OSError:  # which the thread that listens to it notices, too
            data = b""
        return data

    def await_ready(self) -> None:
        """Wait until it is ready to follow; raises UsageError, also saying why it is not."""
        begun, is_told = self._clock.now(), False
        while not self._ready.wait(_LOOK):
            now = self._clock.now()
            if now - self._heard > self._patience.loading:
                raise UsageError(self._unready(f"nothing was heard of it for {duration(self._patience.loading)}"))
            if now - begun > self._patience.ready:
                raise UsageError(self._unready(f"it still compiles its model after {duration(self._patience.ready)}"))
            if not is_told and now - begun > 3 * self._patience.untold:
                is_told = True
                aside(
                    f"the twin of {self._chip} is made ready: its model is compiled, which may take minutes, but is "
                    "kept for the next time (Ctrl-C ends this)"
                )
        if not self.told:
            raise UsageError(
                f"the twin of {self._chip} did not start: its process {_ended(self._process.wait())}, its own words "
                "stand above; nothing was played. With --twin none the run goes without one"
            )

    def hang_up(self) -> None:
        """Let it know that the run is over."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def await_end(self, *, patient: bool) -> None:
        """Wait until it has told all, or, unless `patient`, for a moment; then it is ended.

        Ctrl-C and `nwlab stop` end the waiting.
        """
        self.hang_up()
        with interrupts() as signals, signals.waiting(self._give_up):
            because = self._wait(patient=patient)
        self.end()
        if because and not self._is_complete:
            self.complaints.append(Noted("dropped", {"subscriber": "twin", "because": because}))

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._is_given_up = True
        self.hang_up()
        self._process.kill()
        self._process.wait()
        self._thread.join()

    def _give_up(self) -> None:
        self._is_enough = True

    def _wait(self, *, patient: bool) -> str:
        """Wait for its end; return why no longer than this, empty when it came."""
        begun, is_told = self._clock.now(), False
        while not self._over.wait(_LOOK):
            now = self._clock.now()
            if now - max(self._heard, begun) > self._patience.frozen:
                return "it had stopped to give signs of life when the run ended"
            if not patient and now - begun > self._patience.behind:
                return "it was behind when the run ended"
            if now - max(self._news, begun) > self._patience.stuck:
                return f"it was behind when the run ended, and then told nothing for {duration(self._patience.stuck)}"
            if self._is_enough or is_waiting(self._folder, Request.STOP):
                return "it was behind when the run ended, and was not waited for to the end"
            is_alive = now - self._heard < self._patience.untold
            if patient and is_alive and not is_told and now - begun > self._patience.untold:
                is_told = True
                aside("everything is measured and on record; its twin still works on it (Ctrl-C goes on without that)")
        return ""

    def _unready(self, why: str) -> str:
        return (
            f"the twin of {self._chip} was not ready in time: {why}; nothing was played. What it has compiled is kept, "
            "so that it gets further when the run is started again, best with less else to do for this computer; "
            "with --twin none the run goes without one"
        )

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        try:
            with stream:
                while not self._is_complete and (told := receive(stream)) is not None:
                    self._take(told)
            if not self._is_complete:
                code = self._process.wait()
                if not self._is_given_up:
                    self._complain(f"its process {_ended(code)}")
        except (ValueError, LookupError, TypeError, DamageError) as error:
            self._complain(f"what it tells cannot be read ({type(error).__name__}: {error})")
        finally:
            self._over.set()
            self._ready.set()

    def _complain(self, error: str) -> None:
        self.complaints.append(Noted("subscriber failed", {"subscriber": "twin", "error": error}))

    def _take(self, told: Event | Answer | Alive) -> None:
        self._heard = self._clock.now()
        if isinstance(told, Alive):
            return
        self._news = self._heard
        if isinstance(told, Answer):
            self.answers.put(told)
        else:
            self.told.append(told)
            self._is_complete = isinstance(told, Noted) and told.kind == SUMMARY
        self._ready.set()


def _ended(code: int) -> str:
    """Say how a process has left."""
    return f"was ended by signal {-code}" if code < 0 else f"left with code {code}"
