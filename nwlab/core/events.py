"""What happens during a run, as immutable values; store, plot and twin only listen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nwlab.core.drive import Drive, FloatArray
from nwlab.core.reading import Reading


@dataclass(frozen=True, slots=True)
class Outline:
    """How long a run will be, where a dry run knows."""

    steps: int | None = None  # samples of each force
    duration: float | None = None  # s, without the time that relays and messages take
    drives: int | None = None
    values: int | None = None  # samples times the forces of each


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins."""

    terminals: tuple[str, ...]
    steps: int | None = None  # samples expected, where a dry run knows
    duration: float | None = None  # s expected, where a dry run knows
    drives: int | None = None  # expected, likewise
    values: int | None = None  # expected, likewise: samples times the forces of each


@dataclass(frozen=True, slots=True)
class DriveStarted:
    """A drive is about to be played."""

    index: int
    drive: Drive
    label: str  # the step that made it


@dataclass(frozen=True, slots=True)
class BlockArrived:
    """Samples `first` … `first + reading.steps` of a drive arrived."""

    index: int
    first: int
    reading: Reading


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What a twin expected of samples `first` … of a drive: of each, the quantity that was not forced.

    That is A where a voltage was forced and V where a current was.
    """

    index: int
    first: int
    mean: FloatArray  # (steps, forces) A or V
    sd: FloatArray  # (steps, forces) A or V: standard deviation of reading minus mean, meter noise included
    z: FloatArray | None = None  # (steps, forces) calibrated residual, standard normal; None = (reading − mean)/sd
    jump: FloatArray | None = None  # (steps, forces) probability that the state jumped since the sample before


@dataclass(frozen=True, slots=True)
class DriveFinished:
    """All samples of a drive arrived."""

    index: int
    relays: int | None = None  # relays that were closed for it, where the chip counts them


@dataclass(frozen=True, slots=True)
class Noted:
    """Something worth keeping beside the samples."""

    kind: str
    content: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Measured:
    """Nothing more will be measured, though others may still work on what was: whoever keeps it keeps it now."""


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run has ended and the chip is at rest."""

    status: str  # "finished", "interrupted" or "failed"
    exit_code: int
    reason: str = ""


Event = RunStarted | DriveStarted | BlockArrived | Expected | DriveFinished | Noted | Measured | RunFinished


class Subscriber(Protocol):
    """Listens to a run."""

    def __call__(self, event: Event) -> None:
        """Take one event."""
        ...


class Telling(Protocol):
    """A chip that has more to tell than its readings."""

    @property
    def relays(self) -> int | None:
        """How many relays were closed since it was opened; None where nobody counts."""
        ...

    def news(self) -> list[Noted]:
        """Return what is worth keeping beside the samples and came up since the last call."""
        ...
