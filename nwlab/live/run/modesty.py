"""Programs that stand back behind those that measure."""

from __future__ import annotations

import contextlib
import os

_LOW = 10  # of 19


def stand_back(process: int) -> None:
    """Have a process leave the processor to others, where the system lets it; 0 = this one."""
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process, _LOW)
