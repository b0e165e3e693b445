"""A drive as a circuit of ideal sources, step by step and at rest."""

from __future__ import annotations

import math

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.model.film import Circuit, Source


class DriveCircuit:
    """The circuits that one drive puts around a film: forces first, then what ties its grounds to common."""

    def __init__(self, drive: Drive, terminals: int, rest_current: float) -> None:
        """`rest_current` in A limits a source that rests at 0 V after it forced a current."""
        self._drive, self._terminals, self._rest_current = drive, terminals, rest_current
        self._grounds = tuple(Source(node, terminals, Quantity.VOLTAGE, 0.0, math.inf) for node in drive.ground)
        self._last: tuple[list[float], Circuit] | None = None

    def at(self, step: int) -> Circuit:
        """Return the circuit of one step, the same object while levels stay; −1 is the last step."""
        levels = [float(force.levels[step]) for force in self._drive.forces]
        if self._last is None or levels != self._last[0]:
            self._last = levels, self._circuit(list(map(self._forced, self._drive.forces, levels)))
        return self._last[1]

    def rest(self) -> Circuit:
        """Return the circuit of a bench at rest: the same routing, every source at 0 V."""
        return self._circuit([self._resting(force) for force in self._drive.forces])

    def _circuit(self, forces: list[Source]) -> Circuit:
        return Circuit(self._terminals + 1, self._terminals, (*forces, *self._grounds))

    def _low(self, force: Force) -> int:
        return self._terminals if force.low is None else force.low

    def _forced(self, force: Force, level: float) -> Source:
        return Source(force.terminal, self._low(force), force.quantity, level, force.compliance, force.sense)

    def _resting(self, force: Force) -> Source:
        limit = force.compliance if force.quantity is Quantity.VOLTAGE else self._rest_current
        return Source(force.terminal, self._low(force), Quantity.VOLTAGE, 0.0, limit)


def open_circuit(terminals: int) -> Circuit:
    """Return the circuit of a film that nothing is connected to."""
    return Circuit(terminals + 1, terminals)
