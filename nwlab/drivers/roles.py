"""What a bench asks of an instrument: two small roles for source-measure units, one for matrices, and optional ones.

A lab's own driver fills a role by having its methods; nothing is inherited. The roles of one or two methods at the end
are optional: where a driver lacks them, a bench does without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from nwlab.core.drive import BoolArray, FloatArray, Quantity


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What one channel plays during a drive."""

    channel: str
    quantity: Quantity
    levels: FloatArray  # (steps,) V or A
    compliance: float  # A or V
    range: float | None = None  # measuring range of the other quantity; None = the smallest that holds compliance
    remote: bool = False  # read (and regulate) the voltage at the sense terminals


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A drive as one instrument will play it: checked, nothing sent yet."""

    dwell: FloatArray  # (steps,) s, as the instrument will keep it
    read_delay: FloatArray  # (steps,) s after each level
    aperture: float  # s of integration per sample
    programs: tuple[Program, ...]
    hold: bool = False  # keep the last levels at the end instead of going to zero


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What one instrument measured since it was last asked; rows are steps, columns its programs in order."""

    onset: FloatArray  # (steps,) s after the first level of the drive
    time: FloatArray  # (steps, programs) s after the first level: middle of the integration
    aperture: FloatArray  # (steps, programs) s
    voltage: FloatArray  # (steps, programs) V
    current: FloatArray  # (steps, programs) A, out of HI
    in_compliance: BoolArray  # (steps, programs)
    overflow: BoolArray  # (steps, programs); the value is NaN then


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands at an output."""

    quantity: Quantity
    level: float  # V or A


class Smu(Protocol):
    """Plays drives on the channels of one instrument."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""
        ...

    def plan(
        self, dwell: FloatArray, read_delay: FloatArray | None, programs: Sequence[Program], *, hold: bool
    ) -> Plan:
        """Work out how the drive would be played, sending nothing; raises DriveError with what would do."""
        ...

    def load(self, plan: Plan) -> None:
        """Write everything and read the limits back; levels stay at rest (or held). Outputs are not switched."""
        ...

    def start(self) -> None:
        """Start what was loaded, all channels together; returns when the first level is being applied."""
        ...

    def fetch(self) -> Samples | None:
        """Wait a little for new samples and return them; None when the drive has ended and all were returned."""
        ...

    def stated_error(self, program: Program, voltage: FloatArray, current: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the ± errors in V and A that the data sheet states for readings of a planned program."""
        ...


class Outputs(Protocol):
    """The switchable outputs of one instrument, in the order the safe state needs them."""

    def rest(self) -> None:
        """Abort whatever runs and bring all levels to zero; outputs stay as they are."""
        ...

    def switch_on(self, channels: Sequence[str]) -> None:
        """Switch outputs on at level zero; refused unless limits were loaded and read back alike."""
        ...

    def switch_off(self, channels: Sequence[str]) -> None:
        """Switch outputs off."""
        ...

    def outputs(self) -> dict[str, bool]:
        """Read back which outputs are on."""
        ...


class SourceMeter(Smu, Outputs, Protocol):
    """What a bench needs of an SMU instrument."""


class Matrix(Protocol):
    """Relays that join rows and columns. A crosspoint is (row letter, column number)."""

    def close_crosspoints(self, crosspoints: Sequence[tuple[str, int]]) -> None:
        """Close relays; others stay as they are. Returns when they have settled."""
        ...

    def open_all(self) -> None:
        """Open every relay. Returns when they have settled."""
        ...

    def closed_crosspoints(self) -> frozenset[tuple[str, int]]:
        """Read back which relays are closed."""
        ...


@runtime_checkable
class Ramps(Protocol):
    """An SMU instrument whose levels can be led to zero slowly."""

    def freeze(self) -> dict[str, Standing]:
        """Abort whatever runs, each output staying at its level; returns what stands at the channels that are on."""
        ...

    def set_level(self, channel: str, level: float) -> None:
        """Go to a level of the present function at once, in V or A: a step of a ramp."""
        ...


@runtime_checkable
class OffModes(Protocol):
    """An SMU instrument that can be told what an output is while it is off."""

    def set_off_mode(self, channel: str, mode: str) -> None:
        """Choose "normal" (0 V or 0 A behind a limit), "zero" (0 V) or "high-z" (relay open), and read it back."""
        ...


@runtime_checkable
class Interlocked(Protocol):
    """An instrument with an interlock line."""

    def interlock_open(self) -> bool:
        """Read whether the interlock is open, so that the instrument may not drive (all that) it could."""
        ...


@runtime_checkable
class Claimable(Protocol):
    """An instrument that can keep a mark of ours."""

    def claim(self) -> None:
        """Take the instrument over: leave our mark in it, by which a reboot or another program is noticed."""
        ...
