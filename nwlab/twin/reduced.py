"""The twin of a chip that is conductances between terminals: a Kron-reduced network, whose conductances creep.

Theory of operation
    The state is the conductance between each pair of terminals, 120 of them between 16. What is read depends on them
    linearly while every terminal is held at a voltage, and smoothly otherwise (`wiring` tells the slopes), so that an
    extended Kalman filter follows them: they walk at random, each by a part of itself. Where slopes depend on the
    state, the update is repeated at its own outcome until that stays (iterated filter: Bell and Cathey, IEEE Trans.
    Autom. Control 38 (1993) 294). Residuals are innovations, each given those before it: with Cholesky's factor S = L·Lᵀ
    of their covariance, z = L⁻¹·(y − ŷ).

    Capacitors at terminals are followed (`charging`), but nothing is learned from what still charges: how far a reading
    is from settled counts as noise there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import BoolArray, Drive, FloatArray
from nwlab.twin.charging import Charging, charging
from nwlab.twin.meters import Meters
from nwlab.twin.passing import Foretold, Passing, Samples
from nwlab.twin.wiring import View, Wiring, wire

UNSURE = 0.3
"""Standard deviation of each conductance at first, as a part of it: what a chip's file tells of a chip that has lived."""
DRIFT = 1e-4
"""1/√s: how much of itself a conductance walks by in a second, where nothing else is told."""

_LEAST = 1e-3  # of a conductance in the file: it does not fall below
_ROUNDS = 5  # of the iterated filter
_STAYS = 1e-7  # of each conductance: an outcome that moves less stays


@dataclass(slots=True)
class _Sight:
    """What is expected of one sample."""

    view: View
    mean: FloatArray  # (forces,)
    slope: FloatArray  # (forces, conductances)
    settling: FloatArray  # (forces,) what capacitors add


