"""What one wiring shows of the conductances between terminals: parameters in which all its readings are linear.

Theory of operation
    Readings are y = A·b, where b is what the sources hold and A follows from the conductances g. However g varies, A
    stays within a linear space (it is symmetric, its rows have given sums), of which the slopes ∂A/∂g span all that can
    be reached. With their singular values, ∂A/∂ln g = U·S·Vᵀ, the parameters are a = Vᵀ·δln g and
    A(a) = A + U·S·a: readings are linear in a, whatever the conductances are that nobody sees from here. A filter of
    g itself would take each reading at another tangent, and get lost between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import Drive, FloatArray
from nwlab.model.solver.vectors import Ints
from nwlab.twin.ensemble_rig import key_of
from nwlab.twin.wiring import View, Wiring, wire

_SEEN = 1e-8  # of the largest singular value: what is shown less is not shown


@dataclass(frozen=True, slots=True, eq=False)
class ReducedRig:
    """The wiring of a drive around conductances between terminals."""

    wiring: Wiring
    most: FloatArray  # (forces,) V or A: what the sources hold at most
    key: object


def reduced_rig(drive: Drive, terminals: int, joined: list[tuple[int, int]]) -> ReducedRig | None:
    """Return the wiring of a drive; None where voltage sources form a ring."""
    wiring = wire(drive, terminals, joined)
    most = np.array([np.abs(force.levels).max() for force in drive.forces])
    return None if wiring is None else ReducedRig(wiring, most, key_of(drive))


@dataclass(frozen=True, slots=True, eq=False)
class Lens:
    """A wiring around a chip in one state."""

    view: View
    gain: FloatArray  # (forces, forces) readings per unit of what each force holds
    moves: FloatArray  # (forces, forces, parameters) how the gain moves with the parameters
    shows: FloatArray  # (parameters, conductances) how they move with conductances, 1/S
    scale: FloatArray  # (forces, forces) of the gain, to parts of the largest reading
    found: FloatArray  # (parameters, forces · forces) parameters from a scaled move of the gain

    def slope(self, held: FloatArray) -> FloatArray:
        """Return how readings move with the parameters, (forces, parameters), for what forces hold, (forces,)."""
        return np.einsum("fsr,s->fr", self.moves, held)

    def parameters(self, view: View) -> FloatArray:
        """Return the parameters, (parameters,), at which the gain is that of another state."""
        return self.found @ (self.scale * (_gain(view) - self.gain)).ravel()

    def showing(self, view: View, one: Ints, two: Ints) -> FloatArray:
        """Return how parameters move with conductances between terminals `one` and `two` in another state."""
        steep = self.scale[:, :, np.newaxis] * _steepness(view, one, two)
        return self.found @ steep.reshape(self.scale.size, one.size)


def lens(rig: ReducedRig, view: View, one: Ints, two: Ints, values: FloatArray) -> Lens:
    """Return what a wiring shows of conductances `values` (pairs,) S between terminals `one` and `two` (pairs,)."""
    gain, steep = _gain(view), _steepness(view, one, two)
    row = np.abs(gain) @ rig.most
    row = np.divide(1.0, row, out=np.ones_like(row), where=row > 0)
    scale = row[:, np.newaxis] * rig.most
    table = (scale[:, :, np.newaxis] * steep).reshape(scale.size, one.size) * values
    left, sizes, right = np.linalg.svd(table, full_matrices=False) if table.size else _nothing(table)
    kept = sizes > _SEEN * max(float(sizes.max(initial=0.0)), 1e-300)
    left, sizes, right = left[:, kept], sizes[kept], right[kept]
    moves = (left * sizes).reshape(*scale.shape, sizes.size)
    bare = np.divide(moves, scale[:, :, np.newaxis], out=np.zeros_like(moves), where=scale[:, :, np.newaxis] > 0)
    shows = np.divide(right, values, out=np.zeros_like(right), where=values > 0)
    return Lens(view, gain, bare, shows, scale, left.T / sizes[:, np.newaxis])


def _nothing(table: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the singular values of a table without entries: none."""
    return np.zeros((len(table), 0)), np.zeros(0), np.zeros((0, table.shape[1]))


def _gain(view: View) -> FloatArray:
    return view.gain[:, : len(view.gain)]


def _steepness(view: View, one: Ints, two: Ints) -> FloatArray:
    """Return how the gain moves with each conductance, (forces, forces, pairs) per S."""
    unit = view.inverse[: view.balanced.size, view.nodes : view.nodes + len(view.gain)]
    drawn = view.adjoint[:, two] - view.adjoint[:, one]
    return drawn[:, np.newaxis, :] * (unit[one] - unit[two]).T[np.newaxis, :, :]
