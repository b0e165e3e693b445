"""What the process that held the instruments wrote down when it made them safe."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_TAIL = 65_536  # bytes of the end of the log that are looked at


@dataclass(frozen=True, slots=True)
class MadeSafe:
    """What was read back after the safe order had run."""

    cause: str
    failures: tuple[str, ...]
    found: tuple[str, ...]
    untouched: bool  # whether outputs that somebody else left on were left on


def last_safe(folder: Path) -> MadeSafe | None:
    """Return what the bench log of a run says last of a safe state; None when it says nothing, or there is no log."""
    try:
        with (folder / "bench.log").open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL))
            lines = file.read().splitlines()
    except OSError:
        return None
    return next((safe for line in reversed(lines) if (safe := _safe(line)) is not None), None)


def _safe(line: bytes) -> MadeSafe | None:
    try:
        words = json.loads(line)
        if words["what"] != "safe":
            return None
        failures, found = (tuple(map(str, words[name])) for name in ("failures", "found"))
        return MadeSafe(str(words["cause"]), failures, found, bool(words.get("untouched")))
    except (ValueError, KeyError, TypeError):
        return None