class ReducedTwin:
    """Follows the conductances between terminals."""

    def __init__(
        self,
        matrix: FloatArray,
        capacitance: FloatArray | float = 0.0,
        meters: Meters | None = None,
        *,
        drift: float = DRIFT,
        corrects: bool = True,
    ) -> None:
        """`matrix` (terminals, terminals) S is the chip's, `capacitance` (terminals,) F from each to common.

        With `corrects` off the readings change nothing.
        """
        self.meters = Meters() if meters is None else meters
        self._one, self._two = np.triu_indices(len(matrix), 1)
        self._given: FloatArray = np.maximum(-matrix[self._one, self._two], 0.0)
        self._values = self._given.copy()
        self._terminals, self._drift, self._corrects = len(matrix), drift, corrects
        self._capacitance: FloatArray = np.array(np.broadcast_to(capacitance, len(matrix)), dtype=np.float64)
        self._covariance = np.zeros((self._given.size, self._given.size))
        self._charge: FloatArray = np.zeros(len(matrix))  # V of the capacitors
        self._passing = Passing[Wiring]()
        self._known: tuple[Wiring, View, Charging | None] | None = None  # while the conductances stay

    @property
    def conductances(self) -> FloatArray:
        """What lies between terminals 0 and 1, 0 and 2, … now, (pairs,) S, as far as the readings tell."""
        return self._values.copy()

    @property
    def sd(self) -> FloatArray:
        """Standard deviation of each of them, (pairs,) S."""
        return np.sqrt(np.diag(self._covariance))

    @property
    def matrix(self) -> FloatArray:
        """The conductance matrix between the terminals now, (terminals, terminals) S."""
        matrix = np.zeros((self._terminals, self._terminals))
        matrix[self._one, self._two] = matrix[self._two, self._one] = -self._values
        np.fill_diagonal(matrix, -matrix.sum(axis=1))
        return matrix

    def lose(self) -> None:
        """What comes next follows after something of which nothing is known."""
        self._passing = Passing[Wiring]()
        if self._corrects:
            self._covariance = np.diag((UNSURE * self._given) ** 2)

    def rig(self, drive: Drive) -> Wiring | None:
        """Return the circuit of a drive; None where voltage sources form a ring."""
        present = self._given > 0
        return wire(drive, self._terminals, zip(self._one[present], self._two[present], strict=True))

    def follow(self, rig: Wiring, samples: Samples) -> Foretold:
        """Take the samples of a block; return what was expected of them."""
        found = Foretold(*np.full((3, *samples.reading.shape), np.nan))
        for k in range(samples.steps):
            before = self._passing.moment
            delay, aperture = self._passing.reach(rig, samples, k, self._hold)
            self._creep(self._passing.moment - before)
            sight = self._foresee(rig, samples.held[k], delay, aperture)
            if sight is not None:
                self._take(rig, samples, k, sight, found)
            self._hold(rig, samples.held[k], delay + aperture)
        return found

    def _hold(self, rig: Wiring, held: FloatArray, duration: float) -> None:
        """Let capacitors charge."""
        if not self._capacitance.any():
            return
        known = self._look(rig)
        if known is not None and known[1] is not None:
            settled = known[0].potentials(held)
            self._charge = settled + known[1].after(self._charge - settled, duration)

    def _creep(self, duration: float) -> None:
        """Let conductances walk for a while; none becomes less sure than it was at first."""
        if not (self._corrects and self._drift and duration > 0):
            return
        room = (UNSURE * self._given) ** 2 - np.diag(self._covariance)
        index = np.arange(self._values.size)
        walked = self._drift**2 * duration * self._values**2
        self._covariance[index, index] += np.clip(walked, 0.0, np.maximum(room, 0.0))

    def _look(self, rig: Wiring) -> tuple[View, Charging | None] | None:
        if self._known is None or self._known[0] is not rig:
            view = rig.look(self.matrix)
            if view is None:
                return None
            self._known = rig, view, charging(view, self._capacitance) if self._capacitance.any() else None
        return self._known[1:]

    def _foresee(self, rig: Wiring, held: FloatArray, delay: float, aperture: float) -> _Sight | None:
        known = self._look(rig) if rig.is_possible(held) else None
        if known is None:
            return None
        view, capacitors = known
        potential, adjoint = view.potentials(held), view.adjoint
        settling = np.zeros(len(adjoint))
        if capacitors is not None:
            settling = capacitors.seen(self._charge - potential, delay, aperture)
        slope = (adjoint[:, self._two] - adjoint[:, self._one]) * (potential[self._one] - potential[self._two])
        return _Sight(view, view.readings(held) + settling, slope, settling)

    def _take(self, rig: Wiring, samples: Samples, k: int, sight: _Sight, found: Foretold) -> None:
        """Say what was expected of a sample, and learn from it."""
        noise = np.diag(samples.noise[k]) + (sight.view.gain * samples.blur[k]) @ sight.view.gain.T
        spread = sight.slope @ self._covariance @ sight.slope.T + noise
        found.mean[k] = sight.mean + samples.limited[k]
        found.sd[k] = np.sqrt(np.diag(spread)) + samples.limited[k]
        known = np.isfinite(samples.reading[k])
        if not known.any():
            return
        off = samples.reading[k] - sight.mean
        found.z[k, known] = np.linalg.solve(np.linalg.cholesky(spread[np.ix_(known, known)]), off[known])
        if self._corrects:
            still = noise + np.diag(sight.settling**2)
            self._learn(rig, samples.held[k], samples.reading[k] - sight.settling, known, still, sight)

    def _learn(
        self, rig: Wiring, held: FloatArray, reading: FloatArray, known: BoolArray, noise: FloatArray, sight: _Sight
    ) -> None:
        begun, slope, mean = self._values, sight.slope[known], (sight.mean - sight.settling)[known]
        blur = noise[np.ix_(known, known)]
        for _ in range(_ROUNDS):
            drawn = self._covariance @ slope.T
            factor = np.linalg.cholesky(slope @ drawn + blur)
            off = reading[known] - mean - slope @ (begun - self._values)
            part = np.linalg.solve(factor, drawn.T)
            values = begun + part.T @ np.linalg.solve(factor, off)
            values = np.maximum(values, np.minimum(_LEAST * self._given, begun))
            moved = float(np.abs(values - self._values).max(initial=0.0, where=self._given > 0))
            self._values, self._known = values, None
            if moved <= _STAYS * float(self._given.max(initial=0.0)):
                break
            again = self._foresee(rig, held, 0.0, math.inf)
            if again is None:
                break
            before, slope, mean = slope, again.slope[known], (again.mean - again.settling)[known]
            if np.allclose(before, slope, rtol=1e-9, atol=0.0):
                break
        self._covariance -= part.T @ part
