"""TOML files that complain with file, line and key."""

from __future__ import annotations

import difflib
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, overload

from nwlab.core import toml_lines
from nwlab.core.errors import FileError
from nwlab.core.units import UnitError, parse

T = TypeVar("T")
_REQUIRED: Any = object()
_LARGEST = 1 << 24  # bytes: a file of this size has no person's writing in it
_WHOLE = 1 << 63  # what a whole number of TOML stays below
_ENDLESS_KEY = re.compile(r"""(?<![\w-])(?:(?:"[^"\n]*"|'[^'\n]*'|[\w-]+)[ \t]*\.[ \t]*){99}""")


def read_toml(path: str | Path) -> Table:
    """Read a file into a Table; raises FileError when it is missing or not TOML."""
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise FileError(f"is larger than {_LARGEST >> 20} MiB, which no file written by hand is", path)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise FileError("there is no such file", path) from error
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"cannot be read: {error}", path) from error
    return parse_toml(text, path)


def parse_toml(text: str, path: str | Path) -> Table:
    """Turn TOML text into a Table; `path` is what complaints name."""
    if found := _ENDLESS_KEY.search(text):  # the time that tomllib takes for one grows with the square of its length
        raise FileError("has a key of a hundred parts", path, text.count("\n", 0, found.start()) + 1)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        raise FileError(f"is not valid TOML: {error}", path, int(at[1]) if at else None) from error
    except (RecursionError, ValueError) as error:  # endless brackets; a number of thousands of digits
        raise FileError(f"is not TOML that can be read: {error}", path) from error
    return Table(content, Path(path), cache(partial(toml_lines.key_lines, text)))


