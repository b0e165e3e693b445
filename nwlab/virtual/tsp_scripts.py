"""Scripts that arrive line by line between `loadscript` and `endscript`, and the object `script`.

Source: Series 2600B reference manual 2600BS-901-01, "Fundamentals of scripting for TSP".
"""

from __future__ import annotations

from collections.abc import Callable

from nwlab.virtual.tsp_lua import LuaMachine
from nwlab.virtual.tsp_node import NIL, Node, text

ANONYMOUS = "anonymous"
_MOST_LINES = 100_000


class ScriptShelf:
    """What was loaded; `compiled` turns a source into a Lua function, or notes an error and returns None."""

    def __init__(self, lua: LuaMachine, compiled: Callable[[str], object | None]) -> None:
        self._lua, self._compiled = lua, compiled
        self._loading: list[str] | None = None
        self._name, self._at_once = "", False
        self._scripts: dict[str, Node] = {}

    @property
    def loading(self) -> bool:
        """Whether lines belong to a script."""
        return self._loading is not None

    def begin(self, name: str, *, at_once: bool) -> None:
        """Start collecting lines."""
        self._loading, self._name, self._at_once = [], name, at_once

    def take(self, line: str) -> str | None:
        """Take a line of the script; its end may give a chunk that is to be run."""
        if self._loading is None:
            return None
        if line.strip() != "endscript":
            if len(self._loading) < _MOST_LINES:
                self._loading.append(line)
            return None
        source, self._loading = "\n".join(self._loading), None
        made = self.new(source, self._name)
        return source if self._at_once and isinstance(made, Node) else None

    def drop(self) -> None:
        """Forget a half-loaded script."""
        self._loading = None

    def new(self, source: object, name: object = "") -> object:
        """Keep a script and make it a global object when it has a name; nil when it has a syntax error."""
        code, called = text(source), text(name)
        function = self._compiled(code)
        if function is None:
            return NIL
        made = self._scripts[called or ANONYMOUS] = _script(called, code, function)
        if called:
            self._lua.define(called, made)
        return made

    def node(self) -> Node:
        """Return the object `script`."""
        node = Node(index=lambda name: self._scripts.get(str(name), NIL))
        node.attribute("run", self.anonymous_run)
        for name in ("new", "newautorun", "load"):
            node.function(name, self.new)
        node.function("delete", self._delete)
        user = node.child("user").function("catalog", self._catalog)
        user.child("scripts", Node(index=lambda name: self._scripts.get(str(name), NIL)))
        return node

    def anonymous_run(self) -> object:
        """Return the function of the script that was loaded without a name."""
        script = self._scripts.get(ANONYMOUS)
        return NIL if script is None else script.objects["run"]

    def _delete(self, name: object) -> None:
        self._scripts.pop(text(name), None)

    def _catalog(self) -> Callable[..., object]:
        names = iter(list(self._scripts))
        return lambda *_: next(names, NIL)


def _script(name: str, code: str, function: object) -> Node:
    node = Node(luatype="script", call=function)
    node.attribute("name", lambda: name).attribute("source", lambda: code).storage({"autorun": "no"})
    node.objects["run"] = function
    return node.function("save", lambda *_: None).function("list", lambda: None)
