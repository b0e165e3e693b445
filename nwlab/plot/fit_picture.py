"""A fit over the measurement, and what is left of it below."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import StorageError
from nwlab.core.units import show
from nwlab.plot import following_picture
from nwlab.plot.following_picture import Voltages
from nwlab.plot.in_turn import InTurn, in_turn
from nwlab.plot.lettering import any_letters
from nwlab.plot.scales import prefixed, time_axis
from nwlab.plot.style import LIGHT, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Fitted(Protocol):
    """What a picture needs to know of a fit; all (samples,)."""

    @property
    def law(self) -> str:
        """Its name."""
        ...

    @property
    def time(self) -> FloatArray:
        """S."""
        ...

    @property
    def measured(self) -> FloatArray:
        """S, siemens."""
        ...

    @property
    def fitted(self) -> FloatArray:
        """S, siemens."""
        ...

    @property
    def course(self) -> FloatArray | None:
        """The law's own course without chance in siemens, where `fitted` follows the readings."""
        ...

    @property
    def error(self) -> FloatArray | None:
        """Standard deviation of each residual in siemens, where the law says one."""
        ...

    @property
    def rmse(self) -> float:
        """Root-mean-square residual in siemens."""
        ...

    @property
    def r2_text(self) -> str:
        """Share of the variance that is explained; empty where there is none, or where it says nothing."""
        ...

    @property
    def voltages(self) -> Voltages | None:
        """What was fitted, where that is not the conductance."""
        ...


def draw(fit: Fitted, path: Path, name: str) -> Path:
    """Draw to a file; raises StorageError."""
    import matplotlib as mpl

    with mpl.rc_context(settings()), any_letters():
        drawn = figure(fit, name)
        try:
            drawn.savefig(path)
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def figure(fit: Fitted, name: str) -> Figure:
    """Return the picture."""
    from matplotlib.figure import Figure

    if fit.voltages is not None:
        title = f"{name}: {fit.law} of {len(fit.voltages.names)} terminals"
        return following_picture.figure(fit.time, fit.voltages, title)

    drawn = Figure(figsize=(8.0, 5.6), dpi=160, layout="constrained")
    above, below = drawn.subplots(2, sharex=True, height_ratios=[2.2, 1.0])
    axis = in_turn(fit.time)
    seconds, unit = time_axis(float(np.nanmax(axis.time)) if axis.time.size else 1.0)
    time = axis.time / seconds
    _curves(above, fit, axis, time)
    above.set_title(f"{name}: {fit.law}, {_goodness(fit)}", loc="left", fontsize=10)
    _residuals(below, fit, axis, time)
    below.set_xlabel(f"{axis.label} ({unit})")
    below.margins(x=0.01)
    drawn.align_ylabels()
    return drawn


def _goodness(fit: Fitted) -> str:
    """Say what is left over; where `fitted` follows readings, that it is what the next one differs by."""
    explained = f", r² {fit.r2_text}" if fit.r2_text else ""
    return f"{'' if fit.course is None else 'one reading ahead: '}rmse {show(fit.rmse, 'S', 3)}{explained}"


def _curves(axes: Axes, fit: Fitted, axis: InTurn, time: FloatArray) -> None:
    factor, unit = prefixed([fit.measured], "S")
    axes.plot(time, axis.broken(fit.measured) / factor, color=LIGHT.colours[0], linewidth=0.9, label="measured")
    line = fit.fitted if fit.course is None else fit.course
    label = "fitted" if fit.course is None else "fitted, without chance"
    axes.plot(time, axis.broken(line) / factor, color=LIGHT.colours[1], linewidth=1.3, label=label)
    axes.set_ylabel(f"conductance ({unit})")
    axes.legend(loc="best", frameon=False)


def _residuals(axes: Axes, fit: Fitted, axis: InTurn, time: FloatArray) -> None:
    off = axis.broken(fit.measured - fit.fitted)
    if fit.error is None:
        factor, unit = prefixed([off], "S")
        axes.plot(time, off / factor, color=LIGHT.colours[0], linewidth=0.7)
        axes.set_ylabel(f"residual ({unit})")
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            axes.plot(time, off / axis.broken(fit.error), ".", color=LIGHT.colours[0], markersize=2.0)
        axes.set_ylabel("residual (sd)")
        for level in (-3.0, 3.0):
            axes.axhline(level, color=LIGHT.quiet, linewidth=0.7, linestyle=":")
    axes.axhline(0.0, color=LIGHT.quiet, linewidth=0.7)
