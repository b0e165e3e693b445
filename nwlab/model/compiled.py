"""Loops turned into machine code on first use, kept on disk, and never in silence.

Rules for compiled functions: positional arguments only, no objects, no errors raised; callers check. Numba keeps code
beside its source file and renews it when *that* file changes, though it also holds what functions of other files were
then. So when any file of the model has changed since, all that was kept is dropped.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core import event

from nwlab.core.drive import FloatArray

F = TypeVar("F", bound=Callable[..., Any])

_njit: Callable[..., Any] = numba.njit
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract"}}


def compiled(function: F) -> F:
    """Compile a function on its first call.

    Only `contract` of the fast-math family is allowed: a fused multiply-add is more exact, while reordering sums or
    assuming away infinities would change what the formulas say at their ends.
    """
    return cast(F, _njit(**_OPTIONS, _nrt=True)(function))


def bare(function: F) -> F:
    """Compile a function that makes no arrays, though it may take views: nobody counts references then.

    Counting costs some ns for each array that a call touches, which small networks notice.
    """
    return cast(F, _njit(**_OPTIONS, _nrt=False)(function))


def given(values: FloatArray) -> FloatArray:
    """Return an input of a compiled loop as a row of numbers that can only be read.

    Machine code is made anew for each kind of array, and one that may be written to is of another kind.
    """
    row = np.ascontiguousarray(values, dtype=np.float64).view()
    row.flags.writeable = False
    return row


class _Announcer(event.Listener):
    """Say once per process that compiling has begun: it takes seconds, and silence looks like a hang."""

    def __init__(self) -> None:
        self._said = False

    def on_start(self, event: Any) -> None:
        source = event.data["dispatcher"].py_func.__module__
        if not self._said and source.startswith("nwlab."):
            self._said = True
            print("nwlab: compiling the chip model (once per computer, some seconds) …", file=sys.stderr)

    def on_end(self, event: Any) -> None:
        pass


def renew(folder: Path) -> bool:
    """Drop machine code that is kept below `folder` when a source file there has changed; return whether it was so."""
    sources = sorted((path, path.stat()) for path in folder.rglob("*.py"))
    now = "\n".join(f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}" for path, stat in sources)
    stamp = folder / "__pycache__" / "compiled-for.txt"
    with contextlib.suppress(OSError):  # where nothing can be written, nothing is kept beside the sources either
        if stamp.exists() and stamp.read_text(encoding="utf-8") == now:
            return False
        for kept in (*folder.rglob("*.nbi"), *folder.rglob("*.nbc")):
            kept.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(now, encoding="utf-8")
    return True


renew(Path(__file__).parent)
event.register("numba:compile", _Announcer())
