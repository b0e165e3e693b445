"""Tables in text files: a header or none, then numbers, separated by blanks, commas, semicolons or tabs.

Between commas, semicolons or tabs a field may be empty: that was not measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import FileError


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The lines of a table that are not empty, as words."""

    path: Path
    header: tuple[str, ...]  # empty when the first line already holds numbers
    words: list[list[str]]  # of the lines below the header
    numbers: list[int]  # where in the file each line stands
    first: int  # where the header stands, or the first line
    fingerprint: str

    def table(self, width: int) -> FloatArray:
        """Return all lines as numbers, (lines, width); raises FileError naming the line that does not fit."""
        if not self.words:
            raise FileError("holds no line of numbers", self.path, self.first)
        for words, number in zip(self.words, self.numbers, strict=True):
            if len(words) != width:
                raise FileError(f"has {len(words)} columns here, but {width} are needed", self.path, number)
        try:
            return np.array(self.words, dtype=np.float64)
        except ValueError:
            raise self._not_a_number() from None

    def error(self, text: str, row: int) -> FileError:
        """Make a complaint about a row below the header."""
        return FileError(text, self.path, self.numbers[row])

    def _not_a_number(self) -> FileError:
        for words, number in zip(self.words, self.numbers, strict=True):
            for word in words:
                if not _is_number(word):
                    return FileError(f"{word[:40]!r} is not a number", self.path, number)
        raise AssertionError("one of the words is no number")


def read_lines(path: Path) -> Lines:
    """Read a text file; raises FileError when it cannot be read, or is no text."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise FileError(f"cannot be read: {error.strerror}", path) from error
    except UnicodeDecodeError as error:
        raise FileError("is neither a run's folder nor a text file nor a .mat file that can be read", path) from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise FileError("is empty", path)
    split = _splitter(lines[0][1])
    words = _without_empty_columns([split(line) for _, line in lines])
    numbers = [number for number, _ in lines]
    has_header = not all(map(_is_number, filter(None, words[0])))
    header = tuple(words[0]) if has_header else ()
    below = slice(int(has_header), None)
    rows = [[word or "nan" for word in row] for row in words[below]]
    return Lines(path, header, rows, numbers[below], numbers[0], hashlib.sha256(content).hexdigest())


def ascending(lines: Lines, time: FloatArray) -> None:
    """Refuse times that are missing or do not ascend; raises FileError naming the line."""
    wrong = np.flatnonzero(~np.isfinite(time))
    if wrong.size:
        raise lines.error("this sample has no time", int(wrong[0]))
    wrong = np.flatnonzero(np.diff(time) <= 0)
    if wrong.size:
        row = int(wrong[0]) + 1
        raise lines.error(f"times must ascend, but {time[row]:g} s follows {time[row - 1]:g} s", row)


def _splitter(first: str) -> Callable[[str], list[str]]:
    """Return what splits lines as their first one is written; tabs may be blanks that only look well."""
    mark = next((each for each in (";", ",") if each in first), None)
    if mark:
        return lambda line: [word.strip() for word in line.split(mark)]
    if not all(map(str.strip, first.strip().split("\t"))):
        return str.split
    return lambda line: [word.strip() for word in line.split("\t")] if "\t" in line else line.split()


def _without_empty_columns(words: list[list[str]]) -> list[list[str]]:
    """Leave out what stands behind the last field that any line has: a mark at its end begins no column."""
    width = max((place for line in words for place, word in enumerate(line, 1) if word), default=0)
    return [line[:width] for line in words]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
