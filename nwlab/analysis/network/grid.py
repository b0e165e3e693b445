"""A film as a grid graph whose edges all obey one rate balance, each under its own voltage.

Theory of operation
    The unknowns are the six parameters of an edge and its starting conductance, with or without a spread of κ_P0 and
    κ_D0 from edge to edge. The curve and its derivatives come from `nwlab.model.tangent.network`. Many starts go some
    steps on coarse pieces of time, the better ones some more, the best to the end on fine pieces. The first is what the
    mean field says. The others are of two families: in one the read voltage acts on nothing; in the other it holds the
    edges near the pads, where η_D times the drop of an edge is about 1, so that edges relax at different rates though
    all have one law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nwlab.analysis.fit import Fit
from nwlab.analysis.identify import FitOptions
from nwlab.analysis.network import mean_field
from nwlab.analysis.network.coordinates import NAMES, SHARED, Coordinates
from nwlab.analysis.network.curves import NetworkCurve
from nwlab.analysis.network.descent import Found, Task, descend
from nwlab.analysis.network.grid_film import GridFilm, grid_film
from nwlab.analysis.network.outcome import chip_tables, conclude, distinct_levels, level_remarks
from nwlab.analysis.network.setting import Setting, scattered, setting
from nwlab.analysis.network.stretched import drawn
from nwlab.analysis.network.sureness import autocorrelation_time
from nwlab.analysis.network.weighing import weighed
from nwlab.analysis.recording import Recording
from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.body import Body
from nwlab.model.tangent.network import ALIKE as UNIT
from nwlab.model.tangent.network import NetworkTangent

ALIKE, SPREAD = NAMES[:6], NAMES[:8]
_CONDUCTANCES = [4, 5]
_WORKERS = 2
_COARSE, _FINE, _FINAL = (1e-2, 3e-2), (2e-3, 1.5e-2), (5e-4, 5e-3)
"""How finely time is cut; see `NetworkTangent.pieces`."""
_ENOUGH = 1e-3
"""See `descend`; less where the record deserves it."""
_CHEAP = 100
"""Stages up to which the search is as wide as it can be."""
_READS_HOLD = np.array([-4.0, 3.0, 1.0])
"""Logarithms by which κ_P0, κ_D0 and η_P of the second family differ from those of the first."""


def fit(recordings: Sequence[Recording], options: FitOptions) -> Fit:
    """Fit a grid of edges that are all alike; what is given may also name the grid (`GridFilm`).

    Raises UsageError for recordings that say nothing of a conductance, or less than the contacts alone.
    """
    return _fit("grid", ALIKE, recordings, options)


def fit_spread(recordings: Sequence[Recording], options: FitOptions) -> Fit:
    """Fit a grid whose edges differ in κ_P0 and κ_D0 by log-normal factors, and how much. Raises UsageError."""
    return _fit("stretched-grid", SPREAD, recordings, options)


def _fit(law: str, parameters: tuple[str, ...], recordings: Sequence[Recording], options: FitOptions) -> Fit:
    film, given = grid_film(options.given)
    about = setting(recordings, replace(options, given=given), parameters)
    mean = mean_field.fit(recordings, replace(options, given={}))
    search = _search(about, film, parameters, [each.value for each in mean.parameters.values()])
    task, found = search.stepwise() if about.is_legacy else search.best()
    values = search.coordinates.parameters(found.unknowns)
    tables = chip_tables(about, values, "grid", parameters[6:], **film.tables(about.source, about.sink))
    return conclude(law, parameters, about, search.coordinates, task, found, tables, level_remarks(about))


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """Everything that is the same for all starts."""

    about: Setting
    body: Body
    normals: FloatArray  # (3, junctions)
    coordinates: Coordinates
    centre: FloatArray  # (unknowns,)
    mean: FloatArray  # (unknowns,) as the mean field has them
    share: float  # of the voltage between the pads that lies along one edge, where the power flows

    def task(self) -> Task:
        """Return a task with a film of its own: one for each thread."""
        film = NetworkTangent(self.body, (0, 1), self.normals)
        curve = NetworkCurve(self.about.records, self.coordinates, film, is_legacy=self.about.is_legacy)
        return Task(curve, self.about.measured, self.about.scale, self.centre, self.coordinates.is_free)

    def best(self) -> tuple[Task, Found]:
        """Return the best that many starts lead to, and how it is weighed against the prior."""
        part = self._affordable()
        some, looks = max(round(7 * part), 1), max(round(16 * part), 8)
        few = [self.mean, *self._scattered(self.centre, some, 0), *self._scattered(self._reads_hold(), some, 1)]
        keep = max(round(6 * part), 2)
        best: list[Found] = []
        for rounds, cut in ((1, _COARSE), (max(round(3 * part), 1), _COARSE), (6, _FINE)):
            found = _each(partial(self._walk, rounds=rounds, looks=looks, cut=cut), few)
            if not found:
                raise UsageError("no start led to a grid that could be played over the whole record")
            best, keep = sorted(found, key=lambda found: found.cost)[:keep], 2
            few = [each.unknowns for each in best]
        # What a good record fixes to less than pieces of time make is fitted on the finest.
        return weighed(self._cut(best[0].unknowns, _FINAL), self._seen(best[0], _FINAL), self._parts, 12)

    def stepwise(self) -> tuple[Task, Found]:
        """Return the best that a few starts lead to: every level is one step, so that each look is dear."""
        starts = [*self._scattered(self.mean, 2, 0), self._reads_hold()]
        found = _each(lambda start: descend(self.task(), start, 12), starts)
        task = self.task()
        return weighed(task, descend(task, min(found, key=lambda found: found.cost).unknowns, 25), self._parts, 8)

    @property
    def _parts(self) -> list[int]:
        return [record.time.size for record in self.about.records]

    def _affordable(self) -> float:
        """Return which part of the usual search fits into the time that one may take: many levels make many pieces."""
        stages = sum(record.level.size for record in self.about.records)
        return min(1.0, _CHEAP / stages)

    def _walk(self, start: FloatArray, rounds: int, looks: int, cut: tuple[float, float]) -> Found | None:
        """Descend in rounds, each on pieces of time that suit where it begins; None where they would be too many."""
        task, found, enough = self.task(), None, _ENOUGH
        assert isinstance(task.curve, NetworkCurve)
        for _ in range(rounds):
            try:
                task.curve.refine(start if found is None else found.unknowns, *cut)
            except UsageError:
                return None
            here, damping = (start, 1e-2) if found is None else (found.unknowns, 1e-4)
            found = descend(task, here, looks, enough, damping)
            wanted, enough = enough, min(enough, _worth(task, found))
            if found.is_settled and enough == wanted:
                break
        return found

    def _seen(self, found: Found, cut: tuple[float, float]) -> Found:
        """Return the same unknowns as finer pieces of time show them."""
        return replace(descend(self._cut(found.unknowns, cut), found.unknowns, 1), is_settled=found.is_settled)

    def _cut(self, unknowns: FloatArray, cut: tuple[float, float]) -> Task:
        """Return a task whose pieces of time suit these unknowns."""
        task = self.task()
        assert isinstance(task.curve, NetworkCurve)
        task.curve.refine(unknowns, *cut)
        return task

    def _scattered(self, centre: FloatArray, count: int, stream: int) -> list[FloatArray]:
        return scattered(centre, self.coordinates.is_free, count, self.about.seed + stream, 1.0)

    def _reads_hold(self) -> FloatArray:
        lowest = distinct_levels(self.about)[0]
        start = self.centre.copy()
        start[[0, 1, 2]] += _READS_HOLD
        start[3] = math.log(5.0 / (self.share * max(lowest, 1e-3 * self.about.highest)))
        return np.where(self.coordinates.is_free, start, self.centre)


def _search(about: Setting, film: GridFilm, parameters: tuple[str, ...], mean: Sequence[float]) -> _Search:
    """Prepare the search; `mean` are the parameters and starting conductances of the film in the mean field."""
    body = film.body()
    normals = drawn(body.junctions, film.diagonals_seed)
    edge = _Edge(NetworkTangent(body, (0, 1), normals), 2.0 * film.contact_resistance)
    share = edge.share(float(edge.conductance(np.array([float(about.measured.max())]))[0]))
    coordinates = about.coordinates(parameters, share * about.highest)
    centre = about.centre(edge.conductance)
    same = centre.copy()
    same[:6], same[SHARED:] = mean[:6], mean[6:]
    same[_CONDUCTANCES] = edge.conductance(np.minimum(same[_CONDUCTANCES], edge.most))
    same[SHARED:] = edge.conductance(np.minimum(same[SHARED:], edge.most))
    first, even = (coordinates.unknowns(about.fixed(_per_edge(each, share), parameters)) for each in (centre, same))
    return _Search(about, body, normals, coordinates, first, even, share)


def _per_edge(parameters: FloatArray, share: float) -> FloatArray:
    """Return parameters whose η belong to the voltage of an edge in place of that of the film."""
    found = parameters.copy()
    found[[2, 3]] /= share
    return found


class _Edge:
    """How one edge and the whole grid belong together while all edges are alike."""

    def __init__(self, film: NetworkTangent, contacts: float) -> None:
        """`contacts` Ohm lie in series with the grid."""
        self._film, self._contacts = film, contacts
        self.most = 0.9 / contacts if contacts > 0 else np.inf  # S that the film may conduct
        small = 1e-9
        self._whole = float(film.play(UNIT._replace(g_min=small), np.zeros(0), np.zeros(0))[0][0]) / small

    def conductance(self, film: FloatArray) -> FloatArray:
        """Return what an edge conducts where the grid with its contacts conducts (…,) S; raises UsageError."""
        inside = 1.0 / film - self._contacts
        if not (inside > 0).all():
            raise UsageError(
                f"contacts of {self._contacts:.4g} Ohm in all conduct less than was measured, {film.max():.4g} S; "
                "give a smaller contact_resistance"
            )
        return 1.0 / (inside * self._whole)

    def share(self, conductance: float) -> float:
        """Return the mean drop of an edge at 1 V between the pads, weighted by power."""
        drops = self._film.drops(conductance)
        return float((drops**3).sum() / (drops**2).sum())


def _worth(task: Task, found: Found) -> float:
    """Return which part of the cost matters: a third of what one standard error of one parameter costs."""
    off = found.fitted - task.measured
    return 0.3 * autocorrelation_time(off) / off.size


def _each(walk: Callable[[FloatArray], Found | None], starts: Sequence[FloatArray]) -> list[Found]:
    with ThreadPoolExecutor(_WORKERS) as pool:
        return [found for found in pool.map(walk, starts) if found is not None]
