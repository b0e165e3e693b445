"""A network between two of its terminals, the others open, with the derivatives of its conductance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.body import Body
from nwlab.model.solver.star_mesh import empty_factor
from nwlab.model.solver.vectors import Ints, roomy
from nwlab.model.tangent import network_kernel as kernel
from nwlab.model.tangent.columns import COLUMNS, START, WIDTH, Rates

ALIKE = Rates(1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""Junctions that all conduct 1 S."""

_MOST = 2000
"""Pieces within one stage."""


class Pieces(NamedTuple):
    """How stages of constant voltage are cut."""

    level: FloatArray  # (pieces,) V
    length: FloatArray  # (pieces,) s
    first: Ints  # (stages + 1,) the first piece of each stage


class NetworkTangent:
    """The junctions of a body, all of one law but for log-normal factors, between two terminals."""

    def __init__(self, body: Body, ports: tuple[int, int], normals: FloatArray) -> None:
        """`normals` (3, junctions) say how junctions differ: on κ_P0, κ_D0 and the conductance.

        Raises UsageError when no path joins the ports.
        """
        interior = body.interior(ports)
        self._graph, self._total = interior.graph, interior.total
        edges, order = len(body.edges), interior.order
        plain = np.full(edges, -1.0)
        plain[body.junctions :] = body.fixed
        self._plain: FloatArray = np.ascontiguousarray(plain[order])
        every = np.zeros((3, edges))
        every[:, : body.junctions] = normals
        self._normals: FloatArray = np.ascontiguousarray(every[:, order])
        self._factor = empty_factor(self._graph.fronts)
        self._now, self._ahead = self._scene(), self._scene()
        if not self.play(ALIKE, np.zeros(0), np.zeros(0))[0][0] > 0:
            raise UsageError("no path joins the two terminals, so that nothing is known of the film between them")

    def play(
        self, rates: Rates, level: FloatArray, length: FloatArray, *, is_legacy: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """Hold `level` (pieces,) V for `length` (pieces,) s each, from junctions that all are in state `rates.start`.

        Returns the conductance at the begin of every piece and at the end of the last, (pieces + 1,) S, and its
        derivatives, (pieces + 1, COLUMNS).
        """
        value, slope = np.zeros(level.size + 1), np.zeros((level.size + 1, COLUMNS))
        self._begin(rates)
        kernel.play(self._web(rates), rates, self._now, self._ahead, np.abs(level), length, is_legacy, value, slope)
        return value, slope

    def pieces(self, rates: Rates, level: FloatArray, duration: FloatArray, *, tolerance: float, bend: float) -> Pieces:
        """Cut stages of `level` V that last `duration` s, both (stages,), where this law needs it.

        Raises UsageError when a stage would need too many pieces.
        """
        self._begin(rates)
        web, room = self._web(rates), np.empty(_MOST)
        found: list[FloatArray] = []
        for volts, seconds in zip(np.abs(level), duration, strict=True):
            count = kernel.pace(web, rates, self._now, self._ahead, volts, seconds, seconds, tolerance, bend, room)
            if count < 0:
                raise UsageError(f"the law moves too fast for a stage of {seconds:.4g} s at {volts:.4g} V")
            found.append(room[:count].copy())
        counts = np.array([part.size for part in found])
        return Pieces(np.repeat(level, counts), np.concatenate(found), np.concatenate([[0], np.cumsum(counts)]))

    def drops(self, conductance: float) -> FloatArray:
        """Return the voltages of junctions for 1 V while all conduct `conductance` S, (those that bear any,) V."""
        self.play(ALIKE._replace(g_min=conductance), np.zeros(0), np.zeros(0))
        return np.abs(self._now.drop[self._plain < 0])

    def _begin(self, rates: Rates) -> None:
        self._now.state[:] = rates.start
        self._now.slope[:] = 0.0
        self._now.slope.reshape(-1, WIDTH)[:, START] = 1.0

    def _web(self, rates: Rates) -> kernel.Web:
        deviations = np.array([rates.spread_p, rates.spread_d, rates.spread_g])
        factors = np.exp(deviations[:, np.newaxis] * self._normals)
        return kernel.Web(self._graph, self._factor, self._plain, self._normals, factors)

    def _scene(self) -> kernel.Scene:
        edges = self._plain.size
        return kernel.Scene(
            np.zeros(edges),
            np.zeros(edges * WIDTH),
            np.zeros(edges),
            np.zeros(edges),
            roomy(self._total),
            np.zeros(self._total * WIDTH),
        )
