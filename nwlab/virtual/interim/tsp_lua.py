"""Lua as a TSP instrument speaks it: a 5.1 interpreter with the 5.0 habits that its scripts rely on, and nothing else.

Theory of operation. The instrument's name space is a tree of tables. What an attribute gives and takes goes through
the Getters and Setters of a table's metatable, sub-tables through its Objects; functions and constants are plain
entries. Programs that explore an instrument walk exactly these.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Getter = Callable[[], Any]
Setter = Callable[[Any], None]
Function = Callable[..., Any]


@dataclass
class Branch:
    """One table of the name space, described."""

    attributes: dict[str, tuple[Getter, Setter | None]] = field(default_factory=dict[str, tuple[Getter, Setter | None]])
    functions: dict[str, Function] = field(default_factory=dict[str, Function])
    constants: dict[str, float] = field(default_factory=dict[str, float])
    children: dict[str | int, Branch] = field(default_factory=dict[str | int, "Branch"])
    items: tuple[Callable[[int], Any], Callable[[int, Any], None] | None] | None = None  # what [index] gives and takes
    call: Function | None = None  # what calling the table does
    luatype: str = "userdata"
    identity: str = ""  # by which Python knows the table again when Lua hands it over


class TspSyntaxError(Exception):
    """A chunk that is no Lua."""


class TspRuntimeError(Exception):
    """A chunk that failed while it ran."""


_MAKE = """
local names, rawset, setmetatable, type = {}, rawset, setmetatable, type
return function(getters, setters, objects, luatype, get, set, call, identity)
    local mt = {Getters = getters, Setters = setters, Objects = objects, luatype = luatype, identity = identity}
    mt.__index = function(t, k)
        local getter = getters[k]
        if getter then return getter() end
        if get and type(k) == "number" then return get(k) end
        return objects[k]
    end
    mt.__newindex = function(t, k, v)
        local setter = setters[k]
        if setter then setter(v)
        elseif set and type(k) == "number" then set(k, v)
        elseif getters[k] or objects[k] then error("cannot modify " .. tostring(k), 2)
        else rawset(t, k, v) end
    end
    if call then mt.__call = function(t, ...) return call(...) end end
    return setmetatable({}, mt)
end
"""
_IDENTITY = """
return function(t)
    local mt = type(t) == "table" and getmetatable(t)
    return mt and mt.identity
end
"""
_WRAP = "return function(f) return function(...) return f(...) end end"
_PRELUDE = """
local next, type = next, type
function __each(f, s, v)
    if type(f) == "table" then return next, f, nil end
    return f, s, v
end
local hooked, sethook = __tick, debug.sethook
sethook(function() hooked() end, "", 100000)
io, package, require, module, dofile, loadfile, debug, newproxy, python, __tick = nil
os = {time = os.time, date = os.date, clock = os.clock}
"""
_FOR = re.compile(r"\bfor\s+([\w\s,]+?)\s+in\s+(.+?)\s+do\b")
_PLACE = re.compile(r'(?:error loading code: )?\[string "[^"]*"\]:(\d+):\s*(.*)')


class Lua:
    """One interpreter. `tick` is called now and then while a chunk runs; what it raises ends the chunk."""

    def __init__(self, tick: Callable[[], None]) -> None:
        from lupa import lua51

        self._errors = lua51.LuaError, lua51.LuaSyntaxError
        self._runtime = lua51.LuaRuntime(
            register_eval=False, register_builtins=False, unpack_returned_tuples=True, encoding="latin-1"
        )
        self._wrap: Any = self._runtime.execute(_WRAP)
        self._make: Any = self._runtime.execute(_MAKE)
        self.identity: Any = self._runtime.execute(_IDENTITY)
        self.globals: Any = self._runtime.globals()
        self.globals["__tick"] = self._wrap(tick)
        self._runtime.execute(_PRELUDE)

    def run(self, chunk: str) -> None:
        """Run a chunk; raises TspSyntaxError or TspRuntimeError with line and reason, and whatever `tick` raises."""
        error, syntax = self._errors
        try:
            self._runtime.execute(_FOR.sub(r"for \1 in __each(\2) do", chunk))
        except syntax as failure:
            raise TspSyntaxError(_reason(failure)) from None
        except error as failure:
            raise TspRuntimeError(_reason(failure)) from None
        except TypeError as failure:
            raise TspRuntimeError(f"line 1: {failure}") from None

    def function(self, function: Function) -> Any:
        """Return a Python function as a Lua function."""
        return self._wrap(function)

    def table(self, branch: Branch) -> Any:
        """Build the table that a Branch describes."""
        from_dict = self._runtime.table_from
        getters = {name: self._wrap(get) for name, (get, _) in branch.attributes.items()}
        setters = {name: self._wrap(put) for name, (_, put) in branch.attributes.items() if put}
        objects = {name: self.table(child) for name, child in branch.children.items()}
        get, put = branch.items or (None, None)
        table = self._make(
            from_dict(getters),
            from_dict(setters),
            from_dict(objects),
            branch.luatype,
            get and self._wrap(get),
            put and self._wrap(put),
            branch.call and self._wrap(branch.call),
            branch.identity or None,
        )
        for name, constant in branch.constants.items():
            table[name] = constant
        for name, function in branch.functions.items():
            table[name] = self._wrap(function)
        return table


def _reason(failure: Exception) -> str:
    first = str(failure).split("\n")[0]
    placed = _PLACE.match(first)
    return f"line {placed[1]}: {placed[2]}" if placed else f"line 1: {first}"
