"""A Lua interpreter around an instrument's objects, without any way out of it.

Theory of operation. Python objects reach Lua in two forms only: functions, wrapped in Lua closures, and `Node`s, built
into tables with a metatable. Nothing raised in Python crosses Lua: a wrapped function answers with a mark and the
message, and the closure turns that into a Lua error with its line. Every so many Lua instructions a hook asks `tick`
whether the chunk must end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from nwlab.virtual.tsp_dialect import EACH, located, translate
from nwlab.virtual.tsp_errors import RUN_TIME, SYNTAX
from nwlab.virtual.tsp_node import Nil, Node, TspRefusalError

HOOK_EVERY = 1000
"""Lua instructions between two looks at the time."""
_MEMORY = 96 * 2**20  # bytes a program may use
_CLOSED = ("io", "os", "package", "require", "module", "dofile", "loadfile", "newproxy", "python", "coroutine", "load")

_PRELUDE = """
local refused, ended, tick, each, every = ...
local sethook = debug.sethook
local select, tostring, type, error, pcall, xpcall = select, tostring, type, error, pcall, xpcall
local setmetatable, getmetatable, loadstring = setmetatable, getmetatable, loadstring
local format, concat, byte, unpack = string.format, table.concat, string.byte, unpack
debug = nil

local function check(level, ...)
    if (...) == refused then error((select(2, ...)), level) end
    return ...
end

local function wrap(f)
    return function(...) return check(3, f(...)) end
end

local function wrap_setter(f)
    return function(v) check(4, f(v)) end
end

local function object(getters, setters, objects, luatype, index, call, owner)
    local mt = {Getters = getters, Setters = setters, Objects = objects, luatype = luatype, owner = owner}
    if call then mt.__call = function(_, ...) return call(...) end end
    mt.__index = function(t, k)
        local get = getters[k]
        if get then return (get()) end
        local found = objects[k]
        if found == nil and index then return (index(k)) end
        return found
    end
    mt.__newindex = function(t, k, v)
        local set = setters[k]
        if set then
            set(v)
        elseif getters[k] or objects[k] ~= nil then
            error("attempt to modify read-only `" .. tostring(k) .. "'", 2)
        else
            error("attempt to set unknown attribute `" .. tostring(k) .. "'", 2)
        end
    end
    return setmetatable({}, mt)
end

local function owner(t)
    local mt = getmetatable(t)
    return mt and mt.owner
end

local number = "%.5e"
local function show(v)
    if type(v) ~= "number" then return tostring(v) end
    if v ~= v then return "nan" end
    return format(number, v)
end

local function printer(emit)
    return function(...)
        local out = {}
        for i = 1, select("#", ...) do out[i] = show((select(i, ...))) end
        emit(concat(out, "\\t"))
    end
end

local function set_precision(digits) number = "%." .. (digits - 1) .. "e" end

function _G.loadstring(source, name)
    if type(source) == "string" and byte(source, 1) == 27 then return nil, "binary chunks are not allowed" end
    return loadstring(source, name)
end

function _G.exit() error(ended, 0) end

local function compile(source)
    local chunk, message = loadstring(source, "=tsp")
    if not chunk then return nil, message end
    return function() return chunk(each) end
end

local function run(chunk)
    sethook(function() if tick() then error(ended, 0) end end, "", every)
    local ok, message = pcall(chunk)
    sethook()
    if not ok and message ~= ended then return tostring(message) end
end

