"""Windows on runs that another window has opened: which ends of theirs are told."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from runs.ohmic import OhmicChip, several, volts

from nwlab.core.record import RunInfo
from nwlab.live.presence import HERE
from nwlab.live.run.wording import Told
from nwlab.live.start.viewers import Viewers
from nwlab.runs.runner import record_run


def soon(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_window_that_is_killed_is_told_and_one_that_was_let_go_is_not(tmp_path: Path) -> None:
    viewers, told = Viewers(), list[Told]()
    for name in ("killed", "let-go"):
        record_run(several(volts([1.0])), OhmicChip(), tmp_path / name, RunInfo(name))
        assert viewers.show(tmp_path / name)
    for program in viewers._open.values():
        soon(lambda program=program: HERE in os.pread(program._errors.fileno(), 4096, 0).decode())
    os.kill(viewers._open[tmp_path / "killed"]._process.pid, signal.SIGKILL)
    soon(lambda: told.extend(viewers.look()) or len(viewers._open) == 1)
    viewers.end()
    soon(lambda: told.extend(viewers.look()) or not viewers._open)
    (only,) = told
    assert only.text == "The window on killed: it was ended by signal 9. The run is not touched by it."
