"""How a TSP instrument writes numbers.

Source: Series 2600B reference manual 2600BS-901-01, `format.asciiprecision`, `format.data`, `format.byteorder`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from nwlab.virtual.tsp_errors import ErrorQueue
from nwlab.virtual.tsp_node import Node, number

ASCII, REAL32, REAL64 = 1, 2, 3
BIG_ENDIAN, LITTLE_ENDIAN = 0, 1
OVERFLOW = 9.91e37
"""What stands for a reading that does not exist or exceeds its range."""


class Format:
    """The settings under `format`, and what follows from them; `told` hears of the digits of `print`."""

    def __init__(self, errors: ErrorQueue, told: Callable[[int], object]) -> None:
        self._errors, self._told = errors, told
        self.precision, self.data, self.byte_order = 6, ASCII, LITTLE_ENDIAN

    def reset(self) -> None:
        """Go back to six digits, ASCII, least significant byte first."""
        self.precision, self.data, self.byte_order = 6, ASCII, LITTLE_ENDIAN
        self._told(self.precision)

    def ascii(self, value: float) -> str:
        """Write one number as `print` does."""
        return f"{value:.{self.precision - 1}e}"

    def block(self, values: Sequence[float]) -> str:
        """Write numbers as `printbuffer` does, without the line end; a binary block is text of code points 0-255."""
        if self.data == ASCII:
            return ", ".join(map(self.ascii, values))
        order = "<" if self.byte_order == LITTLE_ENDIAN else ">"
        letter = "f" if self.data == REAL32 else "d"
        return "#0" + struct.pack(f"{order}{len(values)}{letter}", *values).decode("latin-1")

    def node(self) -> Node:
        """Return the object `format`."""
        node = Node()
        node.attribute("asciiprecision", lambda: self.precision, self._set_precision)
        node.attribute("data", lambda: self.data, self._set_data)
        node.attribute("byteorder", lambda: self.byte_order, self._set_order)
        node.constants({"ASCII": ASCII, "SREAL": REAL32, "REAL32": REAL32, "REAL": REAL64, "REAL64": REAL64})
        node.constants({"DREAL": REAL64, "NORMAL": BIG_ENDIAN, "NETWORK": BIG_ENDIAN, "BIGENDIAN": BIG_ENDIAN})
        return node.constants({"SWAPPED": LITTLE_ENDIAN, "LITTLEENDIAN": LITTLE_ENDIAN})

    def _set_precision(self, value: object) -> None:
        self.precision = int(self._errors.within(number(value), 1, 16, self.precision))
        self._told(self.precision)

    def _set_data(self, value: object) -> None:
        self.data = int(self._errors.within(number(value), ASCII, REAL64, self.data))

    def _set_order(self, value: object) -> None:
        self.byte_order = int(self._errors.within(number(value), BIG_ENDIAN, LITTLE_ENDIAN, self.byte_order))
