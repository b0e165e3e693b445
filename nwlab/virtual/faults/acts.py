"""What a fault does once it strikes: plain values, made by `kinds` from a file's tables."""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.virtual.ailments import Ailment

CLOSED, RESET = "closed", "reset"
"""How the far end of a connection leaves: in order (FIN), or at once (RST)."""


@dataclass(frozen=True, slots=True)
class Late:
    """A reply comes `delay` s later than it should; what follows waits behind it."""

    delay: float


@dataclass(frozen=True, slots=True)
class LostReply:
    """A reply never comes."""


@dataclass(frozen=True, slots=True)
class LostMessage:
    """A message never reaches the instrument."""


@dataclass(frozen=True, slots=True)
class Doubled:
    """A reply comes twice."""


@dataclass(frozen=True, slots=True)
class Split:
    """A reply comes in two parts, the second `delay` s after the first."""

    size: int | None  # bytes of the first part; None = half
    delay: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Only the beginning of a reply comes."""

    size: int | None  # bytes that come; None = half
    ended: bool  # whether a line feed follows them


@dataclass(frozen=True, slots=True)
class Garbled:
    """Some bits of a reply are flipped, but not those of its end."""

    bits: int


@dataclass(frozen=True, slots=True)
class Gibberish:
    """All of a reply but its end becomes bytes outside ASCII, as at a wrong baud rate."""


@dataclass(frozen=True, slots=True)
class Endless:
    """Instead of a reply comes a stream that never ends."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """The far end leaves every connection that is open; new ones can be made."""

    how: str  # CLOSED or RESET
    size: int  # bytes of the reply that still come before


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """A line comes that nobody asked for."""

    text: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing passes in either direction any more, and nobody is told: a pulled cable."""

    duration: float  # s; may be infinite


@dataclass(frozen=True, slots=True)
class Hang:
    """The instrument does nothing for a while, and then all that it was told meanwhile."""

    duration: float  # s; may be infinite


@dataclass(frozen=True, slots=True)
class Ails:
    """Something befalls the instrument itself."""

    ailment: Ailment
    duration: float  # s; may be infinite


@dataclass(frozen=True, slots=True)
class BadContact:
    """Resistance between a chip terminal and everything that leads to it; None = open."""

    resistance: float | None  # Ohm
    duration: float  # s; may be infinite


@dataclass(frozen=True, slots=True)
class Leak:
    """Resistance from a chip terminal's wire to common."""

    resistance: float  # Ohm
    duration: float  # s; may be infinite


@dataclass(frozen=True, slots=True)
class Drift:
    """All conductances of the chip grow as exp(rate · time)."""

    rate: float  # 1/s
    duration: float  # s; may be infinite


ReplyAct = Late | LostReply | Doubled | Split | Cut | Garbled | Gibberish | Endless | Hangup
WireAct = ReplyAct | LostMessage | Unsolicited | Silence | Hang
PlaceAct = BadContact | Leak | Drift
Act = WireAct | Ails | PlaceAct
