"""The twin of a chip that is conductances between terminals: a Kron-reduced network, whose conductances creep.

Theory of operation
    The state is the conductance between each pair of terminals, 120 of them between 16, with their covariance; each
    walks at random by a part of itself. While a wiring stays, a Kalman filter follows the parameters in which its
    readings are linear (`reduced_lens`). When another comes, what was learned of them is carried back: of all
    conductances that show these parameters, those that are likeliest by what was known before (Gauss-Newton steps).
    Residuals are innovations, each given those before it: with Cholesky's factor S = L·Lᵀ of their covariance,
    z = L⁻¹·(y − ŷ).

    Capacitors at terminals are followed (`charging`), but nothing is learned from what still charges: how far a reading
    is from settled counts as noise there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import Drive, FloatArray
from nwlab.twin.charging import Charging, charging
from nwlab.twin.ensemble_rig import key_of
from nwlab.twin.meters import Meters
from nwlab.twin.passing import Foretold, Passing, Samples
from nwlab.twin.reduced_lens import Lens, ReducedRig, lens, reduced_rig
from nwlab.twin.wiring import View

UNSURE = 0.3
"""Standard deviation of each conductance at first, as a part of it: a chip has lived since its file was made."""
DRIFT = 1e-4
"""1/√s: how much of itself a conductance walks by in a second, where nothing else is told."""

_LEAST = 1e-3  # of a conductance in the file: it does not fall below
_ROUNDS = 12  # of Gauss-Newton
_STAYS = 1e-6  # standard deviations: conductances that show the parameters to this show them
_FIRM = 1e-12  # of a covariance: what keeps it invertible


@dataclass(slots=True)
class _Watch:
    """What is known while a wiring stays."""

    rig: ReducedRig
    lens: Lens
    capacitors: Charging | None
    values: FloatArray  # (parameters,)
    covariance: FloatArray  # (parameters, parameters)
    time: float = 0.0  # s since it began

    @property
    def gain(self) -> FloatArray:
        """Readings per unit of what each force holds now, (forces, forces)."""
        return self.lens.gain + self.lens.moves @ self.values


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
        one, two = np.triu_indices(len(matrix), 1)
        is_there = matrix[one, two] < 0
        self._one, self._two = one[is_there], two[is_there]
        self._given: FloatArray = -matrix[self._one, self._two]
        self._values, self._covariance = self._given.copy(), np.zeros((self._given.size, self._given.size))
        self._terminals, self._drift, self._corrects = len(matrix), drift, corrects
        self._capacitance: FloatArray = np.array(np.broadcast_to(capacitance, len(matrix)), dtype=np.float64)
        self._charge: FloatArray = np.zeros(len(matrix))  # V of the capacitors
        self._passing = Passing[ReducedRig]()
        self._watch: _Watch | None = None

    @property
    def settling(self) -> int:
        """How many samples it takes until residuals are calibrated: none, they always are."""
        return 0

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The terminals between which there are conductances."""
        return tuple(zip(self._one.tolist(), self._two.tolist(), strict=True))

    def conductances(self) -> tuple[FloatArray, FloatArray]:
        """Return what lies between the `pairs`, (pairs,) S, as far as readings tell, and its standard deviations."""
        values, covariance = self._carried()
        return values, np.sqrt(np.diag(covariance))

    def lose(self) -> None:
        """What comes next follows after something of which nothing is known."""
        self._leave()
        self._passing = Passing[ReducedRig]()
        if self._corrects:
            self._covariance = np.diag((UNSURE * self._given) ** 2)

    def rig(self, drive: Drive) -> ReducedRig | None:
        """Return the circuit of a drive; None where voltage sources form a ring."""
        if self._watch is not None and self._watch.rig.key == key_of(drive):
            return self._watch.rig
        return reduced_rig(drive, self._terminals, list(self.pairs))

    def follow(self, rig: ReducedRig, samples: Samples) -> Foretold:
        """Take the samples of a block; return what was expected of them."""
        found = Foretold(*np.full((3, *samples.reading.shape), np.nan))
        for k in range(samples.steps):
            before = self._passing.moment
            delay, aperture = self._passing.reach(rig, samples, k, self._hold)
            watch = self._look(rig) if rig.wiring.is_possible(samples.held[k]) else None
            if watch is not None:
                self._creep(watch, self._passing.moment - before)
                self._take(watch, samples, k, delay, aperture, found)
            self._hold(rig, samples.held[k], delay + aperture)
        return found

    def _look(self, rig: ReducedRig) -> _Watch | None:
        """Return what is known of a wiring; what was learned in another one is carried over."""
        if self._watch is None or self._watch.rig is not rig:
            self._leave()
            view = rig.wiring.look(self._matrix(self._values))
            if view is None:
                return None
            values = self._values if self._corrects else np.zeros(0)
            here = lens(rig, view, self._one[: values.size], self._two[: values.size], values)
            capacitors = charging(view, self._capacitance) if self._capacitance.any() else None
            covariance = here.shows @ self._covariance[: values.size, : values.size] @ here.shows.T
            self._watch = _Watch(rig, here, capacitors, np.zeros(len(here.shows)), covariance)
        return self._watch

    def _hold(self, rig: ReducedRig, held: FloatArray, duration: float) -> None:
        """Let capacitors charge."""
        watch = self._look(rig) if self._capacitance.any() else None
        if watch is not None and watch.capacitors is not None:
            settled = watch.lens.view.potentials(held)
            self._charge = settled + watch.capacitors.after(self._charge - settled, duration)

    def _creep(self, watch: _Watch, duration: float) -> None:
        """Let conductances walk for a while; none becomes less sure than it was at first."""
        if self._corrects and duration > 0:
            watch.time += duration
            index = np.arange(watch.values.size)
            room = np.maximum(UNSURE**2 - watch.covariance[index, index], 0.0)
            watch.covariance[index, index] += np.minimum(self._drift**2 * duration, room)

    def _take(self, watch: _Watch, samples: Samples, k: int, delay: float, aperture: float, found: Foretold) -> None:
        """Say what was expected of a sample, and learn from it."""
        held = samples.held[k]
        forces = held[: len(watch.lens.gain)]
        settling = np.zeros(forces.size)
        if watch.capacitors is not None:
            settling = watch.capacitors.seen(self._charge - watch.lens.view.potentials(held), delay, aperture)
        gain, slope = watch.gain, watch.lens.slope(forces)
        mean = gain @ forces + settling
        noise = np.diag(samples.noise[k]) + (gain * samples.blur[k, : forces.size]) @ gain.T
        drawn = watch.covariance @ slope.T
        spread = slope @ drawn + noise
        found.mean[k] = mean + samples.limited[k]
        found.sd[k] = np.sqrt(np.diag(spread)) + samples.limited[k]
        known = np.isfinite(samples.reading[k])
        if not known.any():
            return
        off = (samples.reading[k] - mean)[known]
        pair = np.ix_(known, known)
        factor = np.linalg.cholesky(spread[pair])
        found.z[k, known] = np.linalg.solve(factor, off)
        if self._corrects:
            if settling.any():
                factor = np.linalg.cholesky((spread + np.diag(settling**2))[pair])
            part = np.linalg.solve(factor, drawn[:, known].T)
            watch.values = watch.values + part.T @ np.linalg.solve(factor, off)
            watch.covariance -= part.T @ part

    def _leave(self) -> None:
        """Carry what was learned in a wiring back to the conductances."""
        if self._watch is not None:
            self._values, self._covariance = self._carried()
            self._watch = None

    def _carried(self) -> tuple[FloatArray, FloatArray]:
        """Return conductances and their covariance, with what the present wiring has shown."""
        watch, least = self._watch, _LEAST * self._given
        if watch is None or not self._corrects:
            return self._values.copy(), self._covariance.copy()
        before = self._covariance.copy()
        index, room = np.arange(self._values.size), (UNSURE * self._given) ** 2
        walked = self._drift**2 * watch.time * self._values**2
        before[index, index] += np.minimum(walked, np.maximum(room - before[index, index], 0.0))
        values, shows = self._values, watch.lens.shows
        for _ in range(_ROUNDS):
            back = _back(before, shows)
            view: View | None = watch.rig.wiring.look(self._matrix(values))
            if view is None:
                break
            shown = watch.lens.parameters(view)
            wanted = watch.values - shown + shows @ (values - self._values)
            moved = np.maximum(self._values + back @ wanted, least)
            values, still = moved, np.abs(moved - values) <= _STAYS * self._given
            if still.all():
                break
            shows = watch.lens.showing(view, self._one, self._two)
        back = _back(before, shows)
        covariance = before - back @ (shows @ before @ shows.T - watch.covariance) @ back.T
        return values, 0.5 * (covariance + covariance.T)

    def _matrix(self, values: FloatArray) -> FloatArray:
        """Return the conductance matrix between the terminals, (terminals, terminals) S."""
        matrix = np.zeros((self._terminals, self._terminals))
        matrix[self._one, self._two] = matrix[self._two, self._one] = -values
        np.fill_diagonal(matrix, -matrix.sum(axis=1))
        return matrix


def _back(covariance: FloatArray, shows: FloatArray) -> FloatArray:
    """Return how conductances move with the parameters, (conductances, parameters), by what is known of them."""
    drawn = shows @ covariance
    through = drawn @ shows.T
    firm = _FIRM * max(float(np.diag(through).max(initial=0.0)), 1e-300)
    return np.linalg.solve(through + firm * np.eye(len(through)), drawn).T.astype(np.float64)
