"""The twin of a network chip: many networks that differ by chance, and learn together from what is read.

Theory of operation
    Each member is a film of its own (`nwlab.model.network_film`) with the chip's topology and its own chance. All live
    through what was really held. What they read tells what to expect and how surely; what was read corrects the states
    of their junctions (`ensemble_update`). How readings depend on junctions follows from the circuit: with L the chip's
    matrix, dy = −λ·dL·x, and seen from inside the network that is −Σ dG·(λ_i − λ_k)·(x_i − x_k) over all junctions.

    A chip is first taken to be as its file says that it starts, and after something of which nothing is known, to be as
    it was. Where its readings are strange then, members get pasts of their own, each having been held for another time
    at another part of the voltages that are to come. Members of a law with chance may get them later, too, for those
    that have come to agree would not part soon; without chance the model's own course is better than any other's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nwlab.core.drive import Drive, FloatArray
from nwlab.core.errors import NwlabError
from nwlab.model.network_film import NetworkFilm
from nwlab.twin.ensemble_rig import Rig, Row, key_of, rig_of
from nwlab.twin.ensemble_update import Members, corrected, outlook, residuals
from nwlab.twin.meters import Meters
from nwlab.twin.passing import Foretold, Passing, Samples, leaning
from nwlab.twin.trial import SETTLING, Trial

MEMBERS = 20

_SHORTEST_PAST, _LONGEST_PAST = 0.1, 100.0  # s
_PAST_STEPS = 6
_NUDGE = 1e-3  # of a junction's spread over the members
_REMEMBERED = 64
_LEFT, _HALVINGS = 0.3, 5


class EnsembleTwin:
    """Follows the junctions of a network."""

    def __init__(
        self,
        make: Callable[[int], NetworkFilm],
        meters: Meters | None = None,
        *,
        members: int = MEMBERS,
        seed: int = 0,
        corrects: bool = True,
    ) -> None:
        """`make` makes a fresh film whose chance follows from a seed. With `corrects` off readings change nothing."""
        self.meters = Meters() if meters is None else meters
        self._rng = np.random.default_rng(seed)
        self._films: list[NetworkFilm] = [make(int(each)) for each in self._rng.integers(0, 2**31, members)]
        self._corrects, self._is_lost = corrects, False
        self._trial = Trial(bool(getattr(self._films[0].law, "fluctuates", False)))
        self._before = self.states  # of members when that began
        self._most = np.zeros(0)  # what sources hold at most in the present drive
        self._rigs: dict[object, Rig | None] = {}
        self._passing = Passing[Rig]()
        self._view = self._films[0].body.reduction.memory()

    @property
    def settling(self) -> int:
        """How many samples it takes until the state of a chip of which nothing was known is found."""
        return SETTLING if self._corrects else 0

    @property
    def states(self) -> FloatArray:
        """The state of every member's junctions, (members, variables, junctions)."""
        return np.stack([film.state for film in self._films])

    def conductances(self) -> FloatArray:
        """What every member's junctions conduct, (members, junctions) S."""
        return np.stack([film.conductances() for film in self._films])

    def release(self) -> None:
        """Let what the last drive left standing end with its last dwell."""
        self._passing.release()

    def lose(self) -> None:
        """What comes next follows after something of which nothing is known."""
        self._passing = Passing[Rig]()
        self._trial.forget()
        self._try()

    def rig(self, drive: Drive) -> Rig | None:
        """Return the wiring of a drive; None where voltage sources form a ring."""
        key = key_of(drive)
        if key not in self._rigs:
            if len(self._rigs) >= _REMEMBERED:
                self._rigs.clear()
            self._rigs[key] = rig_of(self._films, drive)
        self._most = _highest(drive)
        if self._trial.is_higher(float(np.abs(self._most).max(initial=0.0))):
            self._try()
        return self._rigs[key]

    def _try(self) -> None:
        """See by the next readings whether members are near the chip: low levels do not show what it has borne."""
        self._before = self.states
        self._trial.begin()

    def follow(self, rig: Rig, samples: Samples) -> Foretold:
        """Take the samples of a block; return what was expected of them."""
        found = Foretold(*np.full((5, *samples.reading.shape), np.nan))
        for k in range(samples.steps):
            if not rig.wiring.is_possible(samples.held[k]):
                continue
            if self._is_lost and self._most.any():
                self._invent(rig, self._most)
            try:
                before, delay, aperture = self._reach(rig, samples, k)
                foretold = rig.read(before, samples.held[k], delay, aperture)
            except NwlabError:  # a member without potentials can say nothing; what was learned last was wrong
                before = self._before
                self.lose()
                self._is_lost, self._before = True, before
                continue
            self._take(rig, samples, k, foretold, found)
        return found

    def _reach(self, rig: Rig, samples: Samples, k: int) -> tuple[list[Row], float, float]:
        """Return what was held before a level, and how long until and in its reading; other wirings are played."""
        rows: list[Row] = []

        def hold(other: Rig, held: FloatArray, duration: float) -> None:
            if other is rig:
                rows.append(Row(held, duration))
            else:
                other.hold(held, duration)

        return rows, *self._passing.reach(rig, samples, k, hold)

    def _take(self, rig: Rig, samples: Samples, k: int, foretold: FloatArray, found: Foretold) -> None:
        """Say what was expected of a sample, and learn from it."""
        slopes, gain = self._slopes(rig, samples.held[k])
        members = Members(self.states, slopes, foretold)
        blur = (gain * samples.blur[k]) @ gain.T
        noise = np.diag(samples.noise[k]) + blur
        expected = outlook(members, noise)
        found.mean[k], found.sd[k] = expected.mean + samples.limited[k], expected.sd + samples.limited[k]
        known = np.isfinite(samples.reading[k])
        if not known.any():
            return
        expected, reading = expected.only(known), samples.reading[k, known]
        found.z[k, known] = residuals(expected, reading, members.count)
        found.trust[k] = np.nan if self._trial.doubted else 1.0
        if self._corrects and samples.held[k].any():  # at rest nothing shows
            self._is_lost = self._trial.is_strange(found.z[k, known])
        factor = np.linalg.cholesky(expected.spread + expected.noise)
        found.lean[k, known] = leaning(factor, (np.diag(samples.lasting[k]) + blur)[np.ix_(known, known)])
        if self._corrects:
            states = corrected(members.only(known), expected, reading, self._rng)
            for film, state in zip(self._films, states, strict=True):
                film.state = np.ascontiguousarray(_within_reach(film, state))
                film.forget_moment()

    def _slopes(self, rig: Rig, held: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return how readings move with states, (forces, variables, junctions), and with sources, (forces, sources)."""
        body, law, states = self._films[0].body, self._films[0].law, self.states
        mean, spread = states.mean(axis=0), states.std(axis=0)
        conductance = law.conductance(mean)
        view = rig.wiring.look(body.reduction.matrix(self._view, body.with_fixed(conductance)))
        forces = len(rig.wiring.pick)
        if view is None:
            return np.zeros((forces, *mean.shape)), np.zeros((forces, held.size))
        drops = [self._drops(each) for each in (view.potentials(held), *view.adjoint)]
        steepness = np.zeros(mean.shape)
        for variable, sd in enumerate(spread):
            nudged = mean.copy()
            nudged[variable] += _NUDGE * sd
            moved = law.conductance(nudged) - conductance
            steepness[variable] = np.divide(moved, _NUDGE * sd, out=np.zeros(sd.size), where=sd > 0)
        slopes = [-drops[0] * each * steepness for each in drops[1:]]
        return np.array(slopes).reshape(forces, *mean.shape), view.gain

    def _drops(self, terminals: FloatArray) -> FloatArray:
        """Return the voltage along each junction of the network that `_slopes` looks at, (junctions,)."""
        body = self._films[0].body
        return body.drops(body.reduction.potentials(self._view, terminals))[: body.junctions]

    def _invent(self, rig: Rig, most: FloatArray) -> None:
        """Give every member a past of its own, in which sources held up to `most` (sources,) V or A."""
        self._is_lost = False
        self._trial.answer()
        for member, film in enumerate(self._films):
            if self._trial.doubted:  # what was learned meanwhile was learned by members that were far off
                film.state = np.ascontiguousarray(self._before[member])
            part, when = self._rng.random(2)
            duration = _SHORTEST_PAST * (_LONGEST_PAST / _SHORTEST_PAST) ** when
            for _ in range(_PAST_STEPS):
                view = rig.wiring.look(film.matrix())
                if view is None or not rig.wiring.is_possible(part * most):
                    return
                drops = film.body.drops(film.potentials(view.potentials(part * most)))[: film.body.junctions]
                drops = np.ascontiguousarray(drops)
                film.state = film.law.live(film.state, drops, duration / _PAST_STEPS, film.stream)
                film.forget_moment()


def _within_reach(film: NetworkFilm, wanted: FloatArray) -> FloatArray:
    """Return a corrected state (variables, junctions) in which no junction has lost most of its conductance at once.

    Slopes hold near a state only: where a straight line leads below `_LEFT` of what there was, the step is halved.
    """
    law, state, before = film.law, film.state, film.conductances()
    for _ in range(_HALVINGS):
        lost = law.conductance(wanted) < _LEFT * before
        if not lost.any():
            return wanted
        wanted = np.where(lost, 0.5 * (state + wanted), wanted)
    return np.where(law.conductance(wanted) < _LEFT * before, state, wanted)


def _highest(drive: Drive) -> FloatArray:
    """Return what the sources of a drive hold, forces then grounds, (sources,) V or A, where they hold most."""
    levels = np.array([force.levels for force in drive.forces]).reshape(len(drive.forces), drive.steps)
    highest = np.abs(levels).max(axis=1, keepdims=True)
    share = np.divide(np.abs(levels), highest, out=np.zeros_like(levels), where=highest > 0)
    return np.concatenate([levels[:, int(np.argmax(share.sum(axis=0)))], np.zeros(len(drive.ground))])
