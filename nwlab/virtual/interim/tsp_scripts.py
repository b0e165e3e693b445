"""Scripts that a client loads line by line and runs by name (2600BS-901-01, "Fundamentals of scripting for TSP")."""

from __future__ import annotations

import re
from collections.abc import Callable

_LOAD = re.compile(r"(loadscript|loadandrunscript)(?:\s+(\w+))?\s*$")


class ScriptLoader:
    """Collects the lines between `loadscript NAME` and `endscript`."""

    def __init__(self, keep: Callable[[str, str], None], run: Callable[[str], None]) -> None:
        self._keep, self._run = keep, run
        self._name, self._lines, self._at_once = "", list[str](), False
        self.loading = False

    def takes(self, line: str) -> bool:
        """Take a line if it belongs to a script; False when it is a command of its own."""
        begin = _LOAD.match(line.strip())
        if begin and not self.loading:
            self.loading, self._lines = True, []
            self._name, self._at_once = begin[2] or "", begin[1] == "loadandrunscript"
            return True
        if self.loading and line.strip() == "endscript":
            self._finish()
            return True
        if self.loading:
            self._lines.append(line)
        return self.loading

    def clear(self) -> None:
        """Drop a script that is half loaded."""
        self.loading, self._lines = False, []

    def _finish(self) -> None:
        self.loading, text = False, "\n".join(self._lines)
        self._keep(self._name, text)
        if self._at_once:
            self._run(text)
