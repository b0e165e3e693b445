"""Tables with two columns per channel, voltage and current: ArC TWO, and RCbench's copies of them.

Headers: `Time[s] 8_V[V] 8_I[A] 9_V[V] …`; in CSV also `SRC_13_V[V]`, `GND_4_V[V]`, `Node14_V[V]`. A channel that floats
has no current: NaN, or no column. One that is driven keeps its level where a line lacks it. The sign of currents
differs between set-ups; chips are passive, so the one with which power flows into the chip is taken.
"""

from __future__ import annotations

import re

import numpy as np

from nwlab.analysis.readers.text import Lines, ascending
from nwlab.analysis.readers.unmeasured import carried, measured, overflows
from nwlab.analysis.recording import Recording
from nwlab.core.drive import FloatArray
from nwlab.core.errors import FileError

_TIME = re.compile(r"time\s*\[s\]", re.IGNORECASE)
_CHANNEL = re.compile(r"(?:(?:SRC|GND|Node)_?)?(\w+)_([VI])\s*\[[VA]\]", re.IGNORECASE)


def is_channel_table(header: tuple[str, ...]) -> bool:
    """Whether a header names times and channels."""
    return len(header) > 2 and bool(_TIME.fullmatch(header[0])) and all(map(_CHANNEL.fullmatch, header[1:]))


def read_channels(lines: Lines) -> Recording:
    """Read such a table; raises FileError naming the line."""
    table = lines.table(len(lines.header))
    time = table[:, 0]
    ascending(lines, time)
    columns = _columns(lines)
    terminals = tuple(dict.fromkeys(name for name, _ in columns))
    voltage, current = (measured(_gathered(table, columns, terminals, each)) for each in "VI")
    if np.nansum(voltage * current) < 0:
        current = -current
    nobody_says, whole = np.zeros(time.size), carried(voltage, current)
    return Recording(
        terminals,
        time,
        time,
        nobody_says,
        whole,
        current,
        lines.path,
        "channel table",
        lines.fingerprint,
        notes=(*overflows(table[:, 1:]), *_on_levels(voltage, whole, terminals)),
    )


def _on_levels(voltage: FloatArray, whole: FloatArray, terminals: tuple[str, ...]) -> tuple[str, ...]:
    lacking = np.sum(np.isfinite(whole) & ~np.isfinite(voltage), axis=0)
    found = [f"{name} {count} of {len(voltage)}" for name, count in zip(terminals, lacking, strict=True) if count]
    text = "samples without the voltage of a terminal that is driven count as held at its last level"
    return (f"{text}: {', '.join(found)}",) if found else ()


def _columns(lines: Lines) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for column, title in enumerate(lines.header[1:], 1):
        match = _CHANNEL.fullmatch(title)
        assert match
        key = match[1], match[2].upper()
        if key in found:
            raise FileError(f"has two columns for {match[2].upper()} of channel {match[1]}", lines.path, lines.first)
        found[key] = column
    return found


def _gathered(
    table: FloatArray, columns: dict[tuple[str, str], int], terminals: tuple[str, ...], quantity: str
) -> FloatArray:
    out = np.full((len(table), len(terminals)), np.nan)
    for place, name in enumerate(terminals):
        if (name, quantity) in columns:
            out[:, place] = table[:, columns[name, quantity]]
    return out
