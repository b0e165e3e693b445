"""Where each key of a TOML text stands; `tomllib` does not tell.

The text is known to be valid when it comes here, so only layout matters: headers, keys, and values that run over
several lines.
"""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


def key_lines(text: str) -> dict[Path, int]:
    """Map each header and key, as a path with indices for arrays of tables, to its line number (from 1)."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    rows = text.split("\n")
    number = 0
    while number < len(rows):
        row = rows[number]
        if header := _HEADER.match(row):
            table = _enter(_parts(header[2]), counts, is_array=header[1] == "[[")
            lines[table] = number + 1
        elif key := _KEY.match(row):
            lines[(*table, *_parts(key[1]))] = number + 1
            number += _extra_lines(rows, number, key.end())
        number += 1
    return lines


def _parts(dotted: str) -> Path:
    return tuple(next(group for group in part.groups() if group is not None) for part in _PART.finditer(dotted))


def _enter(parts: Path, counts: dict[Path, int], *, is_array: bool) -> Path:
    place: Path = ()
    for part in parts[:-1]:
        place = (*place, part)
        if place in counts:
            place = (*place, counts[place] - 1)
    place = (*place, parts[-1])
    if not is_array:
        return place
    counts[place] = counts.get(place, 0) + 1
    return (*place, counts[place] - 1)


def _extra_lines(rows: list[str], first: int, start: int) -> int:
    """How many lines a value needs beyond its first: grow it until TOML accepts it."""
    value = rows[first][start:]
    for extra in range(len(rows) - first):
        try:
            tomllib.loads(f"x = {value}")
        except tomllib.TOMLDecodeError:
            value += "\n" + rows[min(first + extra + 1, len(rows) - 1)]
        else:
            return extra
    return 0
