"""One open VISA session on a virtual instrument: what ends a message, and what a time-out costs.

A GPIB, USB or LXI link carries an END mark beside the bytes, so each reply line is a message of its own; a socket or a
serial line carries bytes only, so nothing but a termination character ends a read (VPP-4.3, viRead).

The world's clock has already moved when `write` returns, where a real instrument would still be busy and its host wait
in `read`. `_lag` is that difference, and a read whose time-out is shorter than it fails as on the real link: the reply
stays and is taken for the answer to the next query.
"""

from __future__ import annotations

from collections import deque
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from pyvisa import attributes, constants, rname
from pyvisa.constants import InterfaceType, ResourceAttribute, SerialTermination, StatusCode

from nwlab.virtual.instrument import MESSAGE_AVAILABLE, BreakableLink, VirtualInstrument
from nwlab.virtual.port import Surroundings

_FOREVER = 86400.0
"""World seconds after which an infinite time-out gives up: nobody else can make a virtual instrument answer."""


class VisaSession:
    """The near end of a link, with its attributes."""

    def __init__(
        self, name: rname.ResourceName, instrument: VirtualInstrument, surroundings: Surroundings | None = None
    ) -> None:
        self._instrument, self._surroundings = instrument, surroundings
        self._kind = (name.interface_type_const, name.resource_class)
        self._has_end = name.resource_class == "INSTR" and name.interface_type_const is not InterfaceType.asrl
        self._messages: deque[bytes] = deque()
        self._unfinished = False  # whether the last of them goes on
        self._link = instrument if isinstance(instrument, BreakableLink) else None
        self._hangups = len(self._link.hangups) if self._link else 0
        self._lag, self._last = 0.0, self._now()
        self._values = _fixed_values(name)

    @property
    def lost(self) -> bool:
        """Whether the other side has ended this connection."""
        return self._link is not None and len(self._link.hangups) > self._hangups

    def write(self, data: bytes) -> int:
        """Send bytes; a link with an END mark ends the message with it."""
        with self._lock():
            before = self._idle()
            self._instrument.receive(data + self._end_mark(data))
            self._last = self._now()
            self._lag += self._last - before
            self._collect()
        return len(data)

    def read(self, count: int) -> tuple[bytes, StatusCode]:
        """Return up to `count` bytes and why it stopped there; what has no end is lost with the time-out."""
        with self._lock():
            self._idle()
            if self._lag > self._timeout:
                self._lag -= self._timeout
                return b"", StatusCode.error_timeout
            self._lag = 0.0
            self._listen()
            found = self._next(count) or self._await(count)
            self._last = self._now()
        if found is None:
            self._forget()
        return found or (b"", StatusCode.error_connection_lost if self.lost else StatusCode.error_timeout)

    def clear(self) -> None:
        """Drop what waits here; over a link that has it, clear the device too."""
        with self._lock():
            if self._has_end:
                self._instrument.clear()
            self._instrument.take()
            self._forget()
            self._lag = 0.0

    def flush(self) -> None:
        """Drop what has been received."""
        self._forget()

    def status_byte(self) -> int | None:
        """Serial poll; None where the link has none."""
        if not self._has_end:
            return None
        with self._lock():
            self._collect()
            return self._instrument.status_byte() | (MESSAGE_AVAILABLE if self._messages else 0)

    def trigger(self) -> bool:
        """Bus trigger; false where the link has none."""
        if self._has_end:
            with self._lock():
                self._instrument.trigger()
                self._collect()
        return self._has_end

    def get(self, attribute: int) -> tuple[Any, StatusCode]:
        """Return an attribute, with its VISA default until it was set."""
        known = attributes.AttributesByID.get(attribute)
        if known is None or not known.in_resource(self._kind):
            return None, StatusCode.error_nonsupported_attribute
        if attribute == ResourceAttribute.asrl_avalaible_number:
            return sum(map(len, self._messages)), StatusCode.success
        if attribute in self._values:
            return self._values[attribute], StatusCode.success
        if known.default is constants.VI_NULL or known.default is attributes.NotAvailable:
            return None, StatusCode.error_nonsupported_attribute
        return known.default, StatusCode.success

    def set(self, attribute: int, value: Any) -> StatusCode:
        """Set an attribute."""
        known = attributes.AttributesByID.get(attribute)
        if known is None or not known.in_resource(self._kind):
            return StatusCode.error_nonsupported_attribute
        if not known.write:
            return StatusCode.error_attribute_read_only
        self._values[attribute] = value
        return StatusCode.success

    @property
    def _timeout(self) -> float:
        """In s."""
        milliseconds = self.get(ResourceAttribute.timeout_value)[0]
        return _FOREVER if milliseconds == constants.VI_TMO_INFINITE else milliseconds / 1000

    def _lock(self) -> AbstractContextManager[object]:
        return self._surroundings.lock if self._surroundings else nullcontext()

    def _now(self) -> float:
        return self._surroundings.now() if self._surroundings else 0.0

    def _idle(self) -> float:
        """While the host was idle the instrument caught up."""
        now = self._now()
        self._lag = max(0.0, self._lag - (now - self._last))
        self._last = now
        return now

    def _end_mark(self, data: bytes) -> bytes:
        marks = self._has_end and self.get(ResourceAttribute.send_end_enabled)[0]
        return b"\n" if marks and not data.endswith((b"\n", b"\0")) else b""

    def _forget(self) -> None:
        self._messages.clear()
        self._unfinished = False

    def _listen(self) -> None:
        """Collect, unless what comes now is meant for a later connection."""
        if not self.lost:
            self._collect()

    def _collect(self) -> None:
        if not (replies := self._instrument.take()):
            return
        if not self._has_end:
            self._messages.append(replies)
            return
        if self._unfinished and self._messages:
            replies = self._messages.pop() + replies
        self._messages.extend(_split(replies))
        self._unfinished = self._link is not None and self._link.unfinished

    def _await(self, count: int) -> tuple[bytes, StatusCode] | None:
        """Let the time-out pass in growing steps, until enough has arrived."""
        if self._surroundings is None:
            return None
        waited, timeout, found = 0.0, self._timeout, None
        while waited < timeout and found is None and not self.lost:
            step = min(max(1e-3, waited / 20), timeout - waited)
            self._surroundings.wait(step)
            waited += step
            self._listen()
            found = self._next(count)
        return found

    def _next(self, count: int) -> tuple[bytes, StatusCode] | None:
        waiting = self._messages[0] if self._has_end and self._messages else b"".join(self._messages)
        mark = self._stop_byte()
        stop = waiting.find(mark) + 1 if mark else 0
        if 0 < stop <= count:
            return self._cut(waiting, stop), StatusCode.success_termination_character_read
        goes_on = self._unfinished and len(self._messages) == 1
        if self._has_end and 0 < len(waiting) <= count and not goes_on:
            return self._cut(waiting, count), StatusCode.success
        if len(waiting) >= count:
            return self._cut(waiting, count), StatusCode.success_max_count_read
        return None

    def _cut(self, waiting: bytes, length: int) -> bytes:
        if self._has_end:
            self._messages.popleft()
        else:
            self._messages.clear()
        if rest := waiting[length:]:
            self._messages.appendleft(rest)
        return waiting[:length]

    def _stop_byte(self) -> bytes:
        enabled = self.get(ResourceAttribute.termchar_enabled)[0]
        if self._kind[0] is InterfaceType.asrl:
            enabled = enabled or self.get(ResourceAttribute.asrl_end_in)[0] == SerialTermination.termination_char
        return bytes([self.get(ResourceAttribute.termchar)[0]]) if enabled else b""


