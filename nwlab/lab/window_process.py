"""The window of a run, started beside it: a program of its own, which the run neither waits for nor depends on."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from nwlab.live.presence import HERE

NO_WINDOW = "no window (the run needs none)"
"""What becomes of a run that has no window, before the reason, which often ends in a command to be copied."""


class WindowProcess:
    """Starts `nwlab live` on a run's folder, in a process group that Ctrl-C and a closed terminal do not reach."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        """`tell` is called with what went wrong, once at most before the window is there and once after; any thread."""
        self.is_there = False  # whether it has come up
        self.has_failed = False  # whether it never will
        self.decided = threading.Event()  # whether one of the two is known
        self._folder, self._tell = folder, tell
        command = [sys.executable, "-m", "nwlab", "live", str(folder), "--of-run"]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                # Ctrl-C is for the run; a session of its own would have as much of the processor as the run's.
                process_group=0,
            )
        except OSError as error:
            self._fail(f"{sys.executable} cannot be started: {error.strerror}")
            return
        threading.Thread(target=self._listen, name="nwlab window", daemon=True).start()

    def _listen(self) -> None:
        """What the window says before it has come up, and that it has; then it closes its standard error."""
        stream = self._process.stderr
        assert stream is not None
        with stream:
            said = stream.read().decode(errors="replace").splitlines()
        if HERE in said:
            self.is_there = True
            self.decided.set()
            code = self._process.wait()
            if code:
                again = f"open it again with: nwlab live {self._folder}"
                self._tell(f"the window {_ended(code)}; the run goes on, {again}")
            return
        code = self._process.wait()
        self._fail(_last_words(said) or f"it {_ended(code)}")

    def _fail(self, reason: str) -> None:
        self.has_failed = True
        self._tell(f"{NO_WINDOW}: {reason}")
        self.decided.set()


def _last_words(said: list[str]) -> str:
    """Return what a program said at last; our own words come before what libraries say."""
    ours = [line.removeprefix("nwlab: ") for line in said if line.startswith("nwlab: ")]
    return (ours or said[-1:] or [""])[-1]


def _ended(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"left with code {code}"
