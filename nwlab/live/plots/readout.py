"""What the plots say at the place where the mouse points."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from nwlab.core.units import G0
from nwlab.live.plots.chart import Chart
from nwlab.live.plots.kinds import CONDUCTANCE, CURRENT, RESIDUAL, VOLTAGE, Kind
from nwlab.live.plots.ticks import written
from nwlab.live.scene.line import Line

_DIGITS = 5
_BESIDE = 24.0  # px: how far beside its samples a line still says something


@dataclass(frozen=True, slots=True)
class Row:
    """What one line says."""

    number: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Readout:
    """What all lines say, the one that is nearest first."""

    time: float  # s: of the nearest line's sample
    value: float  # of that sample, in the unit of its trace
    rows: tuple[Row, ...]

    @property
    def heading(self) -> str:
        """When that was."""
        return written_time(self.time)

    def __str__(self) -> str:
        return " · ".join([self.heading, *(f"{row.name}: {row.text}" for row in self.rows)])


def read_at(kind: Kind, lines: Iterable[Line], chart: Chart, scale: str, x: float, y: float) -> Readout | None:
    """Return what lines say near (x, y) in px of the plot of `kind`; None when none of them says anything."""
    time, beside = chart.time(x), _BESIDE * chart.column
    found: list[tuple[float, Line, float, float]] = []  # distance, line, time and value of its nearest sample
    for line in lines:
        sample = _sample(kind, line, time, beside)
        if sample is not None:
            found.append((_distance(chart, sample, x, y), line, *sample))
    if not found:
        return None
    found.sort(key=lambda each: each[0])
    _, _, when, value = found[0]
    return Readout(when, value, tuple(_row(line, moment, beside, scale) for _, line, moment, _ in found))


def _sample(kind: Kind, line: Line, time: float, beside: float) -> tuple[float, float] | None:
    """Return time and value of a line's nearest sample, unless the line ends long before or begins long after."""
    trace = kind.trace(line)
    nearest = trace.nearest(time)
    if nearest is None or not trace.first - beside <= time <= trace.last + beside:
        return None
    if kind is not VOLTAGE:
        return nearest
    # A level has two corners; its sample lies in between.
    sample = line.current.nearest(time) or nearest
    return sample[0], (trace.nearest(sample[0]) or nearest)[1]


def written_time(time: float) -> str:
    """Write a moment of the run as its axis does, to the last digit that matters."""
    if abs(time) >= 60:
        hours, rest = divmod(time, 3600)
        minutes, seconds = divmod(rest, 60)
        parts = [f"{hours:.0f} h"] if hours else []
        return " ".join([*parts, f"{minutes:.0f} min", f"{seconds:.6g} s"])
    return written(time, "s", _DIGITS)


def _distance(chart: Chart, sample: tuple[float, float], x: float, y: float) -> float:
    distance = math.dist(chart.place(*sample), (x, y))
    return math.inf if math.isnan(distance) else distance


def _row(line: Line, time: float, beside: float, scale: str) -> Row:
    said = [_said(kind, line, time, beside, scale) for kind in (CONDUCTANCE, CURRENT, VOLTAGE, RESIDUAL)]
    limited = ["in compliance"] if line.limited.between(time, time) else []
    return Row(line.number, line.name, ", ".join([*filter(None, said), *limited]))


def _said(kind: Kind, line: Line, time: float, beside: float, scale: str) -> str:
    nearest = kind.trace(line).nearest(time)
    if nearest is None or (kind is not VOLTAGE and abs(nearest[0] - time) > beside):
        return ""
    if kind is RESIDUAL:
        return f"z = {written(nearest[1], '1', 3)}"
    if kind is CONDUCTANCE and scale == "G0":
        return written(nearest[1] / G0, "G₀", _DIGITS)
    return written(nearest[1], kind.unit, _DIGITS)
