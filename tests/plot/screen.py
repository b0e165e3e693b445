"""A terminal for tests: what a person would see after everything that was sent to it."""

from __future__ import annotations

import io
import re

_SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|(.|\n)", re.DOTALL)


class Screen(io.StringIO):
    """Takes text, cursor movements, erasing and colours; breaks long lines and scrolls; reflows as most do."""

    def __init__(self, columns: int = 80, lines: int = 24, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding
        self.columns, self.lines = columns, lines
        self.rows: list[str] = [""]  # what scrolled out included
        self.colours: dict[str, set[str]] = {}  # letters by the SGR parameters they were written with
        self.sent = 0  # characters
        self.writes = 0
        self._row = self._column = 0
        self._colour = ""
        self._joined: set[int] = set()  # rows that go on the one above

    @property
    def encoding(self) -> str:
        return self._encoding

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError("not a file")

    def write(self, text: str) -> int:
        text.encode(self._encoding)
        self.sent += len(text)
        self.writes += 1
        for found in _SEQUENCE.finditer(text):
            if found[2]:
                self._act(found[2], found[1])
            else:
                self._put(found[3])
        return len(text)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size; lines that are now too long go on in the next."""
        whole: list[str] = []
        for index, row in enumerate(self.rows):
            if index in self._joined:
                whole[-1] += row
            else:
                whole.append(row)
        self.columns, self.lines, self.rows, self._joined = columns, lines, [], set()
        for text in whole:
            for first in range(0, max(1, len(text)), columns):
                if first:
                    self._joined.add(len(self.rows))
                self.rows.append(text[first : first + columns])
        self._row, self._column = len(self.rows) - 1, len(self.rows[-1])

    @property
    def text(self) -> str:
        """All rows, also those that scrolled out."""
        return "\n".join(row.rstrip() for row in self.rows)

    def _put(self, letter: str) -> None:
        if letter == "\r":
            self._column = 0
            return
        if letter == "\n":
            self._down()
            return
        if self._column == self.columns:
            self._down()
            self._joined.add(self._row)
        row = self.rows[self._row].ljust(self._column)
        self.rows[self._row] = row[: self._column] + letter + row[self._column + 1 :]
        self.colours.setdefault(self._colour, set()).add(letter)
        self._column += 1

    def _down(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self.rows):
            self.rows.append("")
        self._joined.discard(self._row)

    def _act(self, act: str, parameters: str) -> None:
        match act:
            case "F":
                top = max(0, len(self.rows) - self.lines)
                self._row, self._column = max(top, self._row - int(parameters or 1)), 0
            case "K":
                self.rows[self._row] = self.rows[self._row][: self._column]
            case "J":
                self.rows[self._row :] = [self.rows[self._row][: self._column]]
                self._joined = {row for row in self._joined if row < len(self.rows)}
            case "m":
                self._colour = "" if parameters in ("", "0") else parameters
            case _:
                raise AssertionError(f"a sequence that no picture needs: {act}")
