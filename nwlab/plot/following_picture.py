"""Fitted voltages of floating terminals: a short stretch of the latest ones, what is left of it, and all shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.units import show
from nwlab.plot.scales import prefixed, time_axis
from nwlab.plot.style import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEVELS = 40
"""Levels that are shown, from the middle of the record."""
_SHOWN = 3
"""Terminals that are shown."""


class Voltages(Protocol):
    """What a picture needs to know of followers; terminals stand latest first."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the terminals."""
        ...

    @property
    def drive(self) -> FloatArray:
        """V between source and sink, (samples,)."""
        ...

    @property
    def measured(self) -> FloatArray:
        """V against the sink, (samples, terminals)."""
        ...

    @property
    def fitted(self) -> FloatArray:
        """V against the sink, (samples, terminals)."""
        ...

    @property
    def share(self) -> FloatArray:
        """Of the drive, (terminals,)."""
        ...

    @property
    def time_constant(self) -> FloatArray:
        """S, seconds, (terminals,); 0 where none is seen, NaN where a terminal is not connected."""
        ...

    @property
    def rms(self) -> FloatArray:
        """V, of what is left, (terminals,)."""
        ...


def figure(time: FloatArray, voltages: Voltages, title: str) -> Figure:
    """Return the picture; `time` is (samples,) s."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(9.6, 5.6), dpi=160, layout="constrained")
    grid = drawn.add_gridspec(3, 2, width_ratios=[2.3, 1.0], height_ratios=[0.8, 2.0, 1.0])
    driven, beside = drawn.add_subplot(grid[0, 0]), drawn.add_subplot(grid[:, 1])
    above, below = (drawn.add_subplot(grid[row, 0], sharex=driven) for row in (1, 2))
    part = _stretch(voltages.drive)
    seconds, unit = time_axis(float(time[part][-1] - time[part][0]))
    moments = time[part] / seconds
    driven.step(moments, voltages.drive[part], where="post", color=LIGHT.quiet, linewidth=0.9)
    driven.set_ylabel("drive (V)")
    _courses(above, voltages, part, moments)
    _residuals(below, voltages, part, moments)
    _shares(beside, voltages)
    for axes in (driven, above):
        axes.tick_params(labelbottom=False)
    below.set_xlabel(f"time ({unit}), from the middle of the record")
    below.margins(x=0.01)
    drawn.suptitle(title, x=0.01, ha="left", fontsize=10)
    drawn.align_ylabels([driven, above, below])
    return drawn


def _stretch(drive: FloatArray) -> slice:
    """Return the samples of some levels in the middle of a record."""
    steps = np.flatnonzero(np.abs(np.diff(drive)) > 0.01 * np.nanmax(np.abs(drive))) + 1
    if steps.size <= _LEVELS:
        return slice(0, drive.size)
    first = (steps.size - _LEVELS) // 2
    return slice(int(steps[first]), int(steps[first + _LEVELS]))


def _courses(axes: Axes, voltages: Voltages, part: slice, time: FloatArray) -> None:
    seen = np.hstack([voltages.measured[part, :_SHOWN], voltages.fitted[part, :_SHOWN]])
    factor, unit = prefixed([seen], "V")
    for place, name in enumerate(voltages.names[:_SHOWN]):
        colour = LIGHT.colours[place]
        axes.plot(time, voltages.measured[part, place] / factor, "o", color=colour, markersize=3.0)
        axes.plot(time, voltages.fitted[part, place] / factor, color=colour, linewidth=1.1, label=name)
    axes.plot([], [], "o", color=LIGHT.quiet, markersize=3.0, label="measured")
    axes.plot([], [], color=LIGHT.quiet, linewidth=1.1, label="fitted")
    axes.set_ylabel(f"terminals ({unit})")
    axes.margins(y=0.05)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 0.98), frameon=False, ncols=_SHOWN + 2)


def _residuals(axes: Axes, voltages: Voltages, part: slice, time: FloatArray) -> None:
    off = (voltages.measured - voltages.fitted)[part, :_SHOWN]
    factor, unit = prefixed([off], "V")
    for place in range(off.shape[1]):
        axes.plot(time, off[:, place] / factor, "o-", color=LIGHT.colours[place], markersize=2.0, linewidth=0.6)
    axes.axhline(0.0, color=LIGHT.quiet, linewidth=0.7)
    axes.set_ylabel(f"residual ({unit})")


def _shares(axes: Axes, voltages: Voltages) -> None:
    """Bars of all terminals, the latest on top; at their ends how late each is, and what is left of it."""
    places = np.arange(len(voltages.names))
    colours = [LIGHT.colours[place] if place < _SHOWN else LIGHT.grid for place in places]
    axes.barh(places, voltages.share, color=colours, height=0.7)
    highest = max(float(voltages.share.max()), 0.05)
    for place in places:
        told = f"{_lateness(float(voltages.time_constant[place]))}, {show(float(voltages.rms[place]), 'V', 3)}"
        axes.text(
            max(float(voltages.share[place]), 0.0) + 0.02 * highest, float(place), told, va="center", fontsize=7.5
        )
    axes.set_yticks(places, voltages.names)
    axes.set_xlim(min(float(voltages.share.min()), 0.0), 1.75 * highest)
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("share of the drive")
    axes.set_title("time constant, rms of what is left", loc="left", fontsize=8.5)


def _lateness(time_constant: float) -> str:
    if np.isnan(time_constant):
        return "not connected"
    return show(time_constant, "s", 3) if time_constant > 0 else "prompt"
