"""A film that sets its own voltage, because its current is forced or limited, in the words of a filter.

Each sample has a straight line in place of the law, and where the film's way by the law leaves that line is known, too:
it is followed from reading to reading, see `course`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nwlab.analysis.rate_balance.pieces import Pull, Steps
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.core.drive import FloatArray
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.course import STEEP, Line, Source, Way, go, line, within

_LEFT = 0.2
"""Part of what is known to lie beside the line that is doubted;"""
_UNKNOWN = 0.5
"""and of the conductance itself, where it is not known what the film came from."""
_TURN = 2.0
"""Standard deviations of a film's own noise that are doubted in a sample in which a limit begins or ends to act."""
_END, _MEAN, _VARIANCES = 0, 2, slice(4, 7)
"""Places of what a step does to the state and to the reading in its tables, and of what is not known of either."""


_SHARED = (1.0, 0.5, 1.0)
"""Parts of a doubt's square in these: were all of it common, one reading would take it away altogether."""


class Sample(NamedTuple):
    """What is held until a reading is over."""

    source: Source
    left: float  # s, for which the source before is left standing first,
    rest: float  # s, without any,
    wait: float  # s, until the reading begins,
    aperture: float  # s, and while it lasts
    reading: float  # S; NaN where there is none


class _Told(NamedTuple):
    """What a sample comes to."""

    before: Line
    here: Line
    end: float  # S, by how much the film's way leaves the line at the end,
    mean: float  # S, and in the mean
    doubt: float  # S
    factor: float  # mean conductance over what is read


class Pulls:
    """Follows a film from sample to sample; its readings put it right."""

    def __init__(self, law: RateBalance, start: float) -> None:
        """`start` is what the film conducts first, S; NaN where it is not known."""
        self._law, self._here = law, start
        self._source = Source(math.inf, 0.0)

    @property
    def source(self) -> Source:
        """What is applied now."""
        return self._source

    def of(self, samples: list[Sample]) -> tuple[Pull, FloatArray] | None:
        """Return what pulls at the levels of the steps of a block, in the order of `Held.steps`, and the readings as
        means of the conductance, (samples,) S; None where nothing pulls."""
        sources = [self._source, *(each.source for each in samples)]
        if all(math.isinf(each.current) for each in sources):
            self._pass_on(samples)
            return None
        told = [self._take(each) for each in samples]
        levels = [
            each
            for k, known in enumerate(told)
            for each in (_row(sources[k], known.before), (0.0, 0.0, 0.0, 0.0), _row(sources[k + 1], known.here))
        ]
        current, voltage, below, above = np.array(levels).T
        beside = np.array([[known.end, known.mean, known.doubt] for known in told])
        factor = np.array([known.factor for known in told])
        return Pull(current, voltage, below, above, beside), factor * np.array([each.reading for each in samples])

    def _pass_on(self, samples: list[Sample]) -> None:
        """Where voltages were held, the last reading tells all."""
        last = max((k for k, each in enumerate(samples) if math.isfinite(each.reading)), default=-1)
        if last >= 0:
            known = samples[last]
            self._source = known.source
            self._here = go(self._law, within(self._law, known.reading), known.source, 0.5 * known.aperture).end
        for each in samples[last + 1 :]:
            self._take(each)

    def _take(self, sample: Sample) -> _Told:
        law, source, is_known = self._law, sample.source, math.isfinite(self._here)
        begin = within(law, self._here if is_known else sample.reading if math.isfinite(sample.reading) else law.g_max)
        left = go(law, begin, self._source, sample.left)
        before = line(law, begin, left.end, self._source)
        rested = go(law, left.end, Source(math.inf, 0.0), sample.rest).end
        waited = go(law, rested, source, sample.wait)
        read = go(law, waited.end, source, sample.aperture)
        here = line(law, rested, read.end, source)
        plain = go(law, before.end(begin, sample.left), Source(math.inf, 0.0), sample.rest).end
        plain = here.end(plain, sample.wait)
        end, mean = read.end - here.end(plain, sample.aperture), read.mean - here.mean(plain, sample.aperture)
        doubt = _LEFT * max(abs(end), abs(mean)) if is_known else _UNKNOWN * begin
        if source.limits(rested) != source.limits(read.end):
            own = law.noise * (law.g_max - law.g_min) * math.sqrt(sample.wait + sample.aperture)
            doubt = math.hypot(doubt, _TURN * own)
        self._source, self._here = source, self._corrected(sample, read, is_known)
        return _Told(before, here, end, mean, doubt, read.mean / read.read)

    def _corrected(self, sample: Sample, read: Way, is_known: bool) -> float:
        """Return where the film is at the end of a reading."""
        if math.isfinite(sample.reading):
            off = sample.reading * read.mean / read.read - read.mean
            return within(self._law, read.end + off * read.kept / read.felt)
        return read.end if is_known else math.nan


def _row(source: Source, found: Line) -> tuple[float, float, float, float]:
    pulls = not math.isinf(source.current)
    return (source.current, source.voltage, found.below, found.above) if pulls else (0.0, 0.0, 0.0, 0.0)


def bend(move: FloatArray, steps: Steps) -> None:
    """Let the tables of steps (n, 8) know what lies beside the line, and what of it is not known."""
    if steps.pull is not None:
        end, mean, doubt = steps.pull.beside.T
        move[:, _END] += end
        move[:, _MEAN] += mean
        move[:, _VARIANCES] += doubt[:, np.newaxis] ** 2 * _SHARED


def doubt(steps: Steps) -> FloatArray | float:
    """Return the standard deviation in S of what is not known of the way, (n,)."""
    return 0.0 if steps.pull is None else steps.pull.beside[:, 2]


def straight(law: RateBalance, world: World, level: FloatArray, pull: Pull) -> World:
    """Return the law at levels (n,) in V, with lines in its place where a current pulls."""
    span, pulls = law.g_max - law.g_min, pull.current > 0.0
    # Where nothing pulls any two points will do: what comes of them is not used.
    below, above = np.where(pulls, pull.below, law.g_min + 0.1 * span), np.where(pulls, pull.above, law.g_max)
    drawn = (world.goal - law.g_min) / span

    def speed(conductance: FloatArray) -> Values:
        more = np.minimum(pull.voltage, pull.current / conductance) - level
        state = (conductance - law.g_min) / span
        up = drawn * np.exp(np.clip(law.eta_p * more, -STEEP, STEEP))
        down = (1.0 - drawn) * np.exp(np.clip(-law.eta_d * more, -STEEP, STEEP))
        return span * world.rate * (up * (1.0 - state) - down * state)

    quicker, slower = speed(below), speed(above)
    rate = np.where(pulls, (quicker - slower) / (above - below), world.rate)
    goal = np.where(pulls, 0.5 * (below + above) + 0.5 * (quicker + slower) / rate, world.goal)
    return world._replace(rate=rate, goal=goal)
