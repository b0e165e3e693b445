"""A command of nwlab as a program of its own, which is looked at now and then and never waited for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nwlab.live.presence import HERE
from nwlab.live.run.modesty import stand_back

_MARK = "nwlab: "
_GOES_ON = "…"
"""How a line ends that tells what is under way."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program left behind."""

    code: int  # its exit code; negative: the signal that ended it
    said: dict[str, Any]  # the object on its standard output
    complaints: tuple[str, ...]  # its last words to a person


class Program:
    """Runs `nwlab …`; it outlives whoever started it, whatever that program's end is.

    What it says goes to files without a name, which nobody has to read.
    """

    def __init__(self, words: Sequence[str], *, modest: bool = False) -> None:
        """Start it; a `modest` one leaves the processor to others. Raises OSError when it cannot be started."""
        self._out, self._errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed at its end
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nwlab", *words],
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._errors,
            start_new_session=True,
        )
        if modest:
            stand_back(self._process.pid)

    def look(self) -> Ended | None:
        """Return what it left behind; None while it goes on."""
        code = self._process.poll()
        if code is None:
            return None
        with self._out, self._errors:
            texts = [_read(file.fileno()) for file in (self._out, self._errors)]
        return Ended(code, _object(texts[0]), _complaints(texts[1]))

    def end(self) -> None:
        """Ask it to end; a run would make its bench safe, and a window remember how it lay."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once; only for one that holds no instrument."""
        self._process.kill()
        self._process.wait()
        self._out.close()
        self._errors.close()


def folder_of(place: Path) -> Path | None:
    """Return the folder that `nwlab run --where` has written to a file; None when it has not yet."""
    try:
        return Path(json.loads(place.read_text(encoding="utf-8"))["run"])
    except FileNotFoundError:
        return None


def _read(descriptor: int) -> str:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _complaints(text: str) -> tuple[str, ...]:
    """Return our own last words; what libraries say at the end of a crash, where there are none."""
    lines = [line.rpartition("\r")[2].rstrip() for line in text.splitlines() if line != HERE]
    ours = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK) and not line.endswith(_GOES_ON)]
    return tuple(ours or [line for line in lines if line][-1:])
