"""The seam: a Chip turns drives into readings, whatever stands behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from nwlab.core import reach
from nwlab.core.clock import Clock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading
from nwlab.core.units import show

_FIT = 1 + 1e-9  # sums of levels are as exact as floating point is
_REMEDY = "lower it, or let a person raise the limits of chip and bench in their files"


class Chip(Protocol):
    """Anything that turns a drive into a reading: a bench, a model, a lab's own machine."""

    @property
    def terminals(self) -> tuple[str, ...]:
        """Names as printed on the carrier; the order is the index in drives and readings."""
        ...

    @property
    def limits(self) -> Limits:
        """What the chip may ever see."""
        ...

    @property
    def clock(self) -> Clock:
        """The only clock that matters to a protocol."""
        ...

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Play a drive and yield blocks, in order, as they arrive; closing the iterator aborts to rest.

        A block without steps is a tick: nothing new, but a moment to decide whether to go on.
        """
        ...

    def close(self) -> None:
        """Go to the safe state; a second call does nothing."""
        ...


class CheckedChip:
    """Any chip behind one gate: each drive is checked as a whole before it is played, and `close` is certain."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._closing = self._closed = False
        self.terminals = chip.terminals
        self.limits = chip.limits
        self.clock = chip.clock

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Check the drive, then play it; raises DriveError before anything is sent."""
        if self._closing:
            raise DriveError("the chip is closed: outputs are off and stay off; open the bench again")
        check(drive, self.limits, self.terminals)
        return self._chip.apply(drive)

    def close(self) -> None:
        """Close the chip once; when Ctrl-C breaks that off, another call does it again."""
        if self._closed:
            return
        self._closing = True
        try:
            self._chip.close()
        except Exception:
            self._closed = True
            raise
        self._closed = True

    def __enter__(self) -> CheckedChip:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check(drive: Drive, limits: Limits, terminals: tuple[str, ...]) -> None:
    """Refuse a drive that names a terminal the chip lacks or exceeds its limits.

    Raises DriveError.
    """
    for index in _named(drive):
        if not 0 <= index < len(terminals):
            raise DriveError(f"terminal index {index} does not exist; the chip has {', '.join(terminals)}")
    for force in drive.forces:
        _check_force(force, limits, terminals)
    _check_reach(drive, limits, terminals)


def _named(drive: Drive) -> list[int]:
    named = list(drive.ground)
    for force in drive.forces:
        named.append(force.terminal)
        named.extend(() if force.low is None else (force.low,))
        named.extend(force.sense or ())
    return named


def _check_force(force: Force, limits: Limits, terminals: tuple[str, ...]) -> None:
    name, quantity = terminals[force.terminal], force.quantity
    peak = float(np.abs(force.levels).max())
    if peak > _limit(limits, quantity):
        raise DriveError(
            f"terminal {name}: a level of {show(peak, quantity.unit)} exceeds the limit of "
            f"{show(_limit(limits, quantity), quantity.unit)}; {_REMEDY}"
        )
    other = quantity.other
    if force.compliance > _limit(limits, other):
        raise DriveError(
            f"terminal {name}: a compliance of {show(force.compliance, other.unit)} exceeds the limit of "
            f"{show(_limit(limits, other), other.unit)}; {_REMEDY}"
        )


def _limit(limits: Limits, quantity: Quantity) -> float:
    return limits.voltage if quantity is Quantity.VOLTAGE else limits.current


def _check_reach(drive: Drive, limits: Limits, terminals: tuple[str, ...]) -> None:
    """Several sources can put the sum of theirs on the chip."""
    names = ", ".join(terminals[force.terminal] for force in drive.forces)
    between = float(reach.span(drive).max())
    if between > limits.voltage * _FIT:
        raise DriveError(
            f"terminals {names}: up to {show(between, 'V')} would stand between them, "
            f"more than the limit of {show(limits.voltage, 'V')}; lower the levels or compliances"
        )
    for terminal, current in reach.inflow(drive).items():
        if current > limits.current * _FIT:
            raise DriveError(
                f"terminal {terminals[terminal]}: up to {show(current, 'A')} would flow through it from {names}, "
                f"more than the limit of {show(limits.current, 'A')}; lower the compliances"
            )
