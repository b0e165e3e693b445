"""Virtual Keithley 707B and 708B switching matrices, full of 8 × 12 low-current cards.

Source: Models 707B and 708B Reference Manual (707B-901-01), section 7. Its table of error codes was not at hand: the
codes are those that TSP instruments have in common.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from nwlab.core.errors import UsageError
from nwlab.virtual.channel_list import ChannelListError, ChannelNames
from nwlab.virtual.interim.tsp import TspEngine
from nwlab.virtual.interim.tsp_errors import RefusedError
from nwlab.virtual.interim.tsp_lua import Branch, Function
from nwlab.virtual.k707_channels import CLOSED, Channels
from nwlab.virtual.port import Surroundings
from nwlab.virtual.relays import ConnectRule, Relays

SLOTS = {"707B": 6, "708B": 1}
ROWS, COLUMNS = "ABCDEFGH", 12
FIRMWARE, SERIAL = "01.40a", "1370707"
CARD = "7174,8x12 Low Current Matrix,01.40a,"

PARAMETER_ERROR = 1115
QUEUE_CAPACITY = 128


class Virtual707:
    """The mainframe behind its wire; its crosspoints conduct in the matrix `name` of the world.

    Column c of slot s is column (s − 1)·12 + c of that matrix.
    """

    def __init__(self, world: Surroundings, name: str, *, model: str = "707B") -> None:
        if model not in SLOTS:
            raise UsageError(f"matrix {name!r}: there is no virtual {model!r}; known are {', '.join(SLOTS)}")
        self.model, self._world, self._name = model, world, name
        self._names = ChannelNames(SLOTS[model], ROWS, COLUMNS)
        self.relays = Relays(self._conduct, world.wait)
        self._channels = Channels(self._names, self.relays)
        identity = f"Keithley Instruments Inc., Model {model}, {SERIAL}, {FIRMWARE}"
        self._engine = TspEngine(
            identity, world, trigger=_nothing, wait_complete=_nothing, reset=self._channels.reset_all
        )
        self._engine.define(
            {
                "channel": self._channel(),
                "slot": Branch(children={slot: self._slot(slot) for slot in range(1, SLOTS[model] + 1)}),
                "dataqueue": self._data_queue(),
                "beeper": _beeper(),
                "localnode": self._local_node(),
                "status": self._engine.status.branch(),
            }
        )

    def receive(self, data: bytes) -> None:
        """Take bytes in any chunking and act on each complete message before returning."""
        self._engine.receive(data)

    def take(self) -> bytes:
        """Hand over all reply bytes that are waiting."""
        return self._engine.take()

    def clear(self) -> None:
        """Device clear: relays stay as they are."""
        self._engine.clear()

    def status_byte(self) -> int:
        """IEEE 488.2 status byte."""
        return self._engine.status_byte()

    def trigger(self) -> None:
        """Bus trigger."""
        self._engine.trigger()

    def _conduct(self, closed: frozenset[str]) -> None:
        self._world.set_crosspoints(self._name, frozenset(map(self._names.place, closed)))

    def _channel(self) -> Branch:
        channels = self._channels
        functions: dict[str, Function] = {
            "close": channels.close,
            "open": channels.open,
            "exclusiveclose": channels.exclusive_close,
            "exclusiveslotclose": channels.exclusive_slot_close,
            "getclose": channels.get_close,
            "getstate": channels.get_state,
            "getcount": channels.get_count,
            "setdelay": channels.set_delay,
            "getdelay": channels.get_delay,
            "setforbidden": channels.set_forbidden,
            "getforbidden": channels.get_forbidden,
            "clearforbidden": channels.clear_forbidden,
            "reset": channels.reset,
        }
        return Branch(
            attributes={
                "connectrule": (lambda: int(self.relays.rule), self._guarded(self._set_rule)),
                "connectsequential": (lambda: int(self.relays.sequential), self._guarded(self._set_sequential)),
            },
            functions={name: self._guarded(function) for name, function in functions.items()},
            constants={"ON": 1, "IND_CLOSED": CLOSED, "TYPE_SWITCH": 1, **{rule.name: rule for rule in ConnectRule}},
            children={"pattern": self._pattern()},
        )

    def _pattern(self) -> Branch:
        channels = self._channels
        functions: dict[str, Function] = {
            "setimage": channels.set_image,
            "getimage": channels.get_image,
            "snapshot": channels.snapshot,
            "delete": channels.delete_pattern,
        }
        guarded = {name: self._guarded(function) for name, function in functions.items()}
        return Branch(functions={**guarded, "catalog": self._catalog})

    def _catalog(self) -> Any:
        names = iter(sorted(self._channels.patterns))
        return self._engine.lua.function(lambda *_: next(names, None))

    def _slot(self, slot: int) -> Branch:
        return Branch(attributes={"idn": (lambda: f"{CARD}{SERIAL}{slot}", None)})

    def _data_queue(self) -> Branch:
        queue: deque[Any] = deque()

        def add(value: Any, *_: Any) -> bool:
            fits = len(queue) < QUEUE_CAPACITY
            if fits:
                queue.append(value)
            return fits

        return Branch(
            attributes={"count": (lambda: len(queue), None)},
            functions={"add": add, "clear": queue.clear, "next": lambda *_: queue.popleft() if queue else None},
            constants={"CAPACITY": QUEUE_CAPACITY},
        )

    def _local_node(self) -> Branch:
        texts = {"model": self.model, "serialno": SERIAL, "revision": FIRMWARE}
        return Branch(
            attributes={name: ((lambda text=text: text), None) for name, text in texts.items()},
            functions={"reset": self._channels.reset_all},
        )

    def _set_rule(self, value: Any) -> None:
        if value not in tuple(ConnectRule):
            raise RefusedError(PARAMETER_ERROR, "Parameter error: channel.connectrule is 0, 1 or 2")
        self.relays.rule = ConnectRule(int(value))

    def _set_sequential(self, value: Any) -> None:
        if value not in (0, 1):
            raise RefusedError(PARAMETER_ERROR, "Parameter error: channel.connectsequential is 0 or 1")
        self.relays.sequential = bool(value)

    def _guarded(self, function: Function) -> Function:
        """A refused call leaves an error in the queue and returns nil; scripts go on."""

        def call(*arguments: Any) -> Any:
            try:
                return function(*(arguments or (None,)))
            except ChannelListError as error:
                raise RefusedError(PARAMETER_ERROR, f"Parameter error: {error}") from error

        return self._engine.guarded(call)


def _beeper() -> Branch:
    state = {"enable": 1}

    def enable(value: float) -> None:
        state["enable"] = int(bool(value))

    return Branch(
        attributes={"enable": (lambda: state["enable"], enable)},
        functions={"beep": _nothing},
        constants={"OFF": 0, "ON": 1},
    )


def _nothing(*_: object) -> None:
    """What a matrix has no use for."""
