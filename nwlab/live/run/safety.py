"""Whether the chip and its instruments were left in a safe state, as far as the record of a run tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from nwlab.core.errors import UnsafeError
from nwlab.live.run.bench_log import last_safe
from nwlab.live.scene.scene import Scene


class Safety(Enum):
    """How sure a safe state is."""

    CONFIRMED = "safe state confirmed"
    NOTHING = "nothing to switch off"  # a model, or simulated instruments that ended with their program
    OPEN = "left open and at rest"  # by a program that goes on with the chip
    UNTOUCHED = "nothing was touched"  # what somebody else had left on was left on
    NOT_CONFIRMED = "safe state NOT confirmed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the chip was left, and what was read back or failed."""

    safety: Safety
    text: str


def of_end(scene: Scene, manifest: Mapping[str, Any]) -> Verdict:
    """Judge a run whose end is on record."""
    end, state = scene.progress.end, scene.safe_state
    if state is not None:
        return _of_note(state)
    if end is not None and end.exit_code == UnsafeError.exit_code:
        return Verdict(Safety.NOT_CONFIRMED, end.reason)
    if _is_simulated(manifest):
        return _NOTHING
    return Verdict(Safety.OPEN, "the program that played the run kept the chip open, at rest")


def of_death(folder: Path, manifest: Mapping[str, Any]) -> Verdict:
    """Judge a run whose program has gone without a word, by what the process wrote that held the instruments."""
    made = last_safe(folder)
    if made is not None:
        found = "; ".join(made.found)
        if made.failures:
            return Verdict(Safety.NOT_CONFIRMED, "; ".join(made.failures))
        return Verdict(Safety.UNTOUCHED if made.untouched else Safety.CONFIRMED, f"by the bench process: {found}")
    if _is_simulated(manifest):
        return _NOTHING
    return Verdict(Safety.NOT_CONFIRMED, "no process has told of one")


_NOTHING = Verdict(Safety.NOTHING, "the chip or its instruments were simulated")


def _of_note(state: Mapping[str, Any]) -> Verdict:
    failures, found = (_texts(state.get(name)) for name in ("failures", "found"))
    if failures:
        return Verdict(Safety.NOT_CONFIRMED, "; ".join(failures))
    return Verdict(Safety.CONFIRMED if state.get("confirmed") is True else Safety.UNTOUCHED, "; ".join(found))


def _texts(value: Any) -> list[str]:
    return list(map(str, value)) if isinstance(value, list | tuple) else []


def _is_simulated(manifest: Mapping[str, Any]) -> bool:
    opened = manifest.get("opened")
    return isinstance(opened, dict) and (opened.get("model") is True or opened.get("simulated") is True)
