"""One link to an instrument, whatever carries it: a late, doubled, torn or foreign line is never taken for an answer.

Theory of operation. A link is in step as long as each question got its answer and nothing else came. After a
time-out, a strange answer, an interrupt, or bytes that nobody asked for it counts as out of step; the next use first
clears the device, throws away what has come, and lets the driver prove that question and answer belong together
again. A link whose far end is gone stays gone: nothing is ever opened again behind anybody's back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import RLock
from typing import Any, TypeVar, cast

import pyvisa
from pymeasure.adapters import Adapter, VISAAdapter
from pyvisa.constants import StatusCode
from pyvisa.errors import InvalidSession

from nwlab.core.errors import WireError
from nwlab.core.units import show
from nwlab.drivers.ports import port_of
from nwlab.drivers.streams import EndlessError, GoneError, LateError

SETTINGS = {"read_termination": "\n", "write_termination": "\n", "timeout": 5000, "open_timeout": 5000}
"""VISA settings of a link where a driver asks for no others; time-outs in ms."""

STALE_LINES = 100
"""Lines that are read away before somebody is taken for one who talks without being asked."""

_COMMAS = 3  # in the answer to *IDN?: maker, model, serial number, firmware
_SHOWN = 64  # bytes of a strange answer, characters of a command
_FAMILIES = (pyvisa.Error, OSError, EOFError, ValueError, LateError, GoneError, EndlessError)
_GONE = (StatusCode.error_connection_lost, StatusCode.error_invalid_object)

T = TypeVar("T")


@cache
def default_library() -> Any:
    """Return the VISA that this computer has, which PyVISA would look for anew, for some 0.2 s, at each connection."""
    return pyvisa.ResourceManager().visalib


class Link(Adapter):
    """An adapter around PyMeasure's own, through which everything of one instrument goes; its errors are WireErrors.

    `prove` is how the link finds out that it is in step again: by the identity that `identify` read at connecting,
    unless a driver knows better. It speaks by `say` and `hear` and raises WireError.
    """

    def __init__(self, inner: Adapter, where: str) -> None:
        super().__init__()
        self.inner, self.where = inner, where
        self.connection = inner.connection
        self.prove: Callable[[], None] = self._same_identity
        self.identity = ""
        self.in_step = True
        self.lost = ""  # why nothing goes over this link any more
        self.strays = 0  # how often something came that nobody asked for
        self.resyncs = 0  # how often it was brought back into step
        self.retries = 0  # how often a question was asked again
        self.lock = RLock()
        self._last = "connecting"
        self._port = port_of(inner)

    @classmethod
    def open(cls, adapter: Adapter | str | int, name: str, **options: Any) -> Link:
        """Connect to a VISA address, or take over an adapter that is open already; `options` are VISA's and win.

        Raises WireError when there is nobody.
        """
        if isinstance(adapter, Adapter):
            return adapter if isinstance(adapter, Link) else cls(adapter, name)
        where = f"{name} ({adapter})"
        inner: Adapter | None = None
        try:
            if "visa_library" not in options:
                options["visa_library"] = default_library()
            inner = VISAAdapter(adapter, **cast("Any", {**SETTINGS, **options}))
            return cls(inner, where)
        except Exception as error:  # pyvisa-py raises bare Exceptions here
            if inner is not None:
                inner.close()
            raise WireError(f"{where}: no connection: {error}") from error

    @property
    def timeout(self) -> float:
        """The s that an answer may take."""
        return self._port.timeout

    def identify(self) -> str:
        """Ask who is there, by `*IDN?`, and remember the answer. Raises WireError.

        What has not the four fields of an identity (IEEE 488.2, 10.14) may be what a program that died had asked for:
        the link is brought into step then, and asked once more.
        """
        with self.lock:
            for _ in range(2):
                self.step()
                self.say("*IDN?")
                identity = self.hear().strip()
                if identity.count(",") == _COMMAS:
                    break
                self.in_step = False
            self.identity, self.in_step = identity, True
        return identity

    def say(self, command: str) -> None:
        """Send a line at once, in step or not. Raises WireError."""
        self._last = command
        self._do(self._port.send, command.encode())

    def hear(self) -> str:
        """Take a line. Raises WireError."""
        line = self.hear_any()
        try:
            return line.decode("ascii")
        except UnicodeDecodeError:
            raise self.strange(self._last, line, "an answer has ASCII characters only") from None

    def hear_any(self) -> bytes:
        """Take a line of any bytes. Raises WireError."""
        return self._do(self._port.line)

    def hear_bytes(self, count: int) -> bytes:
        """Take so many bytes. Raises WireError with the bytes seen when fewer come."""
        return self._do(self._port.exactly, count)

    def step(self) -> None:
        """Bring the link into step unless it is. Raises WireError."""
        with self.lock:
            if self.in_step and not self._stray():
                return
            self.resyncs += 1
            self._last = "getting back into step"
            self._do(self._port.clear)
            self.prove()
            if self._stray():
                raise WireError(f"{self.where} keeps sending what nobody asked for; power-cycle it")
            self.in_step = True

    def strange(self, command: str, reply: object, why: str) -> WireError:
        """Return the error for a reply that is no answer; from here on the link counts as out of step."""
        self.in_step = False
        return WireError(f"{self.where} answered {_short(command)} with {_seen(reply)}: {why}")

    def foreign(self, identity: str) -> WireError:
        """Return the error for an instrument that is not the one that was connected."""
        self.in_step = False
        return WireError(f"{self.where} now answers {identity!r} to *IDN?; it was {self.identity!r}")

    def close(self) -> None:
        """Let go of the instrument."""
        if inner := getattr(self, "inner", None):
            inner.close()

    def flush_read_buffer(self) -> None:
        """Throw away what has come. Raises WireError."""
        self._do(self._port.waiting)

    def _write(self, command: str, **kwargs: Any) -> None:
        with self.lock:
            self.step()
            self.say(command)

    def _read(self, **kwargs: Any) -> str:
        return self.hear()

    def _read_bytes(self, count: int, break_on_termchar: bool = False, **kwargs: Any) -> bytes:
        return self.hear_bytes(count)

    def _same_identity(self) -> None:
        if not self.identity:
            return
        self.say("*IDN?")
        lines: list[str] = []
        while self.identity not in lines:
            if len(lines) >= STALE_LINES:
                raise self.foreign(lines[-1])
            try:
                lines.append(self.hear_any().decode("ascii", "replace").strip())
            except WireError:
                if lines and not self.lost:
                    raise self.foreign(lines[-1]) from None
                raise

    def _stray(self) -> bool:
        """Take what came unasked and tell whether there was any."""
        self._last = "listening"
        stray = self._do(self._port.waiting)
        if stray:
            self.in_step = False
            self.strays += 1
            self.log.warning("%s sent what nobody asked for: %s", self.where, _seen(stray))
        return bool(stray)

    def _do(self, action: Callable[..., T], *args: object) -> T:
        """Do something on the port and fold what the layers below may raise into WireError."""
        if self.lost:
            raise WireError(f"{self.where}: the link is down: {self.lost}. It is not opened again by itself")
        try:
            with self.lock:
                return action(*args)
        except _FAMILIES as error:
            raise self._failure(error) from error
        except Exception as error:
            if type(error).__module__.startswith("pyvisa_py"):  # its remote procedure calls have a family of their own
                raise self._failure(error) from error
            self.in_step = False
            raise
        except BaseException:  # an interrupt between question and answer leaves the answer behind
            self.in_step = False
            raise

    def _failure(self, error: Exception) -> WireError:
        self.in_step = False
        doing = f"{self.where}: {_short(self._last)}"
        if isinstance(error, LateError) or _is_timeout(error):
            seen = getattr(error, "seen", b"")
            came = f"; {len(seen)} bytes came: {_seen(seen)}" if seen else ""
            within = f" within {show(self.timeout, 's')}" if self.timeout < 1e4 else ""
            return WireError(f"{doing} was not answered{within}{came}")
        if isinstance(error, EndlessError):
            return WireError(f"{doing} was answered without end: {len(error.seen)} bytes, {_seen(error.seen)} …")
        if isinstance(error, GoneError) or _is_gone(error):
            self.lost = f"{error} (at {_short(self._last)})"
            return WireError(f"{doing}: the link broke: {error}")
        return WireError(f"{doing} failed: {error}")


def _is_timeout(error: Exception) -> bool:
    if isinstance(error, pyvisa.VisaIOError):
        return error.error_code == StatusCode.error_timeout
    return isinstance(error, TimeoutError) and error.errno is None


def _is_gone(error: Exception) -> bool:
    """Tell whether nobody is there any more; OSError is also what pyserial raises when a plug was pulled."""
    if isinstance(error, pyvisa.VisaIOError):
        return error.error_code in _GONE
    return isinstance(error, (OSError, EOFError, InvalidSession))


def _short(command: str) -> str:
    return repr(command if len(command) <= 3 * _SHOWN else command[: 3 * _SHOWN] + "…")


def _seen(reply: object) -> str:
    """Show a reply: text as text, bytes that are none in hexadecimal."""
    if not isinstance(reply, (bytes, bytearray)):
        return repr(reply)
    shown = bytes(reply[:_SHOWN])
    return repr(shown.decode()) if shown.isascii() else shown.hex(" ")
