"""What Keithley's TSP instruments have in common: lines of Lua out, strictly read lines back, an error queue.

Sources: Series 2600B reference manual 2600BS-901-01, sections "Remote commands" and "TSP command reference";
707B/708B reference manual 707B-901-01, the same sections.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any, cast

import numpy as np
import pyvisa
from pymeasure.adapters import Adapter
from pymeasure.instruments import Channel, Instrument

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.drive import FloatArray
from nwlab.core.errors import InstrumentError, WireError

LINK = {"read_termination": "\n", "write_termination": "\n", "timeout": 5000}
"""VISA settings that hold for every interface of these instruments."""

_NUMBER = re.compile(r"-?\d\.\d+e[+-]\d\d")
_IDENTITY = re.compile(r"Keithley Instruments[^,]*,\s*Model\s+(\w+)[^,]*,[^,]+,[^,]+", re.IGNORECASE)
_STALE_LINES = 100


def numbers(reply: str, count: int) -> list[float]:
    """Read what `print(x, y, …)` answered.

    Raises ValueError for anything but numbers as TSP prints them, so that a cut or garbled line never gives a value.
    """
    fields = reply.split("\t")
    if len(fields) != count:
        raise ValueError(f"{count} numbers were expected, {len(fields)} fields came")
    for field in fields:
        if not _NUMBER.fullmatch(field):
            raise ValueError(f"{field!r} is not a number as TSP prints it")
    return [float(field) for field in fields]


def model_of(identity: str) -> str | None:
    """Return the model in an answer to `*IDN?`, for example "2636B"; None for a foreign answer."""
    found = _IDENTITY.fullmatch(identity.strip())
    return found[1].upper() if found else None


def error_of(reply: str) -> tuple[int, str]:
    """Read what `print(errorqueue.next())` answered: code and text.

    Raises ValueError.
    """
    code, *text, severity, node = reply.split("\t")
    numbers("\t".join((severity, node)), 2)
    return round(numbers(code, 1)[0]), "\t".join(text)


class TspChannel(Channel):
    """A part of a TSP instrument whose properties are read as strictly as the instrument's own."""

    def values(self, command: str, *args: Any, **kwargs: Any) -> list[Any]:
        """Ask for one number, for PyMeasure's properties. Raises WireError."""
        return self.parent.values(self.insert_id(command))


