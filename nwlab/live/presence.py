"""How a window tells whoever started it that it has come up."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

HERE = "nwlab: the window is there"
"""Last words of a window that has come up; then it says no more."""


def announce() -> None:
    """Say so, and fall silent: whoever started the window need not listen any more, and may have gone."""
    with suppress(OSError):
        print(HERE, file=sys.stderr, flush=True)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
