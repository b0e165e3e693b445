"""A step's signature is its schema: what a `[[step]]` table says is bound to it, key by key."""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

from nwlab.core.files import Table
from nwlab.protocol.kinds import Play, TerminalName, Unit
from nwlab.protocol.parameters import TERMINAL, Parameter

StepFunction = Callable[..., Play]


def bind(
    function: StepFunction, table: Table, parameters: Mapping[str, Parameter], terminals: tuple[str, ...]
) -> Callable[[], Play]:
    """Check a step's table against the function's signature and return the step ready to play.

    Raises FileError naming file, line and key.
    """
    hints = get_type_hints(function, include_extras=True)
    arguments: dict[str, Any] = {}
    for name, argument in inspect.signature(function).parameters.items():
        default = () if argument.default is inspect.Parameter.empty else (argument.default,)
        raw = table.raw(name, *default)
        if name in table:
            arguments[name] = _Value(table, name, parameters, terminals).read(raw, hints[name])
    table.finish()
    return lambda: function(**arguments)


class _Value:
    """One key of a step's table on its way to an argument."""

    def __init__(self, table: Table, key: str, parameters: Mapping[str, Parameter], terminals: tuple[str, ...]) -> None:
        self._table, self._key, self._parameters, self._terminals = table, key, parameters, terminals

    def read(self, raw: Any, hint: Any) -> Any:
        if get_origin(hint) in (Union, types.UnionType):
            hint = next(option for option in get_args(hint) if option is not type(None))
        if get_origin(hint) is list:
            if not isinstance(raw, list):
                raise self._table.error(f"needs a list, not {raw!r}", self._key)
            return [self.read(item, get_args(hint)[0]) for item in raw]
        if isinstance(raw, str) and raw.startswith("$"):
            return self._parameter(raw[1:], hint)
        return self._literal(raw, hint)

    def _literal(self, raw: Any, hint: Any) -> Any:
        kind = _kind(hint)
        if isinstance(kind, Unit):
            return self._table.convert(raw, kind.symbol, self._key)
        if isinstance(kind, TerminalName):
            return self._terminal(str(raw))
        if type(raw) is not hint and not (hint is float and type(raw) is int):
            raise self._table.error(f"needs {_WORDS.get(hint, hint.__name__)}, not {raw!r}", self._key)
        if isinstance(raw, float) and not math.isfinite(raw):
            raise self._table.error(f"needs a finite number, not {raw!r}", self._key)
        return hint(raw)

    def _parameter(self, name: str, hint: Any) -> Any:
        parameter = self._parameters.get(name)
        if parameter is None:
            known = ", ".join(f"${known}" for known in self._parameters) or "none"
            raise self._table.error(f"there is no parameter ${name}; this file has {known}", self._key)
        kind = _kind(hint)
        wanted = kind.symbol if isinstance(kind, Unit) else TERMINAL if isinstance(kind, TerminalName) else None
        if wanted is not None and parameter.unit != wanted:
            raise self._table.error(f"${name} is of kind {parameter.unit}, but {wanted} is needed", self._key)
        if wanted == TERMINAL:
            return self._terminal(parameter.value)
        return parameter.value if wanted else self._literal(parameter.value, hint)

    def _terminal(self, name: str) -> int:
        if name not in self._terminals:
            raise self._table.error(
                f"the chip has no terminal {name!r}; it has {', '.join(self._terminals)}", self._key
            )
        return self._terminals.index(name)


_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text in quotes"}


def _kind(hint: Any) -> object:
    metadata = getattr(hint, "__metadata__", ())
    return metadata[0] if metadata else None
