"""A fit as the text of a chip file: what the model needs, and in [fit] where it came from and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nwlab.analysis.fit import Fit
from nwlab.analysis.recording import Recording

Plain = Mapping[str, Any]


def chip_text(name: str, fit: Fit, recordings: Sequence[Recording]) -> str:
    """Return the text of a chip file that `load_chip` reads.

    `fit.tables` gives everything but name, about and [fit]; numbers are written so that they come back to the last bit.
    """
    sources = ", ".join(recording.path.name for recording in recordings)
    top = {"name": name, "about": f"{fit.law} fitted to {sources}", **fit.tables}
    return dumps({**top, "fit": _about(fit, recordings)})


def quantity(value: float, unit: str) -> str | float:
    """Return a number as chip files write it: with its unit, to the last bit."""
    return value if unit == "1" else f"{value!r} {unit}"


def dumps(tables: Plain) -> str:
    """Write nested plain values as TOML: mappings as tables, lists of mappings as arrays of tables."""
    return "\n".join(_lines(tables, ())).strip("\n") + "\n"


def _about(fit: Fit, recordings: Sequence[Recording]) -> dict[str, Any]:
    sure = {key: each.sd for key, each in fit.parameters.items()}
    return {
        "law": fit.law,
        "sources": [str(recording.path) for recording in recordings],
        "kinds": [recording.kind for recording in recordings],
        "fingerprints": [recording.fingerprint for recording in recordings],
        "samples": int(np.isfinite(fit.measured).sum()),
        "rmse": f"{fit.rmse!r} S",
        "r2": fit.r2,
        **({} if fit.course is None else {"course_rmse": f"{fit.course_rmse!r} S", "course_r2": fit.course_r2}),
        "remarks": list(fit.remarks),
        "order": list(fit.parameters),
        "covariance": [[float(each) for each in row] for row in fit.covariance],
        **fit.extra,
        "values": {key: quantity(each.value, each.unit) for key, each in fit.parameters.items()},
        "errors": {key: quantity(sd, fit.parameters[key].unit) for key, sd in sure.items()},
    }


def _lines(table: Plain, place: tuple[str, ...]) -> list[str]:
    """Plain values come first: in TOML what follows a header belongs to it."""
    below = {key: value for key, value in table.items() if _is_table(value) or _is_tables(value)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in below]
    for key, value in below.items():
        header = ".".join(map(_key, (*place, key)))
        for each in value if _is_tables(value) else [value]:
            brackets = f"[[{header}]]" if _is_tables(value) else f"[{header}]"
            lines += ["", brackets, *_lines(each, (*place, key))]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(map(_is_table, value))


def _key(key: str) -> str:
    bare = key and all(each.isascii() and (each.isalnum() or each in "-_") for each in key)
    return key if bare else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    return str(int(value)) if isinstance(value, int | np.integer) else _number(float(value))


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def _text(text: str) -> str:
    escaped = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    shown = (escaped.get(each, each if each >= " " and each != "\x7f" else f"\\u{ord(each):04X}") for each in text)
    return f'"{"".join(shown)}"'
