"""A network as it lies on the chip: wires, junctions by what they conduct, pads by name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import BoolArray, FloatArray
from nwlab.plot.scales import prefixed
from nwlab.plot.style import COLOURS, QUIET, Stroke, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection, PathCollection

MAP = "viridis"
_DECADES = 4  # of conductance that the colours span at most


@dataclass(frozen=True, slots=True, eq=False)
class NetworkView:
    """What is drawn of a network."""

    title: str
    extent: FloatArray  # (nodes, 2, 2) m, both ends of each wire; equal where a node is a point
    junctions: NDArray[np.int32]  # (junctions, 2) nodes
    conductance: FloatArray  # (junctions,) S; NaN is not drawn
    names: tuple[str, ...]
    position: FloatArray  # (pads, 2) m
    radius: FloatArray  # (pads,) m


def network(view: NetworkView, path: str | Path) -> Path:
    """Draw a network as a PNG (or what the file's ending says)."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(settings()):
        figure = Figure(figsize=(7.2, 6.4), dpi=120, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        factor, unit = prefixed([view.extent, view.position], "m")
        _draw(axes, view, factor)
        axes.set(xlabel=f"x ({unit})", ylabel=f"y ({unit})", aspect="equal")
        axes.set_title(view.title, loc="left", fontsize=10)
        axes.grid(visible=False)
        figure.savefig(path)
    return Path(path)


def _draw(axes: Axes, view: NetworkView, factor: float) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LogNorm

    is_wire = (view.extent[:, 0] != view.extent[:, 1]).any(axis=1)
    axes.add_collection(LineCollection(list(view.extent[is_wire] / factor), colors="#B9B9B9", linewidths=0.5, zorder=1))
    shown = np.isfinite(view.conductance)
    norm = LogNorm(*colour_range(view.conductance[shown]), clip=True)
    drawn = _junctions(axes, view, is_wire, shown, factor)
    drawn.set(array=view.conductance[shown], norm=norm, cmap=MAP, zorder=2)
    axes.add_collection(drawn)
    _pads(axes, view, factor)
    axes.autoscale_view()
    figure = axes.get_figure()
    assert figure is not None
    figure.colorbar(drawn, ax=axes, label="junction conductance (S)", shrink=0.8)


def _pads(axes: Axes, view: NetworkView, factor: float) -> None:
    """Areas in their size, single nodes as a mark."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    look: Stroke = {"facecolor": COLOURS[4], "edgecolor": QUIET, "zorder": 3}
    places = view.position / factor
    areas = [Circle((x, y), r) for (x, y), r in zip(places, view.radius / factor, strict=True) if r > 0]
    axes.add_collection(PatchCollection(areas, alpha=0.5, **look))
    points = places[view.radius == 0]
    axes.scatter(points[:, 0], points[:, 1], s=180, alpha=0.85, **look)
    for name, (x, y) in zip(view.names, places, strict=True):
        axes.annotate(name, (x, y), ha="center", va="center", fontsize=8, fontweight="bold", zorder=4)


def _junctions(
    axes: Axes, view: NetworkView, is_wire: BoolArray, shown: BoolArray, factor: float
) -> LineCollection | PathCollection:
    """Dots where wires cross, lines where points are joined."""
    from matplotlib.collections import LineCollection

    pairs = view.junctions[shown]
    if is_wire.any():
        at = crossing(view.extent[pairs[:, 0]], view.extent[pairs[:, 1]]) / factor
        size = float(np.clip(12_000 / max(len(at), 1), 1.0, 16))
        return axes.scatter(at[:, 0], at[:, 1], s=size, linewidths=0)
    lines = view.extent[pairs, 0] / factor
    return LineCollection(list(lines), linewidths=1.2)


def crossing(one: FloatArray, two: FloatArray) -> FloatArray:
    """Return where straight wires cross, (pairs, 2); for parallel ones the middle between them."""
    start, along, other = one[:, 0], one[:, 1] - one[:, 0], two[:, 1] - two[:, 0]
    gap = two[:, 0] - start
    area = along[:, 0] * other[:, 1] - along[:, 1] * other[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = (gap[:, 0] * other[:, 1] - gap[:, 1] * other[:, 0]) / area
        at = start + part[:, np.newaxis] * along
    middle = (one.mean(axis=1) + two.mean(axis=1)) / 2
    return np.where(np.isfinite(at), at, middle)


def colour_range(values: FloatArray) -> tuple[float, float]:
    """Return which conductances in S the ends of a logarithmic colour scale stand for."""
    positive = values[values > 0]
    if not positive.size:
        return 1e-9, 1e-3
    low, top = float(positive.min()), float(positive.max())
    middle = math.sqrt(low * top)
    return max(min(low, middle / 2), top * 10.0**-_DECADES), max(top, middle * 2)
