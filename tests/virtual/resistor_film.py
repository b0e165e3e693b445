"""Matter that a pocket calculator can check, and a film that notes what is played on it."""

from __future__ import annotations

from nwlab.core.drive import FloatArray
from nwlab.model import resistor_film
from nwlab.model.film import Circuit, Film, Mean


class ResistorFilm(resistor_film.ResistorFilm):
    def __init__(self, terminals: int, *resistors: tuple[int, int, float]) -> None:
        super().__init__(terminals, resistors)


class NotedFilm:
    def __init__(self, film: Film) -> None:
        self._film, self.terminals = film, film.terminals
        self.played: list[tuple[Circuit, float]] = []

    def advance(self, circuit: Circuit, duration: float) -> Mean:
        self.played.append((circuit, duration))
        return self._film.advance(circuit, duration)

    def conductances(self) -> FloatArray:
        return self._film.conductances()
