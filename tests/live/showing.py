"""Plots that are shown in tests, and where things lie in them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect

from nwlab.live.plots.chart import Chart
from nwlab.live.plots.kinds import Kind
from nwlab.live.plots.picture import Picture
from nwlab.live.plots.plots import PlotArea

Shown = Callable[..., PlotArea]
"""Shows a scene in plots of their own: scene, theme, sizes."""


def picture_of(plots: PlotArea) -> Picture:
    """Return what was painted where."""
    picture = plots._canvas._picture
    assert picture is not None
    return picture


def index_of(plots: PlotArea, kind: Kind) -> int:
    """Return which of the plots shows a kind."""
    return [panel.kind for panel in picture_of(plots).panels].index(kind)


def box_of(plots: PlotArea, kind: Kind) -> QRect:
    """Return where the plot of a kind lies in the widget, without its frame."""
    box = picture_of(plots).frame.plots[index_of(plots, kind)]
    return box.translated(plots._canvas.pos()).adjusted(1, 1, -1, -1)


def chart_of(plots: PlotArea, kind: Kind) -> Chart:
    """Return where moments and values lie in the plot of a kind."""
    return picture_of(plots).charts[index_of(plots, kind)]


def value_at(plots: PlotArea, kind: Kind, row: float) -> float:
    """Return the value that lies `row` px below the upper edge of a plot's box."""
    chart = chart_of(plots, kind)
    value = chart.top - (row + 1.5) / chart.scale
    return 10**value if chart.logarithmic else value * chart.unit
