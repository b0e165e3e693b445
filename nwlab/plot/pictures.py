"""Pictures of runs, ready to be printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nwlab.core.errors import StorageError
from nwlab.core.rows import Rows
from nwlab.plot import panels
from nwlab.plot.lettering import Named, any_letters, legend, title
from nwlab.plot.scales import time_axis
from nwlab.plot.style import LIGHT, Look, settings
from nwlab.plot.views import Curve, bands, curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Recorded(Named, Protocol):
    """What a picture needs to know of a run."""

    terminals: tuple[str, ...]

    def rows(self, terminal: str | None = None) -> Rows:
        """All samples, or those forced at one terminal."""
        ...


def trace(run: Recorded, path: str | Path) -> Path:
    """Draw conductance, voltage and current over time, with the moments in compliance shaded; raises StorageError."""
    import matplotlib as mpl

    path = Path(path)
    with mpl.rc_context(settings()), any_letters():
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
    shown = [panels.voltage(drawn), panels.current(drawn)]
    if panels.has_conductance(drawn):
        shown.insert(0, panels.conductance(drawn, panels.Scale.FITTING))
    heights = [panel.height for panel in shown]
    axes = figure.subplots(len(shown), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    stack(list(axes), shown, drawn, LIGHT)
    figure.align_ylabels()
    title(axes[0], run, drawn, LIGHT)
    legend(enumerate(drawn), LIGHT).draw(figure, "outside lower center")


def stack(axes: Sequence[Axes], shown: Sequence[panels.Panel], drawn: Sequence[Curve], look: Look) -> None:
    """Draw panels below one another, with the moments in compliance shaded, and the time under the last."""
    last = max((float(curve.time.max()) for curve in drawn), default=1.0)
    seconds, unit = time_axis(last)
    shaded = bands(drawn)
    for each, panel in zip(axes, shown, strict=True):
        panels.draw(each, panel, look, seconds)
        for begin, end in shaded:
            each.axvspan(begin / seconds, end / seconds, color=look.band, linewidth=0, zorder=0)
    axes[-1].set_xlabel(f"time ({unit})")
    axes[0].margins(x=0.01)
