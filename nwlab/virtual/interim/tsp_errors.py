"""The error queue of a TSP instrument, and the codes it uses (2600BS-901-01, "Error summary list")."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

INFORMATIONAL, RECOVERABLE, SERIOUS, FATAL = 10, 20, 30, 40
NODE = 1
CAPACITY = 100

TEXTS = {
    -105: "Trigger not allowed",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -203: "Command protected",
    -211: "Trigger ignored",
    -221: "Settings conflict",
    -222: "Parameter data out of range",
    -285: "TSP Syntax error",
    -286: "TSP Runtime error",
    -350: "Queue overflow",
    -363: "Input buffer over-run",
    -420: "Query UNTERMINATED",
    802: "Output blocked by interlock",
    1101: "Parameter too big",
    1102: "Parameter too small",
    1103: "Min greater than max",
    1107: "Cannot change this setting unless buffer is cleared",
    1108: "Reading buffer is full",
    1114: "Settings conflict with :SENS:RANG setting",
    5003: "Saved setup scripts error",
    5007: "Cannot change this setting while output is on",
    5019: "Readback is limited while a sweep runs",
    5027: "Invalid reading buffer",
    5028: "Operation needs source autorange off",
    5032: "Settings conflict: 100 pA range needs remote settings",
    5042: "Sweep is running",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the queue."""

    code: int
    text: str
    severity: int = RECOVERABLE
    node: int = NODE


EMPTY = Fault(0, "Queue Is Empty", 0, 0)


class RefusedError(Exception):
    """A command was refused; its error goes into the queue and the script goes on."""

    def __init__(self, code: int, text: str = "") -> None:
        self.code, self.text = code, text or TEXTS[code]
        super().__init__(self.text)


class ErrorQueue:
    """First in, first out, bounded; an overflow replaces the newest entry."""

    def __init__(self) -> None:
        self._faults: deque[Fault] = deque()

    def __len__(self) -> int:
        return len(self._faults)

    def add(self, code: int, text: str = "", severity: int = RECOVERABLE) -> None:
        """Put an error in."""
        if len(self._faults) >= CAPACITY:
            self._faults[-1] = Fault(-350, TEXTS[-350], SERIOUS)
            return
        self._faults.append(Fault(code, text or TEXTS[code], severity))

    def next(self) -> Fault:
        """Take the oldest error out."""
        return self._faults.popleft() if self._faults else EMPTY

    def clear(self) -> None:
        """Forget all errors."""
        self._faults.clear()
