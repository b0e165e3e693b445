"""The objects of a TSP instrument's name space, as Python describes them.

An object is a table whose metatable holds `Getters`, `Setters`, `Objects` and `luatype`; clients walk these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Key = str | int
Getter = Callable[[], object]
Setter = Callable[[object], None]


class TspRefusalError(Exception):
    """What a command cannot do at all; becomes a run-time error (-286), which ends the chunk."""


class Nil:
    """A result that prints as `nil`, where None prints nothing."""


NIL = Nil()


@dataclass(slots=True)
class Node:
    """One object: attributes, constants, functions and further objects."""

    luatype: str = "object"
    getters: dict[Key, Getter] = field(default_factory=dict[Key, Getter])
    setters: dict[Key, Setter] = field(default_factory=dict[Key, Setter])
    objects: dict[Key, object] = field(default_factory=dict[Key, object])
    index: Callable[[object], object] | None = None  # what a key gives that is none of the above
    call: object = None  # a Lua function that runs when the object is called
    owner: object = None  # what a command is handed when this is its argument

    def attribute(self, name: Key, get: Getter, put: Setter | None = None) -> Node:
        """Add something that is read, and written when `put` is given."""
        self.getters[name] = get
        if put is not None:
            self.setters[name] = put
        return self

    def constants(self, values: Mapping[str, object]) -> Node:
        """Add constants."""
        self.objects.update(values)
        return self

    def function(self, name: Key, call: Callable[..., object]) -> Node:
        """Add a function; it returns None for nothing, a tuple for several values."""
        self.objects[name] = call
        return self

    def child(self, name: Key, node: Node | None = None) -> Node:
        """Add an object and return it."""
        node = Node() if node is None else node
        self.objects[name] = node
        return node

    def at(self, path: str) -> Node:
        """Return the object at a dotted path below, made where it is missing."""
        node = self
        for name in path.split("."):
            found = node.objects.get(name)
            node = found if isinstance(found, Node) else node.child(name)
        return node

    def storage(self, defaults: Mapping[str, object]) -> Node:
        """Add attributes that are only remembered."""
        values = dict(defaults)
        for name in defaults:
            self.attribute(name, lambda name=name: values[name], lambda value, name=name: values.update({name: value}))
        return self


def number(value: object) -> float:
    """Return what a command was given as a number; booleans count as 0 and 1, as in the instrument.

    Raises TspRefusalError.
    """
    if isinstance(value, bool | int | float) and not math.isnan(value):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    raise TspRefusalError(f"number expected, got {kind(value)}")


def numbers(value: object) -> list[float]:
    """Return what a command was given as a list of numbers.

    Raises TspRefusalError.
    """
    if not isinstance(value, list):
        raise TspRefusalError(f"table expected, got {kind(value)}")
    items: list[object] = value
    return [number(item) for item in items]


def text(value: object) -> str:
    """Return what a command was given as text.

    Raises TspRefusalError.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.14g}"
    raise TspRefusalError(f"string expected, got {kind(value)}")


def flag(value: object) -> bool:
    """Return what a command was given as true or false; 0 and 1 are taken.

    Raises TspRefusalError.
    """
    return value if isinstance(value, bool) else number(value) != 0


def kind(value: object) -> str:
    """Return what Lua calls the type of a value."""
    if value is None or isinstance(value, Nil):
        return "nil"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "table"
