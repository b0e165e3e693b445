"""The commands that begin with an asterisk: IEEE 488.2 outside Lua.

Source: Series 2600B reference manual 2600BS-901-01, appendix "Common commands".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nwlab.virtual.tsp_errors import UNDEFINED_HEADER, ErrorQueue
from nwlab.virtual.tsp_node import TspRefusalError, number
from nwlab.virtual.tsp_status import OPC, Status


class Engine(Protocol):
    """What common commands act on."""

    errors: ErrorQueue
    status: Status
    busy: list[Callable[[], bool]]

    @property
    def identity(self) -> object:
        """What the instrument says of itself."""
        ...

    def print_line(self, line: str) -> None:
        """Answer."""
        ...

    def wait_complete(self) -> bool:
        """Wait for overlapped operations."""
        ...

    def is_busy(self) -> bool:
        """Tell whether any runs."""
        ...

    def reset(self) -> None:
        """Go to the state after switching on."""
        ...

    def trigger(self) -> None:
        """Make the event of a bus trigger."""
        ...


class CommonCommands:
    """Acts on one common command at a time; upper and lower case are alike."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._complete_asked = False
        status = engine.status
        status.standard.refresh = self._operation_complete
        self._questions: dict[str, Callable[[], object]] = {
            "*IDN?": lambda: str(engine.identity),
            "*ESE?": lambda: status.standard.enable,
            "*ESR?": status.standard.take_event,
            "*SRE?": lambda: status.request_enable,
            "*STB?": status.byte,
            "*TST?": lambda: 0,
        }
        self._actions: dict[str, Callable[[], object]] = {
            "*OPC": self.ask_complete,
            "*RST": engine.reset,
            "*TRG": engine.trigger,
            "*WAI": engine.wait_complete,
            "*CLS": self._clear,
        }

    def act(self, command: str) -> None:
        """Act on a command and answer when it is a question."""
        word, _, argument = command.partition(" ")
        header = word.upper()
        if header in self._questions:
            self._engine.print_line(str(self._questions[header]()))
        elif header == "*OPC?":
            if self._engine.wait_complete():
                self._engine.print_line("1")
        elif header in self._actions:
            self._actions[header]()
        elif header in {"*ESE", "*SRE"}:
            self._enable(header, argument)
        else:
            self._engine.errors.put(UNDEFINED_HEADER)

    def ask_complete(self) -> None:
        """Note the event "operation complete" once nothing runs any more."""
        self._complete_asked = True

    def _operation_complete(self) -> int:
        if self._complete_asked and not self._engine.is_busy():
            self._complete_asked = False
            self._engine.status.standard.happen(OPC)
        return 0

    def _enable(self, header: str, argument: str) -> None:
        try:
            bits = number(argument.strip())
        except TspRefusalError:
            self._engine.errors.add(-104, "Data type error")
            return
        if header == "*ESE":
            self._engine.status.standard.enable = int(bits) & 0xFF
        else:
            self._engine.status.set_request_enable(bits)

    def _clear(self) -> None:
        self._complete_asked = False
        self._engine.errors.clear()
        self._engine.status.clear()
