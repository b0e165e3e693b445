"""What can befall a virtual instrument itself, as opposed to its wire: plain values, and who can suffer them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """An entry that appears in the error queue by itself; nothing ends it but reading it."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class PowerCut:
    """The power fails: outputs off, relays open, everything volatile forgotten; it ends when the power is back."""


@dataclass(frozen=True, slots=True)
class OpenInterlock:
    """The interlock line is open: every output goes off and stays barred until it is closed again."""


@dataclass(frozen=True, slots=True)
class OverTemperature:
    """A channel is too hot: its output goes off and stays barred until it has cooled down."""

    channel: str  # of the world


@dataclass(frozen=True, slots=True)
class IgnoredSetting:
    """A channel takes a setting without an error and keeps the old one; reading back tells the truth."""

    channel: str  # of the world
    setting: str  # "limit" or "output"


@dataclass(frozen=True, slots=True)
class HeldContact:
    """A relay's contact stays as it is whatever its coil does; only a `seen` one shows when the state is read back."""

    crosspoint: tuple[str, int]
    closed: bool
    seen: bool


@dataclass(frozen=True, slots=True)
class Bounce:
    """A relay's contact opens and closes several times for `lasting` s after it has moved."""

    crosspoint: tuple[str, int]
    lasting: float


Ailment = ErrorEntry | PowerCut | OpenInterlock | OverTemperature | IgnoredSetting | HeldContact | Bounce


@runtime_checkable
class Ailing(Protocol):
    """A virtual instrument that can suffer some ailments. A lab's own need not be one."""

    @property
    def ailments(self) -> tuple[type, ...]:
        """Which it can suffer."""
        ...

    def suffer(self, ailment: Ailment) -> None:
        """Let it begin, now."""
        ...

    def recover(self, ailment: Ailment) -> None:
        """Let it end, now."""
        ...
