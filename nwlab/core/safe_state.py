"""The state a bench is left in: what a bench file wants it to be, and what was read back."""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.core.errors import UnsafeError

OFF_MODES = ("normal", "zero", "high-z")
"""What an output does while it is off: the instrument's own way, a source of 0 V, or a relay that opens."""


@dataclass(frozen=True, slots=True)
class SafePolicy:
    """How one SMU channel is brought to the safe state."""

    ramp: float | None = None  # V/s on the way to 0 V; None = in one step
    current_ramp: float | None = None  # A/s on the way to 0 A; None = in one step
    off_mode: str | None = None  # one of OFF_MODES; None = as the instrument is set
    deadline: float = 10.0  # s after which a ramp becomes a step
    take_over: bool = False  # whether an output that was found on may be brought down unasked


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a control program may be silent."""

    heartbeat: float = 0.5  # s, while a level other than zero stands
    think: float = 3600.0  # s, at rest


@dataclass(frozen=True, slots=True)
class SafeState:
    """What was found after the safe order ran."""

    failures: tuple[str, ...] = ()  # one line each; empty when every state was read back as safe
    found: tuple[str, ...] = ()  # one line per instrument: what was read back
    untouched: bool = False  # outputs that somebody else left on were left on: no failure, and not safe

    @property
    def confirmed(self) -> bool:
        """Whether every output was read back off and every relay as the policy wants it."""
        return not self.failures and not self.untouched

    def demand(self) -> None:
        """Raise UnsafeError when something failed."""
        if self.failures:
            raise UnsafeError(
                "the safe state could NOT be confirmed: "
                + "; ".join(self.failures)
                + ". The chip may still be driven: switch the instruments off by hand before touching it"
            )

    def __str__(self) -> str:
        found = "; ".join(self.found) or "nothing was driven"
        if self.failures:
            return f"NOT confirmed: {'; '.join(self.failures)}"
        return f"nothing was touched: {found}" if self.untouched else f"safe state confirmed: {found}"
