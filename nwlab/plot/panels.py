"""The panels of a run's pictures: one quantity each, over a common time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.units import G0
from nwlab.plot.decimation import decimate
from nwlab.plot.scales import prefixed
from nwlab.plot.style import Look, stroke
from nwlab.plot.views import Curve, broken, resistive, staircase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

POINTS = 4000
"""Points drawn per curve: more than the picture has columns, so that decimation cannot be seen."""
FEW = 200
"""Up to so many samples are also shown one by one."""
_ALL = 16_000  # points of all curves of a panel, so that sixteen are drawn in a second
_DEEPEST = 1e-9  # of the largest value: what a logarithmic axis shows at most
_AIR = 1.15  # factor between a logarithmic axis' end and the value nearest to it
_FEW_DECADES = 300.0

Line = tuple[FloatArray, FloatArray]
"""Times in s and values, (points,) each, NaN in gaps."""


class Scale(Enum):
    """How values are laid out on an axis."""

    LINEAR = "linear"
    LOG = "log"
    FITTING = "fitting"  # logarithmic where the values span more than two decades


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity of all curves, ready to be drawn in any look."""

    quantity: str
    unit: str
    scale: Scale
    height: float  # relative to the other panels
    lines: tuple[Line, ...]


def conductance(drawn: Sequence[Curve], scale: Scale, height: float = 2.0) -> Panel:
    """Return the panel of conductance in S; on a logarithmic scale without what is not positive."""
    return Panel("conductance", "S", scale, height, _lines(drawn, _positive if scale is Scale.LOG else _conductance))


def voltage(drawn: Sequence[Curve]) -> Panel:
    """Return the panel of voltage in V, as steps that hold."""
    return Panel("voltage", "V", Scale.LINEAR, 1.0, _lines(drawn, staircase))


def current(drawn: Sequence[Curve]) -> Panel:
    """Return the panel of current in A."""
    return Panel("current", "A", Scale.LINEAR, 1.0, _lines(drawn, lambda curve: broken(curve, curve.current)))


def span(drawn: Sequence[Curve]) -> float:
    """Return the largest conductance over the smallest positive one; 1 where there is none."""
    values = np.concatenate([np.ones(0), *(curve.conductance[curve.conductance > 0] for curve in drawn)])
    values = values[np.isfinite(values)]
    return float(values.max() / values.min()) if values.size else 1.0


def has_conductance(drawn: Sequence[Curve]) -> bool:
    """Whether any curve has a conductance at all."""
    return any(map(resistive, drawn))


def draw(axes: Axes, panel: Panel, look: Look, seconds: float) -> None:
    """Draw a panel over time in units of `seconds`."""
    factor, unit = prefixed([values for _, values in panel.lines], panel.unit)
    for index, (time, values) in enumerate(panel.lines):
        style = stroke(index, look)
        points = time / seconds, values / factor
        if panel.unit == "V":
            axes.plot(*points, drawstyle="steps-post", **style)
            continue
        axes.plot(*points, marker="o" if values.size <= FEW else "", markersize=2.2, **style)
        known = np.flatnonzero(np.isfinite(values))
        if known.size and known[-1] - known[0] >= known.size:  # over gaps a faint line leads on
            (faint,) = axes.plot(points[0][known], points[1][known], **style)
            faint.set(alpha=0.35, linewidth=0.6)
    axes.set_ylabel(f"{panel.quantity} ({unit})")
    if panel.unit == "S":
        _scale(axes, panel, factor)
        _quanta(axes, factor)
    else:
        axes.axhline(0.0, color=look.quiet, linewidth=0.6, zorder=1)


def _lines(drawn: Sequence[Curve], of: Callable[[Curve], Line]) -> tuple[Line, ...]:
    points = max(FEW, min(POINTS, _ALL // max(1, len(drawn))))
    return tuple(decimate(*of(curve), points) for curve in drawn)


def _conductance(curve: Curve) -> Line:
    return broken(curve, curve.conductance)


def _positive(curve: Curve) -> Line:
    time, values = _conductance(curve)
    return time, np.where(values > 0, values, np.nan)


def decades(axes: Axes) -> None:
    """Make the axis of the values drawn so far logarithmic, numbered at decades, and at 2 and 5 where these are few."""
    drawn = [np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.get_lines()]
    values = np.concatenate([each[(each > 0) & np.isfinite(each)] for each in drawn] or [np.ones(1)])
    top, low = (float(values.max()), float(values.min())) if values.size else (1.0, 1.0)
    low = max(low, _DEEPEST * top)
    axes.set_yscale("log")
    axes.set_ylim(low / _AIR, top * _AIR)
    _number(axes.yaxis, top / low)


def _scale(axes: Axes, panel: Panel, factor: float) -> None:
    values = np.concatenate([each[np.isfinite(each)] / factor for _, each in panel.lines])
    spans = panel.scale is Scale.FITTING and values.min() > 0 and values.max() > 100 * values.min()
    if panel.scale is Scale.LOG or spans:
        decades(axes)


def _quanta(axes: Axes, factor: float) -> None:
    """The same axis in conductance quanta, on the right."""
    low, top = (limit * factor / G0 for limit in axes.get_ylim())
    right = axes.twinx()
    right.set_yscale(axes.get_yscale())
    right.set_ylim(low, top)
    right.set_ylabel("G / G₀")
    right.grid(visible=False)
    right.spines["right"].set_visible(True)
    if axes.get_yscale() == "log":
        _number(right.yaxis, top / low)


def _number(axis: Axis, spanned: float) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if spanned < _FEW_DECADES else (1,), numticks=8))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
