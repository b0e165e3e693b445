"""Many steps of one drive at once, for films and drives that allow it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Quantity
from nwlab.model.film import Film
from nwlab.model.held_drive import held_drive
from nwlab.model.network_film import NetworkFilm
from nwlab.model.two_terminal_film import TwoTerminalFilm


class Staircase(Protocol):
    """A drive whose sources keep their levels, whatever the film does."""

    def play(self, first: int, end: int) -> tuple[FloatArray, FloatArray]:
        """Play steps from `first` on, before `end` at the latest; return mean voltages and currents, (steps, forces).

        It comes back before the first step in which a limit may act, so that the answer can be shorter.
        """
        ...


def staircase_of(film: Film, drive: Drive) -> Staircase | None:
    """Return a way to play a drive at once, or None when it must be played step by step."""
    if isinstance(film, NetworkFilm):
        return held_drive(film, drive)
    if isinstance(film, TwoTerminalFilm) and _holds_the_junction(drive):
        return _JunctionStaircase(film, drive)
    return None


class _JunctionStaircase:
    """A drive of one voltage source across the junction."""

    def __init__(self, film: TwoTerminalFilm, drive: Drive) -> None:
        self._film, self._force, self._dwell = film, drive.forces[0], drive.dwell
        self._delay = np.zeros(drive.steps) if drive.read_delay is None else drive.read_delay

    def play(self, first: int, end: int) -> tuple[FloatArray, FloatArray]:
        """Play steps; return mean voltages and currents, (steps, 1)."""
        steps, force = slice(first, end), self._force
        current = self._film.play(force.levels[steps], self._dwell[steps], self._delay[steps], force.compliance)
        return force.levels[first : first + current.size, np.newaxis], current[:, np.newaxis]


def _holds_the_junction(drive: Drive) -> bool:
    if len(drive.forces) != 1 or drive.forces[0].quantity is not Quantity.VOLTAGE:
        return False
    other = 1 - drive.forces[0].terminal
    return other in drive.ground if drive.forces[0].low is None else drive.forces[0].low == other
