"""The status model of a TSP instrument: register sets that sum up into the status byte.

Source: Series 2600B reference manual 2600BS-901-01, appendix "Status model"; IEEE 488.2, 11.
"""

from __future__ import annotations

from collections.abc import Callable

from nwlab.virtual.tsp_errors import ErrorQueue
from nwlab.virtual.tsp_node import Node, number

_ALL = 0x7FFF


class Register:
    """A register set: condition, transitions, event, enable; it may be a bit of another."""

    def __init__(self, parent: Register | None = None, bit: int = 0) -> None:
        self._parent, self._bit = parent, bit
        self._children: list[Register] = []
        if parent is not None:
            parent.adopt(self)
        self._stored = 0
        self._event = 0
        self.enable, self.positive, self.negative = 0, _ALL, 0
        self.refresh: Callable[[], int] | None = None  # condition that is looked up rather than told

    @property
    def condition(self) -> int:
        """Bits as they are now."""
        for child in self._children:
            _ = child.condition
        if self.refresh is not None:
            self._become(self.refresh())
        return self._stored

    def adopt(self, child: Register) -> None:
        """Take note of a register set that is a bit of this one."""
        self._children.append(child)

    def set(self, bit: int, on: bool) -> None:
        """Raise or lower bits of the condition."""
        self._become(self._stored | bit if on else self._stored & ~bit)

    def happen(self, bit: int) -> None:
        """Note an event that is no condition."""
        self._event |= bit
        self._sum_up()

    def take_event(self) -> int:
        """Return the bits that were raised since last asked."""
        _ = self.condition
        event, self._event = self._event, 0
        self._sum_up()
        return event

    def summary(self) -> bool:
        """Tell whether any enabled event has happened."""
        _ = self.condition
        return bool(self._event & self.enable)

    def reset(self, *, power_on: bool = True) -> None:
        """Forget events, and with `power_on` go back to the transitions and enables at switching on."""
        self._event = 0
        if power_on:
            self.enable, self.positive, self.negative = 0, _ALL, 0
        self._sum_up()

    def node(self, constants: dict[str, int], *, plain: bool = False) -> Node:
        """Return the register set as an object; a `plain` one has only event and enable."""
        node = Node(luatype="status")
        node.attribute("enable", lambda: self.enable, self._set_enable)
        node.attribute("event", self.take_event)
        if not plain:
            node.attribute("condition", lambda: self.condition)
            node.attribute("ptr", lambda: self.positive, self._set_positive)
            node.attribute("ntr", lambda: self.negative, self._set_negative)
        return node.constants(constants)

    def _become(self, condition: int) -> None:
        raised, lowered = condition & ~self._stored, self._stored & ~condition
        self._stored = condition
        self._event |= (raised & self.positive) | (lowered & self.negative)
        self._sum_up()

    def _sum_up(self) -> None:
        if self._parent is not None:
            self._parent.set(self._bit, bool(self._event & self.enable))

    def _set_enable(self, value: object) -> None:
        self.enable = int(number(value)) & _ALL
        self._sum_up()

    def _set_positive(self, value: object) -> None:
        self.positive = int(number(value)) & _ALL

    def _set_negative(self, value: object) -> None:
        self.negative = int(number(value)) & _ALL


MSB, SSB, EAV, QSB, MAV, ESB, MSS, OSB = 1, 2, 4, 8, 16, 32, 64, 128
"""Bits of the status byte."""
BYTE = {"MSB": 1, "SSB": 2, "EAV": 4, "QSB": 8, "MAV": 16, "ESB": 32, "MSS": 64, "OSB": 128}
BYTE_LONG = {
    "MEASUREMENT_SUMMARY_BIT": 1,
    "SYSTEM_SUMMARY_BIT": 2,
    "ERROR_AVAILABLE": 4,
    "QUESTIONABLE_SUMMARY_BIT": 8,
    "MESSAGE_AVAILABLE": 16,
    "EVENT_SUMMARY_BIT": 32,
    "MASTER_SUMMARY_STATUS": 64,
    "OPERATION_SUMMARY_BIT": 128,
}
OPC, QYE, DDE, EXE, CME, URQ, PON = 1, 4, 8, 16, 32, 64, 128
"""Bits of the standard event register."""
STANDARD = {"OPC": 1, "QYE": 4, "DDE": 8, "EXE": 16, "CME": 32, "URQ": 64, "PON": 128}


class Status:
    """The registers that every TSP instrument has, and the error queue that they tell of."""

    def __init__(self, message_waiting: Callable[[], bool]) -> None:
        self.errors = ErrorQueue(self.error)
        self._message_waiting = message_waiting
        self.request_enable = 0
        self.standard = Register()
        self.measurement, self.operation = Register(), Register()
        self.questionable, self.system = Register(), Register()
        self._registers: list[Register] = [
            self.standard,
            self.measurement,
            self.operation,
            self.questionable,
            self.system,
        ]
        self._nodes = {
            "standard": self.standard.node(STANDARD, plain=True),
            "measurement": self.measurement.node({}),
            "operation": self.operation.node({}),
            "questionable": self.questionable.node({}),
            "system": self.system.node({}),
        }
        self.standard.happen(PON)

    def part(self, name: str) -> Node:
        """Return an object under `status`, to add to it."""
        return self._nodes[name]

    def register(self, parent: Register, bit: int) -> Register:
        """Make a further register set, a bit of another."""
        made = Register(parent, bit)
        self._registers.append(made)
        return made

    def error(self, code: int) -> None:
        """Note an error in the standard event register: by class below zero (SCPI), else device-dependent."""
        if code == 0:
            return
        kind = EXE if -299 <= code <= -200 else CME if -199 <= code <= -100 else QYE if code <= -400 else DDE
        self.standard.happen(CME if code == -285 else kind)

    def byte(self) -> int:
        """Return the status byte."""
        bits = MSB * self.measurement.summary() + SSB * self.system.summary() + EAV * bool(len(self.errors))
        bits += QSB * self.questionable.summary() + MAV * self._message_waiting() + ESB * self.standard.summary()
        bits += OSB * self.operation.summary()
        return bits | (MSS if bits & self.request_enable else 0)

    def reset(self) -> None:
        """Put all enables and transitions as at switching on, and forget events."""
        self.request_enable = 0
        for register in self._registers:
            register.reset()

    def clear(self) -> None:
        """Forget events only."""
        for register in self._registers:
            register.reset(power_on=False)

    def node(self) -> Node:
        """Return the object `status`."""
        node = Node().constants(BYTE).constants(BYTE_LONG).function("reset", self.reset)
        node.attribute("condition", self.byte)
        node.attribute("request_enable", lambda: self.request_enable, self.set_request_enable)
        node.attribute("node_enable", lambda: self.request_enable, self.set_request_enable)
        node.objects.update(self._nodes)
        return node

    def set_request_enable(self, value: object) -> None:
        """Choose the bits of the status byte that request service."""
        self.request_enable = int(number(value)) & 0xBF
