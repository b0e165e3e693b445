"""What a virtual instrument sees of the world: its ports, its relays, and time. No chip physics."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from nwlab.core.drive import Quantity


class Output(NamedTuple):
    """What an SMU channel does to its HI and LO ends while it is connected."""

    quantity: Quantity
    level: float  # V or A
    compliance: float  # limit of the other quantity, A or V
    remote: bool = False  # regulate and measure at the sense ends


class PortMean(NamedTuple):
    """Time means at one channel, before the instrument adds its own errors."""

    voltage: float  # V between HI and LO, or between the sense ends when remote
    current: float  # A out of HI
    in_compliance: bool  # whether the limit acted at the end of the interval


class Integral(Protocol):
    """A measurement under way."""

    def end(self) -> PortMean:
        """Finish it at the present world time; over 0 s it is the present value."""
        ...

    def drop(self) -> None:
        """Measure no longer; there is no result."""
        ...


class Appointment(Protocol):
    """An action that waits for its time."""

    def cancel(self) -> None:
        """Drop it; does nothing when it has already run."""
        ...


class Surroundings(Protocol):
    """The world as a virtual instrument sees it. Channels are named as in the bench file ("a")."""

    @property
    def lock(self) -> AbstractContextManager[object]:
        """Held by whoever acts on the world or on an instrument's state; re-entrant. `wait` lets go of it."""
        ...

    def now(self) -> float:
        """World time in s, after every appointment due by then has run."""
        ...

    def wait(self, seconds: float) -> None:
        """Let world time pass; appointments that fall due meanwhile run, in order, at exactly their time."""
        ...

    def at(self, when: float, action: Callable[[], None]) -> Appointment:
        """Run `action` when world time reaches `when` (at once-next when that is past). Equal times: in order made."""
        ...

    def force(self, channel: str, output: Output | None) -> None:
        """Change what a channel does to its ends, now; None disconnects it (high impedance)."""
        ...

    def begin(self, channel: str) -> Integral:
        """Start integrating voltage and current at a channel, now."""
        ...

    def set_crosspoints(self, matrix: str, closed: frozenset[tuple[str, int]]) -> None:
        """Change which crosspoints (row letter, column number) of a matrix conduct, now."""
        ...
