"""A chip whose conductances drift.

Conductances that all grow by a factor s under the same voltages carry s times the current. The film itself therefore
plays a circuit whose resistors are s times as large and whose currents are s times as small, and its own currents are
multiplied by s: exact for every law that lives by voltages, and no law needs to know.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from nwlab.core.drive import FloatArray, Quantity
from nwlab.model.film import Circuit, Film, Mean, Source

_STEP = 5e-4
"""Relative change of conductance that is made at once; the circuits of a step are reused."""
_MOST_PIECES = 1000  # of one stretch of time
_REMEMBERED = 4096


class DriftingFilm:
    """Fills the role of a Film."""

    def __init__(self, film: Film) -> None:
        self.terminals = film.terminals
        self._film = film
        self._rates: list[float] = []
        self._exponent = 0.0  # of the factor, as it has grown so far
        self._scaled: dict[tuple[int, int], tuple[Circuit, Circuit]] = {}

    def begin(self, rate: float) -> None:
        """Let conductances grow as exp(rate · t) from now on, rate in 1/s."""
        self._rates.append(rate)

    def end(self, rate: float) -> None:
        """Let a drift stop where it has come to."""
        self._rates.remove(rate)

    def advance(self, circuit: Circuit, duration: float) -> Mean:
        """Let `duration` s pass under a constant circuit and return the means over it."""
        change = sum(self._rates) * duration
        pieces = min(max(1, math.ceil(abs(change) / _STEP)), _MOST_PIECES) if duration > 0 else 1
        means = [self._piece(circuit, duration / pieces, change / pieces) for _ in range(pieces)]
        if pieces == 1:
            return means[0]
        potential, current = (
            np.mean([getattr(mean, name) for mean in means], axis=0) for name in ("potential", "current")
        )
        return Mean(potential, current, means[-1].in_compliance)

    def conductances(self) -> FloatArray:
        """Present conductance of each element in S; (elements,)."""
        return self._film.conductances() * math.exp(self._exponent)

    def _piece(self, circuit: Circuit, duration: float, change: float) -> Mean:
        step = round((self._exponent + change / 2) / _STEP)
        self._exponent += change
        if step == 0:
            return self._film.advance(circuit, duration)
        factor = math.exp(step * _STEP)
        mean = self._film.advance(self._circuit(circuit, step, factor), duration)
        return Mean(mean.potential, mean.current * factor, mean.in_compliance)

    def _circuit(self, circuit: Circuit, step: int, factor: float) -> Circuit:
        """Return the same object for the same circuit and step, so that the film recognises it."""
        key = (id(circuit), step)
        if key not in self._scaled or self._scaled[key][0] is not circuit:
            if len(self._scaled) >= _REMEMBERED:
                self._scaled.clear()
            resistors = tuple((one, two, ohm * factor) for one, two, ohm in circuit.resistors)
            sources = tuple(_weaker(source, factor) for source in circuit.sources)
            self._scaled[key] = circuit, replace(circuit, sources=sources, resistors=resistors)
        return self._scaled[key][1]


def _weaker(source: Source, factor: float) -> Source:
    if source.quantity is Quantity.CURRENT:
        return replace(source, level=source.level / factor)
    return replace(source, compliance=source.compliance / factor)
