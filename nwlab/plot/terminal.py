"""A stream as a place to draw on: what it can show, how large it is, and drawing over what was drawn before."""

from __future__ import annotations

import io
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TextIO

from nwlab.plot.braille import ASCII, BRAILLE

_PLAIN = str.maketrans({"→": ">", "µ": "u", "…": "~", "█": "#", "░": "-"})
_USUAL = os.terminal_size((80, 24))


class Span(NamedTuple):
    """Text in one colour."""

    text: str
    colour: str = ""  # parameters of the SGR sequence, such as "38;5;33"


Line = Sequence[Span]


@dataclass(frozen=True, slots=True)
class Size:
    """Characters of a terminal."""

    columns: int
    lines: int


class Terminal:
    """A stream that lines are drawn on; on one that is no terminal they stand below each other."""

    def __init__(self, stream: TextIO | None = None, environment: Mapping[str, str] | None = None) -> None:
        """`stream` None = stderr; `environment` None = that of the program: NO_COLOR, TERM."""
        # A program that was started without stderr has None there.
        self._stream: TextIO = stream or sys.stderr or io.StringIO()  # pyright: ignore[reportUnnecessaryComparison]
        environment = os.environ if environment is None else environment
        kind = environment.get("TERM", "")
        self.is_screen = self._stream.isatty() and kind != "dumb"
        self.has_colours = self.is_screen and not environment.get("NO_COLOR")
        self._encoding = self._stream.encoding or "utf-8"
        # The Linux console has no braille in its font.
        self.letters = BRAILLE if _can_show(self._encoding) and kind != "linux" else ASCII
        self._write = _writer(self._stream)
        self._drawn: list[int] = []  # characters of each line that stands there
        self._size = self.size()

    def size(self) -> Size:
        """Return the present size; a stream without one is 80 characters wide and 24 lines high."""
        try:
            found = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            found = shutil.get_terminal_size(_USUAL) if self.is_screen else _USUAL
        return Size(found.columns or _USUAL.columns, found.lines or _USUAL.lines)  # a serial line answers 0

    def draw(self, lines: Sequence[Line]) -> None:
        """Draw lines over those that were drawn last; there are fewer than the terminal has. Raises OSError."""
        size = self.size()
        back = self._back(size)
        self._size, texts = size, [self._text(line, size.columns - 1) for line in lines]
        self._drawn = [length for _, length in texts]
        body = "".join(f"{text}\x1b[K\n" for text, _ in texts)
        self._write(f"{back}{body}\x1b[J")

    def write(self, lines: Sequence[Line]) -> None:
        """Write lines below what stands there, to stay. Raises OSError."""
        self._drawn = []
        self._write("".join(f"{self._text(line, self.size().columns - 1)[0]}\n" for line in lines))

    def _back(self, size: Size) -> str:
        """Return what moves to the first line drawn last. A terminal that became narrower has broken long ones."""
        if not self._drawn:
            return ""
        rows = len(self._drawn)
        if size.columns < self._size.columns:
            rows = sum(max(1, -(-length // size.columns)) for length in self._drawn)
        return f"\x1b[{min(rows, size.lines - 1)}F"

    def _text(self, line: Line, width: int) -> tuple[str, int]:
        """Return a line as it is sent, and how many characters it takes: at most `width`."""
        parts: list[str] = []
        left = width
        for span in line:
            text = fit(self._shown(span.text), left)
            left -= columns(text)
            parts.append(f"\x1b[{span.colour}m{text}\x1b[0m" if span.colour and self.has_colours and text else text)
        return "".join(parts), width - left

    def _shown(self, text: str) -> str:
        """Return what the terminal can show; names from files may hold anything."""
        if self.letters is ASCII:
            text = text.translate(_PLAIN)
        if not text.isprintable():
            text = "".join(letter if letter.isprintable() else "?" for letter in text)
        return text.encode(self._encoding, "replace").decode(self._encoding)


def columns(text: str) -> int:
    """Return how many characters of a terminal a text takes: some scripts take two a letter, accents none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def fit(text: str, width: int) -> str:
    """Return as much of a text as `width` characters of a terminal hold."""
    if columns(text) <= width:
        return text
    taken, left = "", width
    for letter in text:
        left -= _width(letter)
        if left < 0:
            break
        taken += letter
    return taken


@lru_cache(4096)
def _width(letter: str) -> int:
    return 0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _can_show(encoding: str) -> bool:
    try:
        (BRAILLE.alphabet + BRAILLE.rule).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _writer(stream: TextIO) -> Callable[[str], None]:
    """Return what writes to a stream.

    Where that is possible it writes past the stream's own buffer: a reader that has gone or hangs then leaves neither
    text nor a lock in it, on which the program would stumble at its end. A Windows console takes other bytes.
    """
    if os.name == "posix" and isinstance(stream, io.TextIOWrapper):
        try:
            number = stream.fileno()
        except OSError:
            pass
        else:
            return lambda text: _write_all(stream, number, text)
    return lambda text: _write_text(stream, text)


def _write_all(stream: TextIO, number: int, text: str) -> None:
    stream.flush()
    left = memoryview(text.encode(stream.encoding, "replace"))
    while left:
        left = left[os.write(number, left) :]


def _write_text(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()