return wrap, wrap_setter, object, owner, printer, set_precision, compile, run
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a chunk did not end well."""

    code: int
    text: str


class LuaMachine:
    """One instrument's interpreter; `tick` says whether the running chunk must end, `emit` takes printed lines."""

    def __init__(self, tick: Callable[[], bool], emit: Callable[[str], None]) -> None:
        from lupa import lua51

        lupa: Any = lua51
        runtime = lupa.LuaRuntime(
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            encoding="latin-1",
            attribute_filter=_no_attributes,
            max_memory=_MEMORY,
        )
        self._lua: Any = runtime
        self._type: Callable[[object], str | None] = lupa.lua_type
        self._fault: BaseException | None = None
        self._refused, self._ended = runtime.table(), runtime.table()
        parts = runtime.execute(
            _PRELUDE, self._refused, self._ended, self._guarded(tick), runtime.execute(EACH), HOOK_EVERY
        )
        self._wrap, self._wrap_setter, self._object, self._owner, printer, *rest = parts
        self.set_precision, self._compile, self._run = rest
        for name in _CLOSED:
            runtime.globals()[name] = None
        runtime.globals()["print"] = printer(self._guarded(emit))

    def define(self, name: str, value: object) -> None:
        """Make a Node, a function or a constant known under a global name; None forgets the name."""
        self._lua.globals()[name] = self._out(value)

    def compile(self, source: str) -> object | Failure:
        """Turn a chunk of the instrument's dialect into a function of the interpreter, or tell why not."""
        made = self._compile(translate(source))
        if not isinstance(made, tuple):
            return made
        line, text = located(str(cast(tuple[object, object], made)[1]))
        return Failure(SYNTAX, f"TSP Syntax error at line {line}: {text}")

    def run(self, source: str) -> Failure | None:
        """Run a chunk and tell what went wrong.

        Raises what a command of the instrument raised by a fault of its own.
        """
        chunk = self.compile(source)
        if isinstance(chunk, Failure):
            return chunk
        message = self._run(chunk)
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        if message is None:
            return None
        line, text = located(str(message))
        return Failure(RUN_TIME, f"TSP Runtime error at line {line}: {text}")

    def _function(self, call: Callable[..., object]) -> object:
        return self._wrap(self._guarded(call))

    def _guarded(self, call: Callable[..., object]) -> Callable[..., object]:
        def guarded(*arguments: object) -> object:
            try:
                return self._result(call(*[self._in(item) for item in arguments]))
            except TspRefusalError as refusal:
                return (self._refused, str(refusal))
            except TypeError as fault:
                trace = fault.__traceback__
                if trace is None or trace.tb_next is not None:  # raised further inside: a fault of ours
                    self._fault = fault
                return (self._refused, "wrong number of parameters")
            except BaseException as fault:
                self._fault = fault
                return (self._refused, "interrupted")

        return guarded

    def _result(self, value: object) -> object:
        if value is None:
            return ()
        if isinstance(value, tuple):
            items = cast(tuple[object, ...], value)
            return tuple(self._out(item) for item in items)
        return self._out(value)

    def _out(self, value: object) -> object:
        if isinstance(value, Node):
            return self._build(value)
        if isinstance(value, Nil):
            return None
        if isinstance(value, list):
            return self._lua.table_from([self._out(item) for item in cast(list[object], value)])
        if callable(value) and self._type(value) is None:
            return self._function(value)
        return value

    def _in(self, value: object) -> object:
        if self._type(value) != "table":
            return value
        owner = self._owner(value)
        if owner is not None:
            return owner
        table = cast(Any, value)
        return [self._in(table[index]) for index in range(1, len(table) + 1)]

    def _build(self, node: Node) -> object:
        getters = self._table((key, self._function(get)) for key, get in node.getters.items())
        setters = self._table((key, self._wrap_setter(self._guarded(put))) for key, put in node.setters.items())
        objects = self._table((key, self._out(value)) for key, value in node.objects.items())
        index = None if node.index is None else self._function(node.index)
        return self._object(getters, setters, objects, node.luatype, index, node.call, node.owner)

    def _table(self, items: Iterable[tuple[object, object]]) -> object:
        return self._lua.table_from(dict(items))


def _no_attributes(holder: object, name: object, setting: bool) -> object:
    raise AttributeError("objects of the simulator cannot be looked into")
