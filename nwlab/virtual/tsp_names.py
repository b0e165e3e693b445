"""The global names that every TSP instrument has.

Source: Series 2600B reference manual 2600BS-901-01, section "TSP command reference".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from nwlab.virtual.port import Surroundings
from nwlab.virtual.tsp_errors import ErrorQueue
from nwlab.virtual.tsp_node import NIL, Node, TspRefusalError, number, numbers, text
from nwlab.virtual.tsp_numbers import Format
from nwlab.virtual.tsp_scripts import ScriptShelf
from nwlab.virtual.tsp_status import Status


class _Identity(Protocol):
    @property
    def model(self) -> str: ...
    @property
    def serial(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def line_frequency(self) -> float: ...


class Engine(Protocol):
    """What the standard names act on."""

    world: Surroundings
    errors: ErrorQueue
    status: Status
    format: Format
    scripts: ScriptShelf
    strings: dict[str, str]

    @property
    def identity(self) -> _Identity:
        """What the instrument says of itself."""
        ...

    def print_line(self, line: str) -> None:
        """Answer."""
        ...

    def wait(self, seconds: float) -> None:
        """Let world time pass."""
        ...

    def wait_complete(self) -> bool:
        """Wait for overlapped operations."""
        ...

    def reset(self) -> None:
        """Go to the state after switching on."""
        ...


def standard_names(engine: Engine) -> dict[str, object]:
    """Return objects and functions by their global name."""
    return {
        "errorqueue": engine.errors.node(),
        "format": engine.format.node(),
        "status": engine.status.node(),
        "script": engine.scripts.node(),
        "localnode": _local_node(engine),
        **_functions(engine),
        "timer": _timer(engine),
        "beeper": Node().storage({"enable": 1}).function("beep", lambda *_: None),
        "dataqueue": _data_queue(),
        "eventlog": Node().storage({"enable": 1}).attribute("count", lambda: 0).function("clear", lambda: None),
        "gpib": Node().storage({"address": 26}),
        "tsplink": Node().storage({"node": 1, "group": 0, "master": 1}).function("reset", lambda: 1),
        "userstring": _user_strings(engine.strings),
        "makegetter": _make_getter,
        "makesetter": _make_getter,
    }


def _functions(engine: Engine) -> dict[str, object]:
    def delay(seconds: object) -> None:
        engine.wait(_duration(seconds))

    def wait_complete(_group: object = None) -> None:
        engine.wait_complete()

    def reset(_everything: object = None) -> None:
        engine.reset()

    def print_number(*values: object) -> None:
        engine.print_line(engine.format.block(numbers(list(values))))

    def seconds(_table: object = None) -> int:
        return int(engine.world.now())

    clock = Node().function("time", seconds).function("clock", engine.world.now)
    return {"delay": delay, "waitcomplete": wait_complete, "reset": reset, "printnumber": print_number, "os": clock}


def _duration(seconds: object) -> float:
    value = number(seconds)
    if value < 0:
        raise TspRefusalError("a delay cannot be negative")
    return value


def _make_getter(*_: object) -> None:
    raise TspRefusalError("not available")


def _local_node(engine: Engine) -> Node:
    identity = engine.identity
    node = Node().storage({"prompts": 0, "prompts4882": 1, "showerrors": 0, "autolinefreq": True, "password": ""})
    node.storage({"description": f"Keithley {identity.model} #{identity.serial}"})
    node.attribute("model", lambda: identity.model)
    node.attribute("serialno", lambda: identity.serial)
    node.attribute("revision", lambda: identity.revision)
    node.attribute("linefreq", lambda: identity.line_frequency, lambda _: None)
    node.function("reset", engine.reset).function("gettime", lambda: int(engine.world.now()))
    return node.function("settime", lambda *_: None)


def _timer(engine: Engine) -> Node:
    started = [0.0]

    def restart() -> None:
        started[0] = engine.world.now()

    node = Node().function("reset", restart)
    node.at("measure").function("t", lambda: engine.world.now() - started[0])
    return node


def _data_queue() -> Node:
    entries: deque[object] = deque()
    capacity = 128

    def add(value: object, *_: object) -> bool:
        if len(entries) >= capacity:
            return False
        entries.append(value)
        return True

    node = Node().constants({"CAPACITY": capacity}).attribute("count", lambda: len(entries))
    node.function("add", add).function("clear", entries.clear)

    def take(_timeout: object = None) -> object:
        return entries.popleft() if entries else NIL

    return node.function("next", take)


def _user_strings(kept: dict[str, str]) -> Node:
    def catalog() -> Callable[..., object]:
        names = iter(list(kept))
        return lambda *_: next(names, NIL)

    def add(name: object, value: object) -> None:
        kept[text(name)] = text(value)

    def get(name: object) -> object:
        return kept.get(text(name), NIL)

    def delete(name: object) -> None:
        kept.pop(text(name), None)

    node = Node().function("add", add).function("get", get)
    return node.function("delete", delete).function("catalog", catalog)