class Table:
    """One table of a file. What was not asked for by `finish()` is refused as unknown."""

    def __init__(
        self,
        content: dict[str, Any],
        path: Path,
        lines: Callable[[], dict[toml_lines.Path, int]],
        place: toml_lines.Path = (),
    ) -> None:
        self._content, self.path, self._lines, self.place = content, path, lines, place
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def keys(self) -> tuple[str, ...]:
        """Return the keys in file order."""
        return tuple(self._content)

    def error(self, text: str, key: str = "") -> FileError:
        """Make a complaint about `key` of this table."""
        place = (*self.place, key) if key else self.place
        named = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
        lines = self._lines()  # looked for only where there is something to complain about
        while place and place not in lines:
            place = place[:-1]
        return FileError(text, self.path, lines.get(place), named)

    def raw(self, key: str, default: Any = _REQUIRED) -> Any:
        """Return a value as TOML has it; raises FileError when it is missing and has no default."""
        self._known.add(key)
        if key in self._content:
            return self._content[key]
        if default is _REQUIRED:
            raise self.error(f"the key {key!r} is missing here" + self._meant(key, self._content))
        return default

    @overload
    def text(self, key: str) -> str: ...
    @overload
    def text(self, key: str, default: T) -> str | T: ...
    def text(self, key: str, default: Any = _REQUIRED) -> Any:
        """Return a text."""
        return self._typed(key, default, _is_text, "a text in quotes")

    @overload
    def integer(self, key: str) -> int: ...
    @overload
    def integer(self, key: str, default: T) -> int | T: ...
    def integer(self, key: str, default: Any = _REQUIRED) -> Any:
        """Return a whole number."""
        return self._typed(key, default, lambda value: type(value) is int and abs(value) < _WHOLE, "a whole number")

    @overload
    def boolean(self, key: str) -> bool: ...
    @overload
    def boolean(self, key: str, default: T) -> bool | T: ...
    def boolean(self, key: str, default: Any = _REQUIRED) -> Any:
        """Return true or false."""
        return self._typed(key, default, lambda value: isinstance(value, bool), "true or false")

    @overload
    def quantity(self, key: str, unit: str) -> float: ...
    @overload
    def quantity(self, key: str, unit: str, default: T) -> float | T: ...
    def quantity(self, key: str, unit: str, default: Any = _REQUIRED) -> Any:
        """Return a quantity of `unit` in SI, written `"100 uA"`; a plain number only where unit is "1"."""
        value = self.raw(key, default)
        return value if key not in self._content else self.convert(value, unit, key)

    def convert(self, value: Any, unit: str, key: str) -> float:
        """Turn one written value into SI, complaining about `key`."""
        if unit == "1" and type(value) in (int, float):
            if not abs(value) <= sys.float_info.max:
                raise self.error(f"needs a finite number, not {value!r}", key)
            return float(value)
        try:
            return parse(value if isinstance(value, str) else f"{value}", unit)
        except UnitError as error:
            raise self.error(str(error), key) from error

    def texts(self, key: str, default: Iterable[str] = _REQUIRED) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.raw(key, default)
        if not isinstance(value, list | tuple) or not all(map(_is_text, value)):
            raise self.error(f"needs a list of texts, not {value!r}", key)
        return tuple(value)

    def table(self, key: str) -> Table:
        """Return the table below `key`, empty when it is absent."""
        return self._below(self.raw(key, {}), (*self.place, key), key)

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return an array of tables, empty when it is absent."""
        items = self.raw(key, [])
        if not isinstance(items, list):
            raise self.error(f"needs [[{key}]] tables", key)
        return tuple(self._below(item, (*self.place, key, index), key) for index, item in enumerate(items))

    def choice(self, key: str, options: Iterable[str], default: str = _REQUIRED) -> str:
        """Return one of `options`."""
        value, options = self.text(key, default), tuple(options)
        if value not in options:
            raise self.error(f"{value!r} is not one of {', '.join(options)}" + self._meant(value, options), key)
        return value

    def put(self, way: Sequence[str], value: Any) -> None:
        """Write a value over what the file says, or beside it: `way` leads to its key, through tables to that.

        A number in it chooses one of several [[tables]], counted from 1. Raises FileError where there is no such way.
        """
        within: Any = self._content
        for depth, key in enumerate(way[:-1]):
            if isinstance(within, list) and key.isdecimal() and 1 <= int(key) <= len(within):
                within = within[int(key) - 1]
            elif isinstance(within, dict) and key:
                within = within.setdefault(key, {})
            else:
                raise self.error(f"there is no table {'.'.join(way[: depth + 1])!r} to write {way[-1]!r} into")
        if not isinstance(within, dict) or not way[-1]:
            raise self.error(f"{'.'.join(way[:-1])!r} is no table to write {way[-1]!r} into")
        within[way[-1]] = value

    def plain(self) -> dict[str, Any]:
        """Return the whole content as TOML has it, and count all of it as known."""
        self._known.update(self._content)
        return dict(self._content)

    def finish(self) -> None:
        """Refuse the first key that nobody asked for; raises FileError."""
        for key in self._content:
            if key not in self._known:
                allowed = ", ".join(sorted(self._known)) or "none"
                raise self.error(f"unknown key{self._meant(key, self._known)}; known here: {allowed}", key)

    def _typed(self, key: str, default: Any, fits: Callable[[Any], bool], wanted: str) -> Any:
        value = self.raw(key, default)
        if key in self._content and not fits(value):
            raise self.error(f"needs {wanted}, not {value!r}", key)
        return value

    def _below(self, content: Any, place: toml_lines.Path, key: str) -> Table:
        if not isinstance(content, dict):
            raise self.error(f"needs a table, not {content!r}", key)
        return Table(content, self.path, self._lines, place)

    @staticmethod
    def _meant(key: str, options: Iterable[str]) -> str:
        near = difflib.get_close_matches(key, list(options), n=1)
        return f" (did you mean {near[0]!r}?)" if near else ""


def _is_text(value: Any) -> bool:
    """Whether a value is a text; one with a NUL in it names no file and is nothing a person wrote."""
    return isinstance(value, str) and "\0" not in value
