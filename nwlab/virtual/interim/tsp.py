"""The language engine of a TSP instrument: bytes in, replies out; no socket, no wall clock.

An instrument describes its name space as Branches and hands them in; everything that all TSP instruments share is here:
framing, chunks, scripts, printing, the error queue, common commands, `format`. An instrument adds its own sets to
`status` and defines it.
Source: 2600BS-901-01, sections "Remote commands", "TSP command reference", "Error summary list".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nwlab.virtual.interim import tsp_numbers as numbers
from nwlab.virtual.interim.tsp_errors import SERIOUS, ErrorQueue, RefusedError
from nwlab.virtual.interim.tsp_lua import Branch, Function, Lua, TspRuntimeError, TspSyntaxError
from nwlab.virtual.interim.tsp_scripts import ScriptLoader
from nwlab.virtual.interim.tsp_status import Status
from nwlab.virtual.port import Surroundings

LONGEST = 1 << 20
"""Bytes of one message that the input buffer holds."""
MESSAGE_TIME = 2e-4  # s of world time for each message, the order of a network round trip
TICK_TIME = 1e-3  # s of world time for each 100 000 steps of the interpreter
MOST_TICKS = 5000


class _RunawayError(Exception):
    """A chunk that does not come to an end."""


class TspEngine:
    """Turns messages into calls on an instrument's name space."""

    def __init__(
        self,
        identity: str,
        world: Surroundings,
        *,
        trigger: Callable[[], None],
        wait_complete: Callable[[], None],
        reset: Callable[[], None],
    ) -> None:
        self.errors = ErrorQueue()
        self.status = Status(self.errors)
        self.precision, self.data, self.order = 6, numbers.ASCII, numbers.SWAPPED
        self._identity, self._world = identity, world
        self._trigger, self._wait_complete, self._reset = trigger, wait_complete, reset
        self._input, self._output = b"", b""
        self._ticks = 0
        self.lua = Lua(self._tick)
        self._scripts = ScriptLoader(self._keep_script, self._run)
        self._common = self._common_commands()
        self._define_shared()

    def define(self, names: Mapping[str, Branch | Function]) -> None:
        """Put tables and functions into the instrument's name space."""
        for name, thing in names.items():
            is_branch = isinstance(thing, Branch)
            self.lua.globals[name] = self.lua.table(thing) if is_branch else self.lua.function(thing)

    def guarded(self, function: Function) -> Function:
        """Wrap a function so that a refusal goes into the error queue and the script goes on."""

        def call(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except RefusedError as fault:
                self.errors.add(fault.code, fault.text)
                return None

        return call

    def receive(self, data: bytes) -> None:
        """Take bytes in any chunking and act on each complete line."""
        self._input += data
        while (end := self._input.find(b"\n")) >= 0:
            line, self._input = self._input[:end], self._input[end + 1 :]
            self._world.wait(MESSAGE_TIME)
            self._act(line.removesuffix(b"\r").decode("latin-1"))
        if len(self._input) > LONGEST:
            self._input = b""
            self.errors.add(-363)

    def take(self) -> bytes:
        """Hand over all replies that wait."""
        output, self._output = self._output, b""
        return output

    def clear(self) -> None:
        """Device clear."""
        self._input = self._output = b""
        self._scripts.clear()

    def status_byte(self) -> int:
        """Return the status byte."""
        return self.status.byte(message_available=bool(self._output))

    def trigger(self) -> None:
        """Bus trigger."""
        self._trigger()

    def reply_block(self, values: Iterable[float]) -> None:
        """Answer `printbuffer` in the format that `format` asks for."""
        self._output += numbers.block(values, self.precision, self.data, self.order) + b"\n"

    def _act(self, line: str) -> None:
        if self._scripts.takes(line):
            return
        command = line.strip()
        if command.startswith("*"):
            self._act_common(command)
        elif command:
            self._run(command)

    def _act_common(self, command: str) -> None:
        name, _, argument = command.upper().partition(" ")
        action = self._common.get(name)
        if action is None:
            self.errors.add(-113)
            return
        reply = action(argument)
        if reply is not None:
            self._reply(reply)

    def _run(self, chunk: str) -> None:
        self._ticks = 0
        try:
            self.lua.run(chunk)
        except TspSyntaxError as error:
            self.errors.add(-285, f"TSP Syntax error at {error}")
        except TspRuntimeError as error:
            self.errors.add(-286, f"TSP Runtime error at {error}")
        except _RunawayError:
            self.errors.add(-286, "TSP Runtime error at line 1: the script does not come to an end", SERIOUS)

    def _tick(self) -> None:
        self._ticks += 1
        self._world.wait(TICK_TIME)
        if self._ticks > MOST_TICKS:
            raise _RunawayError

    def _reply(self, text: str) -> None:
        self._output += text.encode("latin-1", "replace") + b"\n"

    def _print(self, *values: Any) -> None:
        self._reply("\t".join(numbers.text(value, self.precision) for value in values))

    def _keep_script(self, name: str, text: str) -> None:
        if name:
            run = self.guarded(lambda: self._run(text))
            self.define({name: Branch(functions={"run": run, "save": lambda *_: None}, call=run, luatype="script")})
            self.lua.globals[name]["source"] = text

    def _delete_script(self, name: str) -> None:
        self.lua.globals[name] = None

    def _next_error(self) -> tuple[float, str, float, float]:
        fault = self.errors.next()
        return fault.code, fault.text, fault.severity, fault.node

    def _common_commands(self) -> dict[str, Callable[[str], str | None]]:
        return {
            "*IDN?": lambda _: self._identity,
            "*OPC?": lambda _: self._complete(),
            "*WAI": lambda _: self._wait_complete(),
            "*OPC": lambda _: self._wait_complete(),
            "*TRG": lambda _: self._trigger(),
            "*RST": lambda _: self._reset(),
            "*CLS": lambda _: self.status.clear(),
            "*TST?": lambda _: "0",
            "*ESR?": lambda _: str(self.status.take_event()),
            "*STB?": lambda _: str(self.status_byte()),
            "*SRE?": lambda _: str(self.status.request_enable),
            "*ESE?": lambda _: str(self.status.event_enable),
            "*SRE": lambda mask: self.status.enable(request=mask),
            "*ESE": lambda mask: self.status.enable(event=mask),
        }

    def _complete(self) -> str:
        self._wait_complete()
        return "1"

    def _define_shared(self) -> None:
        self.define(
            {
                "print": self._print,
                "printnumber": lambda *values: self._reply(", ".join(numbers.text(v, self.precision) for v in values)),
                "waitcomplete": lambda *_: self._wait_complete(),
                "delay": lambda seconds: self._world.wait(float(seconds)),
                "reset": lambda *_: self._reset(),
                "errorqueue": Branch(
                    attributes={"count": (lambda: len(self.errors), None)},
                    functions={"next": self._next_error, "clear": self.errors.clear},
                ),
                "format": self._format(),
                "script": Branch(functions={"delete": self._delete_script}),
            }
        )

    def _format(self) -> Branch:
        return Branch(
            attributes={
                "asciiprecision": (lambda: self.precision, self.guarded(self._set_precision)),
                "data": (lambda: self.data, self.guarded(self._set_data)),
                "byteorder": (lambda: self.order, self._set_order),
            },
            constants={
                "ASCII": numbers.ASCII,
                "REAL32": numbers.REAL32,
                "SREAL": numbers.REAL32,
                "REAL64": numbers.REAL64,
                "REAL": numbers.REAL64,
                "DREAL": numbers.REAL64,
                "NORMAL": numbers.NORMAL,
                "BIGENDIAN": numbers.NORMAL,
                "NETWORK": numbers.NORMAL,
                "SWAPPED": numbers.SWAPPED,
                "LITTLEENDIAN": numbers.SWAPPED,
            },
        )

    def _set_precision(self, value: float) -> None:
        if not 1 <= value <= 16:
            raise RefusedError(1101 if value > 16 else 1102)
        self.precision = int(value)

    def _set_data(self, value: float) -> None:
        if value not in (numbers.ASCII, numbers.REAL32, numbers.REAL64):
            raise RefusedError(1101 if value > numbers.REAL64 else 1102)
        self.data = int(value)

    def _set_order(self, value: float) -> None:
        self.order = int(bool(value))
