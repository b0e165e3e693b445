"""What is done to a chip while no Python runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from nwlab.core.errors import DriveError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Quantity(Enum):
    """What a source sets; it limits and reads the other one."""

    VOLTAGE = "voltage"
    CURRENT = "current"

    @property
    def unit(self) -> str:
        """The unit of this quantity."""
        return "V" if self is Quantity.VOLTAGE else "A"

    @property
    def other(self) -> Quantity:
        """The quantity that is limited."""
        return Quantity.CURRENT if self is Quantity.VOLTAGE else Quantity.VOLTAGE


@dataclass(frozen=True, slots=True, eq=False)
class Force:
    """Force one quantity at a terminal and read both: what an SMU does."""

    terminal: int  # chip terminal at the HI side
    quantity: Quantity
    levels: FloatArray  # (steps,) V or A
    compliance: float  # limit of the other quantity, A or V, > 0
    low: int | None = None  # chip terminal at the LO side; None = the bench's common
    sense: tuple[int, int] | None = None  # read the voltage across this pair instead; only with a forced current
    range: float | None = None  # measuring range of the other quantity; None = the smallest that holds `compliance`

    def __post_init__(self) -> None:
        """Refuse a force that no source can play.

        Raises DriveError.
        """
        object.__setattr__(self, "levels", _frozen(self.levels, "levels"))
        if not (np.isfinite(self.compliance) and self.compliance > 0):
            raise DriveError(f"compliance must be a positive number, not {self.compliance!r}")
        if self.sense is not None and self.quantity is not Quantity.CURRENT:
            raise DriveError("a separate pair of sense terminals goes only with a forced current")
        if self.low == self.terminal:
            raise DriveError(f"terminal {self.terminal} cannot be both HI and LO of one force")

    @property
    def is_voltmeter(self) -> bool:
        """Whether it only reads a voltage: 0 A are forced throughout."""
        return self.quantity is Quantity.CURRENT and not self.levels.any()


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """All forces step together on one time grid: one level, one dwell, one sample."""

    dwell: FloatArray  # (steps,) s
    forces: tuple[Force, ...] = ()
    ground: tuple[int, ...] = ()  # tied to common, not measured; every terminal not named is open
    read_delay: FloatArray | None = None  # (steps,) s after the level; None = settle, then read for the rest
    hold: bool = False  # keep the last levels until the next drive; otherwise rest: 0 V, outputs on

    def __post_init__(self) -> None:
        """Refuse a drive whose parts do not fit together.

        Raises DriveError.
        """
        object.__setattr__(self, "dwell", _frozen(self.dwell, "dwell"))
        if self.read_delay is not None:
            object.__setattr__(self, "read_delay", _frozen(self.read_delay, "read_delay"))
        self._check_grid()
        self._check_terminals()

    @property
    def steps(self) -> int:
        """How many levels each force has."""
        return self.dwell.size

    @property
    def duration(self) -> float:
        """How long the drive lasts in s."""
        return float(self.dwell.sum())

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from nwlab.core import drive_view

        return drive_view.as_html(self)

    def _check_grid(self) -> None:
        if self.steps == 0 or bool((self.dwell <= 0).any()):
            raise DriveError("a drive needs at least one step, and each dwell must be longer than 0 s")
        for force in self.forces:
            if force.levels.size != self.steps:
                raise DriveError(f"a force has {force.levels.size} levels, but the drive has {self.steps} dwells")
        delay = self.read_delay
        if delay is None:
            return
        if delay.size != self.steps or bool((delay < 0).any()) or bool((delay >= self.dwell).any()):
            raise DriveError("each step needs a read delay of at least 0 s and shorter than its dwell")

    def _check_terminals(self) -> None:
        driven = [force.terminal for force in self.forces]
        for terminal in {*driven, *self.ground}:
            if driven.count(terminal) > 1:
                raise DriveError(f"terminal {terminal} is forced twice: two sources would be shorted together")
            if terminal in driven and terminal in self.ground:
                raise DriveError(f"terminal {terminal} is forced and grounded at once: the source would be shorted")


def _frozen(values: FloatArray, name: str) -> FloatArray:
    array = np.array(values, dtype=np.float64)
    if array.ndim != 1 or not bool(np.isfinite(array).all()):
        raise DriveError(f"{name} must be a flat array of finite numbers")
    array.flags.writeable = False
    return array
