"""Lua 5.0, which TSP instruments speak, in terms of Lua 5.1.

What 5.1 still understands by itself (`table.getn`, `math.mod`, `arg.n`, `string.gfind`) needs nothing. A table as the
iterator of a `for` does: `for k, v in t do` becomes `for k, v in _each(t) do`. Lines keep their numbers.
Source: Lua 5.0 reference manual, 2.4.4; instrument's wording of errors after its public logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"--\[\[.*?(?:\]\]|\Z)|--[^\n]*"  # comments
    r"|\[(=*)\[.*?(?:\]\1\]|\Z)"  # long strings
    r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''  # strings
    r"|[A-Za-z_]\w*",
    re.DOTALL,
)
_WHERE = re.compile(r"[^:\n]*:(\d+): (.*)", re.DOTALL)
_NAMED = re.compile(r"'([^'\n]*)'")
_OPENERS = frozenset({"function", "do", "if", "repeat"})
_CLOSERS = frozenset({"end", "until"})

EACH = """
local next, type, getmetatable = next, type, getmetatable
return function(t, ...)
    if type(t) == "table" and not (getmetatable(t) or {}).__call then return next, t, nil end
    return t, ...
end
"""
"""Lua source of `_each`: a table becomes an iterator over itself."""


def translate(source: str) -> str:
    """Return Lua 5.1 for Lua 5.0; a chunk that uses `_each` takes it as its argument."""
    if "for" not in source or " in" not in source:
        return source
    cuts = list(_iterators(source))
    if not cuts:
        return source
    pieces, last = ["local _each = ... "], 0
    for begin, end in sorted(cuts):
        pieces += source[last:begin], " _each(", source[begin:end], ") "
        last = end
    return "".join([*pieces, source[last:]])


def _iterators(source: str) -> Iterator[tuple[int, int]]:
    """Yield where the expressions between `in` and `do` of generic fors stand."""
    pending: int | None = None  # where the iterator being read begins
    in_for, depth = False, 0
    for token in _TOKEN.finditer(source):
        word = token.group()
        if pending is not None:
            if word == "do" and depth == 0:
                yield pending, token.start()
                pending = None
            else:
                depth += (word in _OPENERS) - (word in _CLOSERS)
        elif word == "for":
            in_for = True
        elif word == "do":
            in_for = False
        elif word == "in" and in_for:
            pending, in_for, depth = token.end(), False, 0


def located(message: str) -> tuple[int, str]:
    """Part Lua's message into line and text, quoted as Lua 5.0 does."""
    found = _WHERE.fullmatch(message)
    line, said = (int(found[1]), found[2]) if found else (1, message)
    return line, _NAMED.sub(r"`\1'", said)
