"""What the steps of a protocol have found out at one point of a sweep, as cells of its row.

A head is the value's name and the step: `conductance 1 program_twin`; where a value has an error, a second one,
`conductance_error 1 program_twin`, follows. A step that tells several results is known by its last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nwlab.core.record import plain
from nwlab.core.result import Result

PLAIN = "1"


def cells(label: str, result: Result) -> dict[str, dict[str, Any]]:
    """Return the cells of a result by head, each {"value": …, "unit": …}."""
    found: Mapping[str, Any] = plain(dict(result.found))
    return {f"{name} {label}": cell for key, value in found.items() for name, cell in _named(key, value)}


def _named(key: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    match value:
        case {"value": number}:
            unit = str(value.get("unit", PLAIN))
            yield key, {"value": number, "unit": unit}
            if "error" in value:
                yield f"{key}_error", {"value": value["error"], "unit": unit}
        case bool():
            yield key, {"value": str(value).lower(), "unit": PLAIN}
        case _:
            yield key, {"value": value, "unit": PLAIN}
