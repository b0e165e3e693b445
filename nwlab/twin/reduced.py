"""The twin of a chip that is conductances between terminals: a Kron-reduced network, whose conductances creep.

Theory of operation
    The state is the conductance between each pair of terminals, 120 of them between 16; each walks at random by a part
    of itself. While a wiring stays, a Kalman filter follows the parameters in which its readings are linear
    (`reduced_lens`). When another comes, what they have shown is kept (`reduced_memory`), and the new wiring begins
    with what all wirings together tell of the conductances. How far the bend of its parameters may leave their tangent,
    as little as is known of the conductances, counts as not known.
    Residuals are innovations, each given those before it: with Cholesky's factor S = L·Lᵀ of their covariance,
    z = L⁻¹·(y − ŷ).

    Capacitors at terminals are followed (`charging`), but nothing is learned from what still charges: how far a reading
    is from settled counts as noise there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nwlab.core.drive import Drive, FloatArray
from nwlab.twin.charging import Charging, charging
from nwlab.twin.ensemble_rig import key_of
from nwlab.twin.meters import Meters
from nwlab.twin.passing import Foretold, Passing, Samples, leaning
from nwlab.twin.reduced_lens import Lens, ReducedRig, lens, reduced_rig
from nwlab.twin.reduced_memory import Belief, Likeliest, Memory, Pairs, Shown
from nwlab.twin.wiring import View

UNSURE = 0.3
"""Standard deviation of each conductance at first, as a part of it: a chip has lived since its file was made."""
DRIFT = 1e-4
"""1/√s: how much of itself a conductance walks by in a second, where nothing else is told."""

_BENDS = 8  # pairs of conductances that are tried to see how far parameters leave their tangent
_ROUNDED = 1e-7  # of a reading: what is told to more digits than that is not learned
_FIRM = 1e-12  # of a covariance: what keeps it invertible


@dataclass(slots=True)
class _Watch:
    """What is known while a wiring stays."""

    rig: ReducedRig
    lens: Lens
    capacitors: Charging | None
    values: FloatArray  # (parameters,)
    covariance: FloatArray  # (parameters, parameters)
    untold: Belief  # of the parameters, were it not for readings since it began
    before: Shown  # what the wiring showed before

    @property
    def gain(self) -> FloatArray:
        """Readings per unit of what each force holds now, (forces, forces)."""
        return self.lens.gain + self.lens.moves @ self.values

    def shown(self, moment: float, drift: float) -> Shown:
        """Return what the wiring has shown until now."""
        return self.before.after(self.untold, Belief(self.values, self.covariance), moment, drift)

    def news(self, moment: float, drift: float) -> Shown:
        """Return what it has shown since it began."""
        bare = replace(self.before, rows=self.before.rows[:0], wanted=self.before.wanted[:0])
        return bare.after(self.untold, Belief(self.values, self.covariance), moment, drift)


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
        self._pairs = Pairs(one[is_there], two[is_there], len(matrix))
        self._logs: FloatArray = np.log(-matrix[self._pairs.one, self._pairs.two])
        self._memory = Memory(self._pairs, self._logs, 0.0, drift)
        self._drift, self._corrects, self._clock = drift, corrects, 0.0
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
        return tuple(zip(self._pairs.one.tolist(), self._pairs.two.tolist(), strict=True))

    def conductances(self) -> tuple[FloatArray, FloatArray]:
        """Return what lies between the `pairs`, (pairs,) S, as far as readings tell, and its standard deviations."""
        found = self._likeliest()
        values = np.exp(found.logs)
        return values, values * np.sqrt(np.square(found.root).sum(axis=1))

    def release(self) -> None:
        """Let what the last drive left standing end with its last dwell."""
        self._passing.release()

    def lose(self) -> None:
        """What comes next follows after something of which nothing is known."""
        try:
            self._leave()
        except np.linalg.LinAlgError:
            self._watch = None  # what it has shown cannot be told
        self._passing = Passing[ReducedRig]()
        self._doubt()

    def _doubt(self) -> None:
        """Keep the conductances, but no longer believe in them."""
        if self._corrects:
            self._memory = Memory(self._pairs, self._logs, UNSURE, self._drift, self._clock)

    def rig(self, drive: Drive) -> ReducedRig | None:
        """Return the circuit of a drive; None where voltage sources form a ring."""
        if self._watch is not None and self._watch.rig.key == key_of(drive):
            return self._watch.rig
        shown = self._memory.shown(key_of(drive))
        return reduced_rig(drive, self._pairs.terminals, list(self.pairs)) if shown is None else shown.rig

    def follow(self, rig: ReducedRig, samples: Samples) -> Foretold:
        """Take the samples of a block; return what was expected of them."""
        found = Foretold(*np.full((5, *samples.reading.shape), np.nan))
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
            view = rig.wiring.look(self._pairs.matrix(np.exp(self._logs)))
            if view is None:
                return None
            self._watch = self._begin(rig, view)
        return self._watch

    def _begin(self, rig: ReducedRig, view: View) -> _Watch:
        """Return what is known of a wiring before its first reading."""
        pairs, count = self._pairs, self._logs.size if self._corrects else 0
        before = self._memory.shown(rig.key)
        if before is None:
            here = lens(rig, view, pairs.one[:count], pairs.two[:count], np.exp(self._logs[:count]))
            before = Shown(rig, here, np.zeros((0, len(here.shows))), np.zeros(0), self._clock)
        capacitors = charging(view, self._capacitance) if self._capacitance.any() else None
        untold = self._foretold(before, view) if count else Belief(np.zeros(0), np.zeros((0, 0)))
        return _Watch(rig, before.lens, capacitors, untold.mean, untold.covariance.copy(), untold, before)

    def _foretold(self, before: Shown, view: View) -> Belief:
        """Return what all wirings together tell of the parameters of one."""
        pairs, here, known = self._pairs, before.lens, self._likeliest()
        mean = here.parameters(view)
        slope = here.showing(view, pairs.one, pairs.two) * np.exp(known.logs) @ known.root
        covariance = slope @ slope.T
        index = np.arange(mean.size)
        covariance[index, index] += self._bends(before, known, mean)
        covariance[index, index] += _FIRM * max(float(np.diag(covariance).max(initial=0.0)), 1e-300)
        return Belief(mean, covariance)

    def _bends(self, before: Shown, known: Likeliest, mean: FloatArray) -> FloatArray:
        """Return the mean square of how far parameters (parameters,) leave their tangent, but where they were shown."""
        units = np.random.default_rng(0).standard_normal((_BENDS, known.logs.size))
        off = np.zeros((_BENDS, mean.size))
        for k, moved in enumerate(units @ known.root.T):
            for logs in (known.logs + moved, known.logs - moved):
                view = before.rig.wiring.look(self._pairs.matrix(np.exp(logs)))
                if view is not None:
                    off[k] += 0.5 * (before.lens.parameters(view) - mean)
        shown = np.linalg.qr(before.rows.T)[0]
        off -= off @ shown @ shown.T
        return np.square(off).mean(axis=0)

    def _hold(self, rig: ReducedRig, held: FloatArray, duration: float) -> None:
        """Let capacitors charge."""
        watch = self._look(rig) if self._capacitance.any() else None
        if watch is not None and watch.capacitors is not None:
            settled = watch.lens.view.potentials(held)
            self._charge = settled + watch.capacitors.after(self._charge - settled, duration)

    def _creep(self, watch: _Watch, duration: float) -> None:
        """Let conductances walk for a while; none becomes less sure than it was at first."""
        if self._corrects and duration > 0:
            self._clock += duration
            index = np.arange(watch.values.size)
            for covariance in (watch.covariance, watch.untold.covariance):
                room = np.maximum(UNSURE**2 - covariance[index, index], 0.0)
                covariance[index, index] += np.minimum(self._drift**2 * duration, room)

    def _take(self, watch: _Watch, samples: Samples, k: int, delay: float, aperture: float, found: Foretold) -> None:
        """Say what was expected of a sample, and learn from it."""
        held = samples.held[k]
        forces = held[: len(watch.lens.gain)]
        settling = np.zeros(forces.size)
        if watch.capacitors is not None:
            settling = watch.capacitors.seen(self._charge - watch.lens.view.potentials(held), delay, aperture)
        gain, slope = watch.gain, watch.lens.slope(forces)
        mean = gain @ forces + settling
        rounded = (_ROUNDED * np.abs(gain) @ np.abs(forces)) ** 2
        blur = (gain * samples.blur[k, : forces.size]) @ gain.T
        noise = np.diag(samples.noise[k] + rounded) + blur
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
        found.z[k, known], found.trust[k] = np.linalg.solve(factor, off), 1.0
        found.lean[k, known] = leaning(factor, (np.diag(samples.lasting[k]) + blur)[pair])
        if self._corrects:
            if settling.any():
                factor = np.linalg.cholesky((spread + np.diag(settling**2))[pair])
            part = np.linalg.solve(factor, drawn[:, known].T)
            watch.values = watch.values + part.T @ np.linalg.solve(factor, off)
            watch.covariance -= part.T @ part

    def _leave(self) -> None:
        """Keep what a wiring has shown, and take the conductances that are likeliest by all that is kept."""
        watch, shown = self._watch, self._shown()
        self._watch = None
        if watch is None or shown is None:
            return
        self._memory.keep(shown)
        found = self._likeliest()
        if np.isfinite(found.logs).all():
            self._logs = found.logs
        if found.is_strange:
            self._doubt()
            self._memory.keep(watch.news(self._clock, self._drift))

    def _shown(self) -> Shown | None:
        """Return what the present wiring has shown; None for nothing."""
        if self._watch is None or not self._corrects:
            return None
        shown = self._watch.shown(self._clock, self._drift)
        return shown if len(shown.rows) else None

    def _likeliest(self) -> Likeliest:
        """Return the conductances that are likeliest by all that was shown."""
        return self._memory.likeliest(self._logs, self._clock, UNSURE, self._shown())
