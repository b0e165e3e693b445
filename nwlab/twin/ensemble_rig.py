"""The wiring of a drive around all members of an ensemble: what each reads while something is held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Quantity
from nwlab.model.film import Circuit, Source
from nwlab.model.held_drive import HeldDrive, held_drive
from nwlab.model.network_film import NetworkFilm
from nwlab.twin.wiring import Wiring, wire

_NO_LIMIT = 1e300
"""What was held is known, so that no limit of a source matters to the model."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What is held for a while before a reading."""

    held: FloatArray  # (sources,) V or A, forces then grounds
    duration: float  # s


class Rig:
    """Sources around films of one body.

    Where sources only hold terminals at voltages, or are voltmeters, compiled code plays them; otherwise the film
    solves the circuit piece by piece, which is some ten times slower.
    """

    def __init__(self, films: Sequence[NetworkFilm], drive: Drive, wiring: Wiring) -> None:
        self.wiring, self._films = wiring, films
        self._forces, self._ground, self._common = drive.forces, drive.ground, films[0].terminals
        voltages = [force.quantity is Quantity.VOLTAGE for force in drive.forces]
        self._is_voltage = np.array(voltages, dtype=np.bool_)
        self._is_held = np.array([*voltages, *(True for _ in drive.ground)], dtype=np.bool_)
        free = replace(drive, forces=tuple(replace(force, compliance=_NO_LIMIT) for force in drive.forces))
        played = [held_drive(film, free) for film in films]
        self._played: list[HeldDrive] = [each for each in played if each is not None]

    def hold(self, held: FloatArray, duration: float) -> None:
        """Hold sources (sources,) V or A for `duration` s at all members."""
        self.read([], held, duration, 0.0)

    def read(self, before: Sequence[Row], held: FloatArray, delay: float, aperture: float) -> FloatArray:
        """Hold what came before, then the sources at `held`; return means over the aperture, (members, forces) A or V.

        With an aperture of 0 nothing is read, and what is returned means nothing. Raises NwlabError where a member has
        no potentials that satisfy Kirchhoff's laws.
        """
        return (
            self._read_held(before, held, delay, aperture)
            if self._played
            else self._solve(before, held, delay, aperture)
        )

    def _read_held(self, before: Sequence[Row], held: FloatArray, delay: float, aperture: float) -> FloatArray:
        rows = [(row.held, row.duration, 0.0) for row in before] + [
            (held, delay + aperture, delay if aperture else 0.0)
        ]
        levels = np.stack([row[0] for row in rows])[:, self._is_held]
        dwell, skipped = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
        potentials = self._played[0].potentials(levels)
        found = np.empty((len(self._films), self._is_voltage.size))
        for member, played in enumerate(self._played):
            voltage, current = played.hold(potentials, dwell, skipped)
            found[member] = np.where(self._is_voltage, current[-1], voltage[-1])
        return found

    def _solve(self, before: Sequence[Row], held: FloatArray, delay: float, aperture: float) -> FloatArray:
        rows = [(self._circuit(row.held), row.duration) for row in before]
        circuit = self._circuit(held)
        found = np.empty((len(self._films), self._is_voltage.size))
        for member, film in enumerate(self._films):
            for each, duration in rows:
                film.advance(each, duration)
            film.advance(circuit, delay)
            mean = film.advance(circuit, aperture)
            for index, source in enumerate(circuit.sources[: len(self._forces)]):
                high, low = source.sense or (source.hi, source.lo)
                volts = float(mean.potential[high] - mean.potential[low])
                found[member, index] = mean.current[index] if self._is_voltage[index] else volts
        return found

    def _circuit(self, held: FloatArray) -> Circuit:
        count, common = len(self._forces), self._common
        forces = [
            Source(
                force.terminal,
                common if force.low is None else force.low,
                force.quantity,
                float(level),
                math.inf,
                force.sense,
            )
            for force, level in zip(self._forces, held[:count], strict=True)
        ]
        grounds = [Source(terminal, common, Quantity.VOLTAGE, 0.0, math.inf) for terminal in self._ground]
        return Circuit(common + 1, common, (*forces, *grounds))


def rig_of(films: Sequence[NetworkFilm], drive: Drive) -> Rig | None:
    """Return the wiring of a drive around films; None where voltage sources form a ring."""
    part = films[0].body.part
    first = {int(label): int(np.argmax(part == label)) for label in np.unique(part)}
    joined = [(first[int(label)], place) for place, label in enumerate(part) if first[int(label)] != place]
    wiring = wire(drive, films[0].terminals, joined)
    return None if wiring is None else Rig(films, drive, wiring)


def key_of(drive: Drive) -> object:
    """Return what two drives have in common when the same rig serves both."""
    forces = tuple(
        (force.terminal, force.low, force.quantity, force.sense, bool(force.levels.any())) for force in drive.forces
    )
    return forces, drive.ground
