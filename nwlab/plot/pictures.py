"""Pictures of runs, ready to be printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import StorageError
from nwlab.core.record import RunInfo
from nwlab.core.rows import Rows
from nwlab.core.units import G0
from nwlab.plot.decimation import decimate
from nwlab.plot.scales import prefixed, time_axis
from nwlab.plot.style import BAND, QUIET, Stroke, settings, stroke
from nwlab.plot.views import Curve, bands, broken, curves, resistive, staircase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 4000
"""Points drawn per curve: more than the picture has columns, so that decimation cannot be seen."""
FEW = 200
"""Up to so many samples are also shown one by one."""


class Recorded(Protocol):
    """What a picture needs to know of a run."""

    info: RunInfo
    terminals: tuple[str, ...]

    @property
    def status(self) -> str:
        """How it ended."""
        ...

    @property
    def started(self) -> datetime | None:
        """When it began."""
        ...

    def rows(self, terminal: str | None = None) -> Rows:
        """All samples, or those forced at one terminal."""
        ...


def trace(run: Recorded, path: str | Path) -> Path:
    """Draw conductance, voltage and current over time, with the moments in compliance shaded; raises StorageError."""
    import matplotlib as mpl

    path = Path(path)
    with mpl.rc_context(settings()):
        drawn = figure(run)
        try:
            drawn.savefig(path)
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def figure(run: Recorded, terminal: str | None = None) -> Figure:
    """Return the same picture, of all terminals or of one, for a notebook or for more to be drawn on it.

    Neither pyplot nor a display is needed. Raises UsageError for a terminal that the run has not.
    """
    import matplotlib as mpl

    from nwlab.plot.shown_figure import ShownFigure

    rows = run.rows(terminal)
    with mpl.rc_context(settings()):
        drawn = ShownFigure(figsize=(8.0, 6.4), dpi=160, layout="constrained")
        _draw(drawn, run, rows)
    return drawn


def _draw(figure: Figure, run: Recorded, rows: Rows) -> None:
    drawn = curves(rows, run.terminals)
    strokes = [stroke(index) for index in range(len(drawn))]
    factor, unit = time_axis(float(rows.time.max()) if len(rows) else 1.0)
    panels = _panels(figure, with_conductance=any(map(resistive, drawn)))
    for axes, (quantity, symbol, of) in panels:
        _panel(axes, quantity, symbol, [_scaled(of(curve), factor) for curve in drawn], strokes)
        for begin, end in bands(drawn):
            axes.axvspan(begin / factor, end / factor, color=BAND, linewidth=0, zorder=0)
    panels[-1][0].set_xlabel(f"time ({unit})")
    panels[0][0].margins(x=0.01)
    figure.align_ylabels()
    _title(panels[0][0], run, drawn)
    _legend(figure, drawn, strokes)


Line = tuple[FloatArray, FloatArray]
Quantity = tuple[str, str, Callable[[Curve], Line]]

_QUANTITIES: tuple[Quantity, ...] = (
    ("conductance", "S", lambda curve: broken(curve, curve.conductance)),
    ("voltage", "V", staircase),
    ("current", "A", lambda curve: broken(curve, curve.current)),
)


def _scaled(line: Line, factor: float) -> Line:
    return line[0] / factor, line[1]


def _panels(figure: Figure, *, with_conductance: bool) -> list[tuple[Axes, Quantity]]:
    quantities = _QUANTITIES if with_conductance else _QUANTITIES[1:]
    heights = [2.0 if symbol == "S" else 1.0 for _, symbol, _ in quantities]
    axes = figure.subplots(len(quantities), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    return list(zip(axes, quantities, strict=True))


def _panel(axes: Axes, quantity: str, symbol: str, drawn: Sequence[Line], strokes: Sequence[Stroke]) -> None:
    factor, unit = prefixed([values for _, values in drawn], symbol)
    for (time, values), style in zip(drawn, strokes, strict=True):
        points = decimate(time, values / factor, POINTS)
        if symbol == "V":
            axes.plot(*points, drawstyle="steps-post", **style)
            continue
        axes.plot(*points, marker="o" if values.size <= FEW else "", markersize=2.2, **style)
        known = np.isfinite(points[1])
        (faint,) = axes.plot(points[0][known], points[1][known], **style)
        faint.set(alpha=0.35, linewidth=0.6)
    axes.set_ylabel(f"{quantity} ({unit})")
    if symbol == "S":
        _conductance_axes(axes, [values for _, values in drawn], factor)
    else:
        axes.axhline(0.0, color=QUIET, linewidth=0.6, zorder=1)


def _conductance_axes(axes: Axes, drawn: Sequence[FloatArray], factor: float) -> None:
    values = np.concatenate([each[np.isfinite(each)] for each in drawn])
    if values.min() > 0 and values.max() > 100 * values.min():
        axes.set_yscale("log")
    quanta = axes.twinx()
    quanta.set_yscale(axes.get_yscale())
    quanta.set_ylim(*(limit * factor / G0 for limit in axes.get_ylim()))
    quanta.set_ylabel("$G\\,/\\,G_0$")
    quanta.grid(visible=False)
    quanta.spines["right"].set_visible(True)
    if axes.get_yscale() == "log":
        for axis in (axes.yaxis, quanta.yaxis):
            axis.set_major_formatter("{x:g}")


def _title(axes: Axes, run: Recorded, drawn: Sequence[Curve]) -> None:
    info = run.info
    parts = [info.chip and f"chip {info.chip}", info.bench and f"bench {info.bench}"]
    parts.append(f"{run.started:%Y-%m-%d %H:%M %z}" if run.started else "")
    parts.append(drawn[0].name if len(drawn) == 1 else "")
    parts.append("" if run.status == "finished" else run.status)
    axes.set_title(f"{info.name}\n", loc="left", fontsize=12, fontweight="bold")
    text = "  ·  ".join(filter(None, parts))
    axes.annotate(text, (0, 1), (0, 6), "axes fraction", "offset points", fontsize=8.5, color=QUIET)


def _legend(figure: Figure, drawn: Sequence[Curve], strokes: Sequence[Stroke]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = []
    if len(drawn) > 1:
        handles += [Line2D([], [], label=each.name, **style) for each, style in zip(drawn, strokes, strict=True)]
    if any(bool(each.in_compliance.any()) for each in drawn):
        handles.append(Patch(color=BAND, label="in compliance"))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=min(9, len(handles)), frameon=False)
