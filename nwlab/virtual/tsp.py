"""The language of Keithley's TSP instruments, without a socket: bytes in, reply bytes out.

Theory of operation. Bytes become lines; a line is a common command (`*IDN?`), one of the few words outside Lua
(`loadscript` … `endscript`), or a Lua chunk, run at once. While a chunk runs, world time passes where it waits, and a
little with each message and each thousand instructions; lines that arrive meanwhile, from another thread, wait their
turn, and only `clear` reaches in: it ends the chunk.

An instrument makes an engine, installs its objects, and adds itself to `on_reset`, `on_trigger` and `busy`.
Source: Series 2600B reference manual 2600BS-901-01; 707B/708B reference manual 707B-901-01.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nwlab.virtual.port import Surroundings
from nwlab.virtual.tsp_common import CommonCommands
from nwlab.virtual.tsp_errors import INPUT_OVERRUN
from nwlab.virtual.tsp_lines import LineBuffer
from nwlab.virtual.tsp_lua import HOOK_EVERY, Failure, LuaMachine
from nwlab.virtual.tsp_names import standard_names
from nwlab.virtual.tsp_numbers import Format
from nwlab.virtual.tsp_scripts import ScriptShelf
from nwlab.virtual.tsp_status import Status

MESSAGE_TIME = 0.2e-3
"""World seconds that taking a message costs."""
_INSTRUCTION_TIME = 0.5e-6  # s
_MOST_INSTRUCTIONS = 50_000_000  # of one message; longer programs are taken for runaways
_MOST_REPLY = 64 << 20  # bytes that may wait to be read
_PATIENCE = 3600.0  # s that an operation may take that nothing seems to end
_LOOK = (50e-6, 0.02)  # s between looks whether operations have ended: shortest, longest


@dataclass(frozen=True, slots=True)
class Identity:
    """What an instrument says of itself."""

    model: str  # "2636B"
    serial: str = "4000001"
    revision: str = "3.2.1"
    line_frequency: float = 50.0  # Hz

    def __str__(self) -> str:
        return f"Keithley Instruments Inc., Model {self.model}, {self.serial}, {self.revision}"


class TspEngine:
    """One instrument's message exchange; fills the role of a VirtualInstrument."""

    def __init__(self, world: Surroundings, identity: Identity, strings: dict[str, str] | None = None) -> None:
        """`strings` are the user's, which an instrument keeps over switching off."""
        self.world, self.identity = world, identity
        self.strings: dict[str, str] = {} if strings is None else strings
        self.on_reset: list[Callable[[], None]] = []
        self.on_trigger: list[Callable[[], None]] = []
        self.busy: list[Callable[[], bool]] = []  # overlapped operations: whether they still run
        self._lines, self._reply = LineBuffer(), bytearray()
        self.status = Status(lambda: bool(self._reply))
        self.errors = self.status.errors
        self.lua = LuaMachine(self._tick, self.print_line)
        self.format = Format(self.errors, self.lua.set_precision)
        self.scripts = ScriptShelf(self.lua, self._compiled)
        self._common = CommonCommands(self)
        self._acting = self._aborted = False
        self._hooks = 0
        self.install(standard_names(self))
        self.lua.run("function run() return script.run() end")

    @property
    def model(self) -> str:
        """Model name."""
        return self.identity.model

    def install(self, names: Mapping[str, object]) -> None:
        """Make Nodes, functions and constants known under global names."""
        for name, value in names.items():
            self.lua.define(name, value)

    def receive(self, data: bytes) -> None:
        """Take bytes in any chunking and act on each whole line, unless a chunk is running."""
        with self.world.lock:
            if not self._lines.feed(data):
                self.errors.put(INPUT_OVERRUN)
            if self._acting:
                return
            self._acting = True
            try:
                while (line := self._lines.next()) is not None:
                    self._aborted = False
                    self._act(line)
            finally:
                self._acting = False

    def take(self) -> bytes:
        """Hand over all reply bytes that are waiting."""
        with self.world.lock:
            reply = bytes(self._reply)
            self._reply.clear()
            return reply

    def clear(self) -> None:
        """Device clear: drop what arrived or waits to be read, end a chunk that runs; settings and sweeps stay."""
        with self.world.lock:
            self._lines.clear()
            self._reply.clear()
            self.scripts.drop()
            self._aborted = True

    def status_byte(self) -> int:
        """IEEE 488.2 status byte."""
        with self.world.lock:
            return self.status.byte()

    def trigger(self) -> None:
        """Bus trigger: the event `trigger.EVENT_ID`, as `*TRG` makes it."""
        with self.world.lock:
            for action in self.on_trigger:
                action()

    def print_line(self, line: str) -> None:
        """Put a line into the output queue."""
        if len(self._reply) + len(line) <= _MOST_REPLY:
            self._reply += line.encode("latin-1", "replace") + b"\n"

    def wait(self, seconds: float) -> None:
        """Let world time pass, as a command that takes its time does."""
        self.world.wait(seconds)

    def wait_complete(self) -> bool:
        """Wait until no overlapped operation runs; false when that was cut short."""
        waited, (step, longest) = 0.0, _LOOK
        while self.is_busy() and not self._aborted and waited < _PATIENCE:
            self.world.wait(step)
            waited += step
            step = min(longest, max(step, waited / 50))
        return not self.is_busy()

    def wait_until(self, done: Callable[[], bool], timeout: float) -> bool:
        """Wait until something is so, or a time-out has passed; return whether it is so."""
        end, step = self.world.now() + timeout, _LOOK[0]
        while not done() and self.world.now() < end and not self._aborted:
            self.world.wait(min(step, end - self.world.now()))
            step = min(_LOOK[1], step * 1.05)
        return done()

    def is_busy(self) -> bool:
        """Tell whether any overlapped operation runs."""
        return any(runs() for runs in self.busy)

    def reset(self) -> None:
        """Put the instrument into its state after switching on; scripts, errors and replies stay."""
        self.format.reset()
        for action in self.on_reset:
            action()

    def run(self, source: str) -> None:
        """Run a Lua chunk; what fails goes into the error queue."""
        self._hooks = 0
        failure = self.lua.run(source)
        if failure is not None:
            self.errors.add(failure.code, failure.text)

    def _act(self, line: str) -> None:
        self.world.wait(MESSAGE_TIME)
        if self.scripts.loading:
            chunk = self.scripts.take(line)
            if chunk is not None:
                self.run(chunk)
            return
        words = line.split(None, 2)
        if not words or words == ["abort"]:
            return
        if words[0].startswith("*"):
            self._common.act(line.strip())
        elif words[0] in {"loadscript", "loadandrunscript"} and len(words) <= 2:
            self.scripts.begin("".join(words[1:]), at_once=words[0] == "loadandrunscript")
        else:
            self.run(line)

    def _compiled(self, source: str) -> object | None:
        made = self.lua.compile(source)
        if isinstance(made, Failure):
            self.errors.add(made.code, made.text)
            return None
        return made

    def _tick(self) -> bool:
        self._hooks += 1
        self.world.wait(HOOK_EVERY * _INSTRUCTION_TIME)
        if self._hooks * HOOK_EVERY > _MOST_INSTRUCTIONS and not self._aborted:
            self._aborted = True
            self.errors.add(-286, "TSP Runtime error at line 1: the program did not end and was stopped")
        return self._aborted
