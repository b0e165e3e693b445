"""A network whose terminals are held by ideal voltage sources: whole staircases of levels in compiled code."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import NwlabError, UsageError
from nwlab.model.compiled import given
from nwlab.model.held_kernel import LIMITED, LOST, Books, Material, Sight, Wired, play
from nwlab.model.laws.law import CompiledLaw, Law
from nwlab.model.network_film import NetworkFilm
from nwlab.model.networks.network import IntArray
from nwlab.model.solver.vectors import roomy

Pairs = tuple[tuple[int, int | None], ...]


def is_compiled(law: Law) -> TypeGuard[CompiledLaw]:
    """Whether compiled loops can play a law."""
    return hasattr(law, "kernel") and hasattr(law, "quiet")


class HeldFilm:
    """A film of a compiled law without capacitors, with some terminals held and the others open.

    It shares state, chance and books with the film; use either at any time.
    """

    def __init__(
        self,
        film: NetworkFilm,
        ports: tuple[int, ...],
        share: FloatArray | None = None,
        limit: FloatArray | None = None,
        meters: Pairs = (),
        ceiling: FloatArray | None = None,
    ) -> None:
        """`share` (sources, ports) gives each source's current from those of the ports, `limit` (sources,) A its most.

        `meters` are pairs of terminals whose voltage is read (None = 0 V), `ceiling` (meters,) V is the most they may
        show. Raises UsageError where this cannot be done.
        """
        if not is_compiled(film.law) or film.capacitance.any():
            raise UsageError("only a film of a compiled law without capacitors can be held in compiled code")
        self.film, self.ports = film, ports
        self._interior = film.body.interior(ports)
        none = np.zeros((0, len(ports)))
        self._wired = Wired(
            self._interior.graph,
            self._interior.memory(),
            self._interior.sign,
            self._interior.order.astype(np.int32),
            none if share is None else share,
            np.zeros(0) if limit is None else limit,
            self._places(meters),
            np.full(len(meters), np.inf) if ceiling is None else ceiling,
        )
        self._material = _material(film.law)
        self._sight = _sight(film, self._interior.total, len(ports), len(self._interior.order), len(meters))

    def can_read(self, terminal: int) -> bool:
        """Whether a terminal has a potential: its part of the film is held somewhere."""
        return bool(self._interior.place[terminal] < self._interior.total)

    def play(self, levels: FloatArray, dwell: FloatArray, delay: FloatArray, *, single: bool = False) -> FloatArray:
        """Hold the ports at `levels` (steps, ports) V for `dwell` (steps,) s each.

        Returns the mean currents into the film at the ports, then the mean voltages of the meters, from `delay`
        (steps,) s to the end of each dwell, (steps, ports + meters). It comes back before the first step in which a
        source or meter would pass its limit, so that the answer can be shorter than the question. `single` means one
        step of all junctions per level at the voltages of its begin, whose current is the reading: what published
        codes do. Raises NwlabError when no potentials are found.
        """
        out = np.empty((len(dwell), len(self.ports) + len(self._wired.ceiling)))
        film = self.film
        books = Books(
            film.ledger.energy,
            film.ledger.largest_drop,
            film.ledger.charge,
            np.array([film.piece]),
            np.array(self.ports, dtype=np.int32),
        )
        conductance = self._sight.conductance
        conductance[:, film.body.junctions :] = film.body.fixed
        done, how = play(
            self._wired,
            self._material,
            self._sight,
            books,
            film.state,
            given(levels),
            given(dwell),
            given(delay),
            0.0 if single or film.is_stepwise else film.tolerance,
            film.stream,
            out,
        )
        film.piece = float(books.piece[0])
        film.ledger.time += float(np.sum(dwell[:done]))
        film.forget_moment()
        if how == LOST:
            raise NwlabError(
                "the chip model found no potentials that satisfy Kirchhoff's laws; look at its conductances"
            )
        assert done == len(dwell) or how == LIMITED
        return out[:done]

    def _places(self, meters: Pairs) -> IntArray:
        place = self._interior.place
        return np.array([[place[hi], -1 if lo is None else place[lo]] for hi, lo in meters], dtype=np.int32).reshape(
            len(meters), 2
        )


def hold(
    film: NetworkFilm, terminals: tuple[int, ...], levels: FloatArray, dwell: FloatArray, *, single: bool = False
) -> FloatArray:
    """Hold some terminals at `levels` (steps, terminals) V for `dwell` (steps,) s each, the others open.

    Returns the mean current into the film at each of them, (steps, terminals) A. See `HeldFilm.play` for `single`.
    """
    return HeldFilm(film, terminals).play(levels, dwell, np.zeros(len(dwell)), single=single)


def _material(law: CompiledLaw) -> Material:
    kernel = law.kernel
    quiet = law.quiet.constants
    return Material(kernel.code, kernel.constants, quiet, kernel.spread, not np.array_equal(kernel.constants, quiet))


def _sight(film: NetworkFilm, total: int, ports: int, live: int, meters: int) -> Sight:
    edges = len(film.body.edges)
    return Sight(
        np.zeros((2, edges)),
        np.zeros((2, edges)),
        np.zeros((2, ports + meters)),
        np.zeros((2, live)),
        roomy(total),
        np.zeros((2, film.body.junctions)),
        np.zeros(film.body.junctions),
    )
