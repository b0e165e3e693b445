"""What a transport sees of a virtual instrument: bytes in, bytes out, no socket."""

from __future__ import annotations

from typing import Protocol


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
