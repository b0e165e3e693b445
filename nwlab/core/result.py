"""What a step of a protocol has found out, told beside its readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nwlab.core.errors import UsageError
from nwlab.core.units import SYMBOLS, show

RESULT = "result"
"""Kind of the note that it leaves."""
_TAKEN = ("name", "text")  # what the note says itself
_PLAIN = (bool, int, float, str, np.generic, type(None))


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Yielded in place of a drive: it stands on record under the step's name; nothing is played or sent back.

    Values are numbers, texts, and True or False. A number that has a unit or an error says so:
    {"value": 2.002e-05, "unit": "S", "error": 1e-08}.
    """

    found: Mapping[str, object]

    def __post_init__(self) -> None:
        """Refuse what is no result; raises UsageError."""
        if not isinstance(self.found, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - a lab's step may do so
            raise UsageError(f'a result says what its values are, as {{"reached": True}} does, not {self.found!r}')
        for name, value in self.found.items():
            _check(name, value)


def _check(name: object, value: object) -> None:
    if not isinstance(name, str) or name in _TAKEN:
        raise UsageError(f"a value of a result cannot be called {name!r}: choose another name for {value!r}")
    if not isinstance(cast(Any, value).get("value") if isinstance(value, Mapping) else value, _PLAIN):
        raise UsageError(
            f'a result is numbers, texts, True and False, or {{"value": 2e-05, "unit": "S"}}; {name!r} is {value!r}. '
            "What was read is on record anyway"
        )


def told(found: Mapping[str, Any]) -> str:
    """Write a result in one line."""
    return ", ".join(f"{key} {_told(value)}" for key, value in found.items())


def _told(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case {"value": int() | float() as number}:
            unit, error = str(value.get("unit", "1")), value.get("error")
            return _shown(number, unit) + (f" ± {_shown(error, unit, 2)}" if isinstance(error, int | float) else "")
        case float():
            return f"{value:.4g}"
        case _:
            return str(value)


def _shown(value: float, unit: str, digits: int = 4) -> str:
    known = unit if unit in SYMBOLS else "1"
    return show(float(value), known, digits) + (f" {unit}" if unit not in (known, "1") else "")