class TspInstrument(Instrument):
    """An instrument that runs Lua: what both ends of its link must keep to, and its identity.

    Connecting reads and changes nothing. After a fault the link counts as out of step; the next use first brings it
    back into step (device clear, drain, echo, identity), so that a late answer never passes for another question's.
    """

    def __init__(
        self,
        adapter: Adapter | str | int,
        name: str,
        models: Mapping[str, object],
        *,
        clock: Clock | None = None,
        **kwargs: Any,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.where = f"{name} ({adapter})" if isinstance(adapter, (str, int)) else name
        self._lock = RLock()
        self._in_step = True
        with self._link("connecting"):
            super().__init__(adapter, name, includeSCPI=False, **{**LINK, **kwargs})
        self.identity = self.ask("*IDN?").strip()
        model = model_of(self.identity)
        if model not in models:
            raise WireError(f"{self.where} answers {self.identity!r} to *IDN?, which is none of {', '.join(models)}")
        self.model: str = model or ""

    def write(self, command: str, **kwargs: Any) -> None:
        """Send one line. Raises WireError."""
        with self._lock:
            self._step()
            with self._link(command):
                super().write(command, **kwargs)

    def read(self, **kwargs: Any) -> str:
        """Read one line. Raises WireError."""
        with self._lock, self._link("reading"):
            return super().read(**kwargs)

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Send one line and read one line. Raises WireError."""
        with self._lock:
            self._step()
            with self._link(command):
                super().write(command)
                self.wait_for(query_delay)
                return super().read()

    def values(self, command: str, *args: Any, **kwargs: Any) -> list[Any]:
        """Ask for one number, for PyMeasure's properties. Raises WireError."""
        return self.numbers(command, 1)

    def numbers(self, command: str, count: int) -> list[float]:
        """Ask for so many numbers in one line. Raises WireError naming what came."""
        reply = self.ask(command)
        try:
            return numbers(reply, count)
        except ValueError as error:
            raise self.strange(command, reply, str(error)) from None

    def block(self, command: str, count: int) -> FloatArray:
        """Ask for `count` numbers in `format.REAL64`, little-endian: `#0`, the data, a newline.

        Raises WireError with the bytes seen when the block is torn.
        """
        size = 2 + 8 * count + 1
        with self._lock:
            self._step()
            with self._link(command):
                super().write(command)
                data = self.read_bytes(size)
        if len(data) != size or data[:2] != b"#0" or data[-1:] != b"\n":
            raise self.strange(command, data, f"a block of {size} bytes between '#0' and a newline was expected")
        return np.frombuffer(data, dtype="<f8", count=count, offset=2).astype(np.float64)

    def insist(self, *lines: str) -> None:
        """Send lines that make safe: at once, and again where the link had to be brought back into step.

        Getting back into step clears the device, which drops what it has not read yet. Raises WireError.
        """
        with self._lock:
            sure = self._in_step
            for line in lines:
                with self._link(line):
                    super().write(line)
            if not sure:
                for line in lines:
                    self.write(line)

    def strange(self, command: str, reply: object, why: str) -> WireError:
        """Return the error for a reply that is no answer; from here on the link counts as out of step."""
        self._in_step = False
        seen = bytes(reply)[:64].hex(" ") if isinstance(reply, (bytes, bytearray)) else repr(reply)
        return WireError(f"{self.where} answered {command!r} with {seen}: {why}")

    @property
    def id(self) -> str:
        """Get the identification of the instrument."""
        return self.ask("*IDN?").strip()

    @property
    def next_error(self) -> list[Any]:
        """Take the oldest entry out of the error queue: code and text; code 0 when the queue is empty."""
        command = "print(errorqueue.next())"
        reply = self.ask(command)
        try:
            return list(error_of(reply))
        except ValueError as error:
            raise self.strange(command, reply, str(error)) from None

    def errors(self) -> list[tuple[int, str]]:
        """Empty the error queue and return its entries, oldest first."""
        count = round(self.numbers("print(errorqueue.count)", 1)[0])
        return [(code, text) for code, text in (self.next_error for _ in range(count))]

    def check_errors(self) -> list[tuple[int, str]]:
        """Empty the error queue. Raises InstrumentError for its oldest entry."""
        errors = self.errors()
        if errors:
            more = "".join(f"; then {code}: {text}" for code, text in errors[1:])
            raise InstrumentError(errors[0][0], errors[0][1] + more, self.where)
        return errors

    def _step(self) -> None:
        """Bring the link back into step, if it is out of step."""
        if self._in_step:
            return
        with self._link("resynchronising"):
            cast("Any", self.adapter.connection).clear()
            self.adapter.flush_read_buffer()
        self._echo()
        with self._link("*IDN?"):
            super().write("*IDN?")
            identity = super().read().strip()
        if identity != self.identity:
            raise WireError(f"{self.where} now answers {identity!r} to *IDN?; it was {self.identity!r}")
        self._in_step = True

    def _echo(self) -> None:
        """Read away what is left of earlier answers, up to our own mark."""
        mark = f"nwlab {self.clock.now():.9e}"
        with self._link("looking for the echo"):
            super().write(f'print("{mark}")')
            for _ in range(_STALE_LINES):
                try:
                    if super().read().strip() == mark:
                        return
                except UnicodeDecodeError:
                    continue  # rest of a binary block
        raise WireError(f"{self.where} sends line after line without our echo among them; power-cycle it")

    @contextmanager
    def _link(self, doing: str) -> Generator[None]:
        """Fold what the layers below may raise into WireError; the link counts as out of step then."""
        try:
            yield
        except (pyvisa.Error, OSError, UnicodeDecodeError) as error:
            self._in_step = False
            raise WireError(f"{self.where}: {doing[:200]!r} failed: {error}") from error
        except BaseException:  # an interrupt between question and answer leaves the answer behind
            self._in_step = False
            raise
