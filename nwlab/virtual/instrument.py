"""What a transport sees of a virtual instrument: bytes in, bytes out, no socket."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

MESSAGE_AVAILABLE = 16
"""Bit 4 of the status byte (IEEE 488.2, MAV)."""


class VirtualInstrument(Protocol):
    """The far side of the wire."""

    @property
    def model(self) -> str:
        """Model name, for example "2636B"."""
        ...

    def receive(self, data: bytes) -> None:
        """Take bytes in any chunking and act on each complete message before returning."""
        ...

    def take(self) -> bytes:
        """Hand over all reply bytes that are waiting."""
        ...

    def clear(self) -> None:
        """Device clear: drop half messages, waiting replies and a half-loaded script."""
        ...

    def status_byte(self) -> int:
        """IEEE 488.2 status byte; bit 4 (16) = a message is available."""
        ...

    def trigger(self) -> None:
        """Bus trigger, as `*TRG` would do."""
        ...


@runtime_checkable
class BreakableLink(Protocol):
    """What transports ask besides, where the wire to an instrument can fail."""

    @property
    def unfinished(self) -> bool:
        """Whether the bytes taken last are the beginning of a message that goes on."""
        ...

    @property
    def hangups(self) -> list[str]:
        """How every connection made before was ended, one entry each time: "closed" (FIN) or "reset" (RST)."""
        ...
