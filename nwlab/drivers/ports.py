"""How a connection is best used: bare bytes, VISA with its END marks, or whatever else PyMeasure has opened."""

from __future__ import annotations

import contextlib
import socket
from typing import Any, Protocol, cast

import pyvisa
import serial
from pymeasure.adapters import Adapter
from pyvisa.constants import ResourceAttribute, StatusCode
from pyvisa.resources import MessageBasedResource, SerialInstrument

from nwlab.drivers.streams import (
    FOREVER,
    LONGEST_LINE,
    MOST_DRAINED,
    EndlessError,
    LateError,
    SerialPort,
    SocketPort,
)

_CHUNK = 1 << 14


class Port(Protocol):
    """One connection. May raise LateError, GoneError, EndlessError, and what the layers below raise."""

    @property
    def timeout(self) -> float:
        """The s that an answer may take."""
        ...

    def send(self, line: bytes) -> None:
        """Send a line; its end is added."""
        ...

    def line(self) -> bytes:
        """Take one line, without its end."""
        ...

    def exactly(self, count: int) -> bytes:
        """Take so many bytes."""
        ...

    def waiting(self) -> bytes:
        """Take what has come unasked; never waits."""
        ...

    def clear(self) -> None:
        """Clear the device, where the connection has such a thing, and throw away what has come."""
        ...


class VisaPort:
    """A VISA resource without a socket or serial line of pyvisa-py underneath: GPIB, USB, LXI, a vendor's library."""

    def __init__(self, resource: MessageBasedResource, hear_end: bytes, say_end: bytes) -> None:
        self._resource, self._hear_end, self._say_end = resource, hear_end, say_end
        self._has_end = resource.resource_class == "INSTR" and not isinstance(resource, SerialInstrument)
        with contextlib.suppress(pyvisa.Error, NotImplementedError):
            resource.set_visa_attribute(ResourceAttribute.tcpip_keepalive, True)

    @property
    def timeout(self) -> float:
        """The s that an answer may take."""
        milliseconds = self._resource.timeout
        return FOREVER if milliseconds == float("inf") else float(milliseconds) / 1000

    def send(self, line: bytes) -> None:
        """Send a line; its end is added."""
        self._resource.write_raw(line + self._say_end)

    def line(self) -> bytes:
        """Take one line, without its end; where the link carries an END mark, that ends a line too."""
        read, status = self._read(_CHUNK)
        while status != StatusCode.success and not read.endswith(self._hear_end):
            if len(read) > LONGEST_LINE:
                raise EndlessError(read)
            more, status = self._read(_CHUNK, read)
            read += more
        return read.removesuffix(self._hear_end).removesuffix(b"\r")

    def exactly(self, count: int) -> bytes:
        """Take so many bytes."""
        read = b""
        while len(read) < count:
            read += self._read(min(count - len(read), _CHUNK), read)[0]
        return read

    def waiting(self) -> bytes:
        """Take what has come unasked. A link with an END mark brings nothing unasked, and to look would be to ask."""
        if self._has_end or (isinstance(self._resource, SerialInstrument) and not self._resource.bytes_in_buffer):
            return b""
        patience = self._resource.timeout
        self._resource.timeout = 0
        try:
            return self._read(_CHUNK)[0]
        except LateError:
            return b""
        finally:
            self._resource.timeout = patience

    def clear(self) -> None:
        """Clear the device where the interface can, and throw away what has come."""
        if self._has_end:
            self._clear_device()
        thrown = 0
        while stray := self.waiting():
            thrown += len(stray)
            if thrown > MOST_DRAINED:
                raise EndlessError(stray)

    def _clear_device(self) -> None:
        """Send a device clear; some interfaces have none, and then what has come is read away line by line instead."""
        try:
            self._resource.clear()
        except NotImplementedError:
            pass
        except pyvisa.VisaIOError as error:
            if error.error_code != StatusCode.error_nonsupported_operation:
                raise

    def _read(self, count: int, seen: bytes = b"") -> tuple[bytes, StatusCode]:
        resource = self._resource
        with resource.ignore_warning(StatusCode.success_max_count_read, StatusCode.success_device_not_present):
            try:
                data, status = resource.visalib.read(resource.session, count)
            except pyvisa.VisaIOError as error:
                if error.error_code == StatusCode.error_timeout:
                    raise LateError(seen) from error
                raise
        return bytes(data), status


class AdapterPort:
    """Any other PyMeasure adapter, which keeps its own bounds and ends of lines."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    @property
    def timeout(self) -> float:
        """The s that an answer may take: the adapter does not say."""
        return FOREVER

    def send(self, line: bytes) -> None:
        """Send a line."""
        self._adapter.write(line.decode())

    def line(self) -> bytes:
        """Take one line."""
        return self._adapter.read().encode()

    def exactly(self, count: int) -> bytes:
        """Take so many bytes."""
        return self._adapter.read_bytes(count)

    def waiting(self) -> bytes:
        """Take nothing: an adapter cannot tell."""
        return b""

    def clear(self) -> None:
        """Clear the device, where the connection can, and let the adapter throw away what has come."""
        if callable(clear := getattr(self._adapter.connection, "clear", None)):
            clear()
        self._adapter.flush_read_buffer()


def port_of(adapter: Adapter) -> Port:
    """Return the port that an adapter's connection is best used by. Raises OSError when there is no connection."""
    connection: Any = adapter.connection
    if isinstance(connection, serial.Serial):
        return SerialPort(connection, *_ends(adapter))
    if not isinstance(connection, MessageBasedResource):
        return AdapterPort(adapter)
    session = cast("Any", getattr(connection.visalib, "sessions", {})).get(connection.session)
    interface = getattr(session, "interface", None)
    if isinstance(interface, socket.socket):
        return SocketPort(session, *_ends(connection))
    if isinstance(interface, serial.Serial):
        return SerialPort(interface, *_ends(connection))
    return VisaPort(connection, *_ends(connection))


def _ends(source: Any) -> tuple[bytes, bytes]:
    """Return the ends of lines, heard and said, as set where the connection was opened."""
    return (source.read_termination or "\n").encode(), (source.write_termination or "\n").encode()
