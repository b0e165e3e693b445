"""What goes wrong while the disk keeps a record reaches the run, and nobody waits for it in vain."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nwlab.core.clock import SystemClock
from nwlab.runs.appender import Appender
from nwlab.runs.keeper import Keeper


class Faulty(Appender):
    def __init__(self, path: Path, fault: Exception) -> None:
        super().__init__(path)
        self.fault = fault

    def sync(self) -> None:
        raise self.fault


@pytest.mark.parametrize("fault", [OSError(5, "broken"), MemoryError("no more"), ValueError("of ours")])
def test_a_fault_is_raised_once_and_the_thread_goes_on(tmp_path: Path, fault: Exception) -> None:
    file = Faulty(tmp_path / "file", fault)
    keeper = Keeper((file,), SystemClock())
    for _ in range(2):
        keeper.ask()
        end = time.monotonic() + 10.0
        while keeper.behind:
            assert time.monotonic() < end
            time.sleep(0.001)
        with pytest.raises(type(fault)):
            keeper.complain()
        keeper.complain()
    keeper.close()
