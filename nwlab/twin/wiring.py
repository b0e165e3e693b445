"""The circuit that a drive puts around a chip, for twins that know the chip's conductance matrix.

Theory of operation
    As in `nwlab.model.film_mesh` the chip is a conductance matrix between its terminals, L, stamped into the balances
    of the circuit. With M the whole matrix, b what the sources hold, and p the row that picks a reading out of the
    unknowns, a reading is y = p·x with x = M⁻¹·b. A change dL of the chip changes it by −λ·dL·x, λ = p·M⁻¹, so that
    one inverse tells how every reading depends on everything: on what is held, and on each conductance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.model.circuit import Mesh

_POSSIBLE = 1e-9  # of the currents: what a part of the circuit that hangs on nothing may be left with


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A circuit with the chip in one state."""

    inverse: FloatArray  # (unknowns, unknowns)
    drawn: FloatArray  # (forces, unknowns) M⁻ᵀ·p of each reading
    balanced: FloatArray  # (terminals,)
    nodes: int

    @property
    def gain(self) -> FloatArray:
        """How much each reading moves with what each source holds, (forces, sources)."""
        return self.drawn[:, self.nodes :]

    @property
    def adjoint(self) -> FloatArray:
        """λ of each reading at the terminals, (forces, terminals)."""
        return self.drawn[:, : self.balanced.size] * self.balanced

    def potentials(self, held: FloatArray) -> FloatArray:
        """Return the terminals' potentials in V, (terminals,), for what the sources hold, (sources,) V or A."""
        return self.inverse[: self.balanced.size, self.nodes :] @ held

    def readings(self, held: FloatArray) -> FloatArray:
        """Return what is read, (forces,) A or V, for what the sources hold, (sources,) V or A."""
        return self.gain @ held


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """Sources around a chip, forces first, then grounds; without levels."""

    base: FloatArray  # (unknowns, unknowns) balances without the chip: potentials, then currents out of sources
    balanced: FloatArray  # (terminals,) 1 where the currents of a terminal are balanced, 0 where it is called 0 V
    pick: FloatArray  # (forces, unknowns) a current under a voltage, a voltage under a current
    check: FloatArray  # (parts, sources) what sources push into each part that hangs on nothing
    nodes: int

    def look(self, film: FloatArray) -> View | None:
        """Put the chip's matrix (terminals, terminals) S into the circuit; None when nothing determines potentials."""
        count = self.balanced.size
        matrix = self.base.copy()
        matrix[:count, :count] += film * self.balanced[:, np.newaxis]
        try:
            inverse: FloatArray = np.linalg.inv(matrix).astype(np.float64)
        except np.linalg.LinAlgError:
            return None
        return View(inverse, self.pick @ inverse, self.balanced, self.nodes)

    def is_possible(self, held: FloatArray) -> bool:
        """Whether every current that is held, (sources,) V or A, has a way back."""
        left = np.abs(self.check @ held)
        return bool((left <= _POSSIBLE * (np.abs(self.check) @ np.abs(held))).all())


def wire(drive: Drive, terminals: int, joined: Iterable[tuple[int, int]]) -> Wiring | None:
    """Return the circuit of a drive on a chip whose terminals are `joined` by it, in pairs.

    None for voltage sources in a ring, whose currents nothing determines.
    """
    common = terminals
    low = [common if force.low is None else force.low for force in drive.forces]
    pairs = [(force.terminal, end) for force, end in zip(drive.forces, low, strict=True)]
    ends = [(*pair, force.sense or pair) for force, pair in zip(drive.forces, pairs, strict=True)]
    ends += [(terminal, common, (terminal, common)) for terminal in drive.ground]
    fixes_voltage = (*(_is_voltage(force) for force in drive.forces), *(True for _ in drive.ground))
    mesh = Mesh(terminals + 1, common, (), ends, joined)
    base, references, check = mesh.matrix(fixes_voltage, leaky=False)
    base[references] = 0.0
    base[references, references] = 1.0
    incidence = base[: mesh.nodes, mesh.nodes :][:, np.array(fixes_voltage, dtype=np.bool_)]
    if incidence.size and int(np.linalg.matrix_rank(incidence)) < incidence.shape[1]:
        return None
    balanced = np.ones(mesh.nodes)
    balanced[references] = 0.0
    pick = np.zeros((len(drive.forces), len(base)))
    for row, (force, (_, _, (high, end))) in enumerate(zip(drive.forces, ends, strict=False)):
        if _is_voltage(force):
            pick[row, mesh.nodes + row] = 1.0
        else:
            pick[row, high], pick[row, end] = 1.0, -1.0
    return Wiring(base, balanced[:terminals], pick, check, mesh.nodes)


def _is_voltage(force: Force) -> bool:
    return force.quantity is Quantity.VOLTAGE
