"""Two-terminal tables of Keithley instruments: of an SMU, with units in the header, and of a PMU, without."""

from __future__ import annotations

import re

from nwlab.analysis.readers.text import Lines
from nwlab.analysis.readers.two_terminals import two_terminals
from nwlab.analysis.recording import Recording
from nwlab.core.drive import FloatArray
from nwlab.core.errors import FileError

_TITLES = {
    "time": re.compile(r"(time|timestamp)(\s*\[s\])?", re.IGNORECASE),
    "voltage": re.compile(r"voltage(_read)?(\s*\[V\])?", re.IGNORECASE),
    "current": re.compile(r"current(\s*\[A\])?", re.IGNORECASE),
}
_SET = re.compile(r"voltage_prog(\s*\[V\])?", re.IGNORECASE)


def is_keithley(header: tuple[str, ...]) -> bool:
    """Whether a header names a time, a voltage and a current."""
    return all(any(map(title.fullmatch, header)) for title in _TITLES.values())


def read_keithley(lines: Lines) -> Recording:
    """Read such a table, with the measured voltage, not the programmed one; raises FileError naming the line."""
    kept = [_place(lines, title) for title in _TITLES.values()]
    width = len(lines.header)
    table = _numbers(lines, kept, width)
    kind = "Keithley SMU table" if any(map(_SET.fullmatch, lines.header)) else "Keithley PMU table"
    return two_terminals(lines, table[:, 0], table[:, 1], table[:, 2], kind)


def _numbers(lines: Lines, kept: list[int], width: int) -> FloatArray:
    """Take the columns wanted; a PMU's status is a word."""
    for row, words in enumerate(lines.words):
        if len(words) != width:
            raise lines.error(f"has {len(words)} columns here, but the header names {width}", row)
    words = [[each[place] for place in kept] for each in lines.words]
    return Lines(lines.path, (), words, lines.numbers, lines.first, lines.fingerprint).table(len(kept))


def _place(lines: Lines, title: re.Pattern[str]) -> int:
    found = [place for place, each in enumerate(lines.header) if title.fullmatch(each)]
    if len(found) != 1:
        names = ", ".join(lines.header[place] for place in found)
        raise FileError(f"has several columns that could be one quantity: {names}", lines.path, lines.first)
    return found[0]
