"""Capacitors at the terminals of a linear chip: how their charge follows what the sources hold, in closed form.

Theory of operation
    T says how the potentials u of the terminals answer to currents pushed into them; a capacitor pushes −C·u'. So
    u = u∞ − T·C·u', where u∞ is what they would settle at. √C·T·√C is symmetric and has no negative eigenvalues τ: they
    are the time constants. Along its eigenvectors all is exponential, and what a reading sees of the charges that move
    follows from the same inverse. A τ of nothing has long settled, as where a source holds a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.twin.wiring import View

_SETTLED = 1e-12  # of the longest time constant


@dataclass(frozen=True, slots=True, eq=False)
class Charging:
    """Time constants of one circuit."""

    rates: FloatArray  # (modes,) 1/s
    modes: FloatArray  # (modes, terminals) 1/√F·… what each mode sees of potentials, times √C
    root: FloatArray  # (terminals,) √F
    moved: FloatArray  # (forces, modes) reading per mode and unit of rate

    def after(self, off: FloatArray, duration: float) -> FloatArray:
        """Return how far the potentials are from settled, (terminals,) V, `duration` s after they were `off`."""
        left = (self.modes @ (self.root * off)) * np.exp(-self.rates * duration)
        bare = self.modes.T @ left
        return np.divide(bare, self.root, out=np.zeros_like(bare), where=self.root > 0)

    def seen(self, off: FloatArray, delay: float, aperture: float) -> FloatArray:
        """Return what is added to each reading, (forces,), on average from `delay` s on over `aperture` s."""
        begun = (self.modes @ (self.root * off)) * np.exp(-self.rates * delay)
        return self.moved @ (begun * -np.expm1(-self.rates * aperture) / aperture)


def charging(view: View, capacitance: FloatArray) -> Charging:
    """Return how capacitors (terminals,) F between terminals and common charge in a circuit."""
    count, root = capacitance.size, np.sqrt(capacitance)
    answer = view.inverse[:count, :count] * view.balanced
    symmetric = root[:, np.newaxis] * answer * root
    values, vectors = np.linalg.eigh(0.5 * (symmetric + symmetric.T))
    slow = values > _SETTLED * max(float(values.max(initial=0.0)), 1e-300)
    modes = vectors[:, slow].T
    # A mode's charge √C·q leaves at its rate, and each A that it pushes into terminals shows by λ.
    moved = view.adjoint @ (root[:, np.newaxis] * vectors[:, slow])
    return Charging(1.0 / values[slow], modes, root, moved)
