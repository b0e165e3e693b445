"""The window of a run, started beside it: a program of its own, which the run neither waits for nor depends on."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_PARTING = 1.0  # s between the last word of a program and its end


class WindowProcess:
    """Starts `nwlab live` on a run's folder, in a session that Ctrl-C and a closed terminal do not reach."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        """`tell` is called with what went wrong, once at most before the window is there and once after; any thread."""
        self.is_there = False  # whether it has come up
        self.has_failed = False  # whether it never will
        self._folder, self._tell = folder, tell
        command = [sys.executable, "-m", "nwlab", "live", str(folder), "--of-run"]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            self._fail(f"{sys.executable} cannot be started: {error.strerror}")
            return
        threading.Thread(target=self._listen, name="nwlab window", daemon=True).start()

    def _listen(self) -> None:
        """The window closes its standard error when it has come up; until then it says there what is wrong."""
        stream = self._process.stderr
        assert stream is not None
        with stream:
            said = stream.read().decode(errors="replace").strip()
        try:
            code = self._process.wait(_PARTING)
        except subprocess.TimeoutExpired:
            self.is_there = True
            self._say_when_it_dies()
            return
        if code:
            self._fail(_last_words(said) or _ended(code))
        else:
            self.is_there = True  # and closed again

    def _say_when_it_dies(self) -> None:
        code = self._process.wait()
        if code:
            self._tell(f"the window {_ended(code)}; the run goes on. Open it again with: nwlab live {self._folder}")

    def _fail(self, reason: str) -> None:
        self.has_failed = True
        self._tell(f"no window: {reason}; the run goes on")


def _last_words(said: str) -> str:
    """Return what a program said at last; our own words come before what libraries say."""
    lines = said.splitlines()
    ours = [line.removeprefix("nwlab: ") for line in lines if line.startswith("nwlab: ")]
    return (ours or lines[-1:] or [""])[-1]


def _ended(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"left with code {code}"