def _fixed_values(name: rname.ResourceName) -> dict[int, Any]:
    values: dict[int, Any] = {
        ResourceAttribute.resource_name: str(name),
        ResourceAttribute.resource_class: name.resource_class,
        ResourceAttribute.interface_type: name.interface_type_const,
        ResourceAttribute.resource_manufacturer_name: "nwlab",
        ResourceAttribute.resource_manufacturer_id: 0,
        ResourceAttribute.resource_impl_version: 0x00100000,
        ResourceAttribute.tcpip_nodelay: True,
    }
    for attribute, field in _ADDRESS_PARTS.items():
        part = str(getattr(name, field, ""))
        if part:
            values[attribute] = int(part, 0) if part.isdigit() or part.startswith("0x") else part
    return values


_ADDRESS_PARTS = {
    ResourceAttribute.interface_number: "board",
    ResourceAttribute.tcpip_address: "host_address",
    ResourceAttribute.tcpip_device_name: "lan_device_name",
    ResourceAttribute.tcpip_port: "port",
    ResourceAttribute.gpib_primary_address: "primary_address",
    ResourceAttribute.gpib_secondary_address: "secondary_address",
    ResourceAttribute.manufacturer_id: "manufacturer_id",
    ResourceAttribute.model_code: "model_code",
}


def _split(replies: bytes) -> list[bytes]:
    """Part replies into messages: each ends with a line feed (or NUL), binary blocks in between are not looked into."""
    mark = b"\0" if replies.endswith(b"\0") else b"\n"
    messages: list[bytes] = []
    while replies:
        end = replies.find(mark, _block(replies)) + 1 or len(replies)
        messages.append(replies[:end])
        replies = replies[end:]
    return messages


def _block(replies: bytes) -> int:
    """Return the length of the binary block at the front (IEEE 488.2, 8.7.9 and 8.7.10); 0 when there is none."""
    digits = replies[1:2]
    if replies[:1] != b"#" or not digits.isdigit():
        return 0
    if digits == b"0":
        return len(replies) - 1
    count = replies[2 : 2 + int(digits)]
    return 2 + int(digits) + int(count) if count.isdigit() else 0
