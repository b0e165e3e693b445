"""Virtual Keithley 707B and 708B switching matrices, full of 8 × 12 low-current cards.

Source: Models 707B and 708B Reference Manual (707B-901-01), section 7. Its table of error codes was not at hand: what a
list refuses is noted as the family's general parameter error.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nwlab.core.errors import UsageError
from nwlab.virtual.ailments import Ailment, Bounce, ErrorEntry, HeldContact, PowerCut
from nwlab.virtual.channel_list import ChannelListError, ChannelNames
from nwlab.virtual.contacts import Contacts
from nwlab.virtual.k707_channels import CLOSED, Channels
from nwlab.virtual.port import Surroundings
from nwlab.virtual.relays import ConnectRule, Relays
from nwlab.virtual.tsp import Identity, TspEngine
from nwlab.virtual.tsp_errors import PARAMETER_ERROR
from nwlab.virtual.tsp_node import NIL, Node

SLOTS = {"707B": 6, "708B": 1}
ROWS, COLUMNS = "ABCDEFGH", 12
SERIAL, REVISION = "1370707", "01.40a"
CARD = "7174,8x12 Low Current Matrix"


class Virtual707:
    """The mainframe behind its wire; its crosspoints conduct in the matrix `name` of the world.

    Column c of slot s is column (s − 1)·12 + c of that matrix. Raises UsageError for an unknown model.
    """

    def __init__(self, world: Surroundings, name: str, *, model: str = "707B") -> None:
        if model not in SLOTS:
            raise UsageError(f"matrix {name!r}: there is no virtual {model!r}; known are {', '.join(SLOTS)}")
        self.model, self._world, self._name = model, world, name
        self._names = ChannelNames(SLOTS[model], ROWS, COLUMNS)
        self._contacts = Contacts(world, lambda closed: world.set_crosspoints(name, closed))
        self._strings: dict[str, str] = {}  # the user's, which outlast the power
        self._counts: dict[str, int] = {}  # of closures, likewise
        self._power_on()

    ailments = (ErrorEntry, PowerCut, HeldContact, Bounce)

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

    def suffer(self, ailment: Ailment) -> None:
        """Let an ailment begin."""
        match ailment:
            case ErrorEntry(code, text):
                self._engine.errors.add(code, text)
            case PowerCut():
                self._power_off()
            case HeldContact() | Bounce():
                self._contacts.suffer(ailment)
            case _:
                raise UsageError(f"a {self.model} cannot suffer {ailment}")

    def recover(self, ailment: Ailment) -> None:
        """Let an ailment end."""
        match ailment:
            case PowerCut():
                self._power_on()
            case HeldContact() | Bounce():
                self._contacts.recover(ailment)
            case _:
                pass

    def _power_on(self) -> None:
        self._engine = TspEngine(self._world, Identity(self.model, SERIAL, REVISION), self._strings)
        self.relays = Relays(self._conduct, self._engine.wait, self._told)
        self.relays.counts = self._counts
        self._channels = Channels(self._names, self.relays)
        self._engine.on_reset.append(self._channels.reset_all)
        self._engine.install({"channel": self._channel(), "slot": self._slots(), "beeper": self._beeper()})

    def _power_off(self) -> None:
        self._engine.clear()
        self.relays.cut_power()

    def _conduct(self, driven: frozenset[str]) -> None:
        self._contacts.follow(frozenset(map(self._names.place, driven)))

    def _told(self, driven: frozenset[str]) -> frozenset[str]:
        if self._contacts.sound:
            return driven
        told = self._contacts.told(frozenset(map(self._names.place, driven)))
        return frozenset(map(self._names.name, told))

    def _channel(self) -> Node:
        channels, relays, refusing = self._channels, self.relays, self._refusing
        node = Node().constants({"ON": 1, "IND_CLOSED": CLOSED, "TYPE_SWITCH": 1})
        node.constants({rule.name: int(rule) for rule in ConnectRule})
        node.attribute("connectrule", lambda: int(relays.rule), refusing(self._set_rule))
        node.attribute("connectsequential", lambda: int(relays.sequential), refusing(self._set_sequential))
        for name, command in {
            "close": channels.close,
            "open": channels.open,
            "exclusiveclose": channels.exclusive_close,
            "exclusiveslotclose": channels.exclusive_slot_close,
            "setdelay": channels.set_delay,
            "setforbidden": channels.set_forbidden,
            "clearforbidden": channels.clear_forbidden,
            "reset": channels.reset,
        }.items():
            node.function(name, refusing(command))
        for name, question in {
            "getclose": channels.get_close,
            "getstate": channels.get_state,
            "getcount": channels.get_count,
            "getdelay": channels.get_delay,
            "getforbidden": channels.get_forbidden,
        }.items():
            node.function(name, refusing(question, otherwise=NIL))
        node.child("pattern", self._pattern())
        return node

    def _pattern(self) -> Node:
        channels = self._channels
        node = Node().function("catalog", self._catalog)
        node.function("setimage", self._refusing(channels.set_image))
        node.function("snapshot", self._refusing(channels.snapshot))
        node.function("delete", self._refusing(channels.delete_pattern))
        return node.function("getimage", self._refusing(channels.get_image, otherwise=NIL))

    def _catalog(self) -> Callable[..., object]:
        names = iter(sorted(self._channels.patterns))
        return lambda *_: next(names, NIL)

    def _slots(self) -> Node:
        node = Node()
        for slot in range(1, SLOTS[self.model] + 1):
            identity = f"{CARD},{REVISION},{SERIAL}{slot}"
            node.child(slot).attribute("idn", lambda identity=identity: identity)
        return node

    def _beeper(self) -> Node:
        return Node().storage({"enable": 1}).constants({"OFF": 0, "ON": 1}).function("beep", lambda *_: None)

    def _set_rule(self, value: object) -> None:
        if value not in tuple(ConnectRule):
            raise ChannelListError("channel.connectrule is 0, 1 or 2")
        self.relays.rule = ConnectRule(value)

    def _set_sequential(self, value: object) -> None:
        if value not in (0, 1):
            raise ChannelListError("channel.connectsequential is 0 or 1")
        self.relays.sequential = value == 1

    def _refusing(self, command: Callable[..., object], otherwise: object = None) -> Callable[..., Any]:
        """A refused command leaves an error in the queue and the script goes on."""
        parameters = inspect.signature(command)

        def call(*arguments: object) -> object:
            try:
                answer = command(*_bound(parameters, arguments))
            except ChannelListError as error:
                self._engine.errors.add(PARAMETER_ERROR, f"Parameter error: {error}")
                return otherwise
            return otherwise if answer is None else answer

        return call


def _bound(parameters: inspect.Signature, arguments: tuple[object, ...]) -> tuple[object, ...]:
    try:
        return parameters.bind(*arguments).args
    except TypeError as error:
        raise ChannelListError("wrong number of parameters") from error
