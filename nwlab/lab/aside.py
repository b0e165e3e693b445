"""What a program says beside its results, to whoever sits at the terminal."""

from __future__ import annotations

import contextlib
import sys


def aside(text: str) -> None:
    """Write a line to stderr, over a line of progress that stands there; a closed terminal does no harm."""
    with contextlib.suppress(OSError, ValueError):
        start = "\r\x1b[K" if sys.stderr.isatty() else ""
        print(f"{start}nwlab: {text}", file=sys.stderr, flush=True)
