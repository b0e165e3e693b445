"""How a TSP instrument writes numbers (2600BS-901-01, "format" attributes and "print")."""

from __future__ import annotations

import struct
from collections.abc import Iterable

ASCII, REAL32, REAL64 = 1, 2, 3
NORMAL, SWAPPED = 0, 1
NO_READING = 9.91e37


def text(value: object, precision: int) -> str:
    """Write one value as `print` does: `precision` significant digits in exponent form, words as they are."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.{precision - 1}e}"
    if isinstance(value, str):
        return value
    kind = "function" if "function" in str(value) else "table"
    return f"{kind}: {id(value):08x}"


def block(values: Iterable[float], precision: int, data: int, order: int) -> bytes:
    """Write the values of `printbuffer`: text separated by ", ", or "#0" and little- or big-endian floats."""
    if data == ASCII:
        return ", ".join(text(float(value), precision) for value in values).encode("latin-1")
    numbers = list(values)
    code = ("<" if order == SWAPPED else ">") + f"{len(numbers)}{'f' if data == REAL32 else 'd'}"
    return b"#0" + struct.pack(code, *numbers)
