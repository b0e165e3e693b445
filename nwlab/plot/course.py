"""The whole course of a run in one picture: its steps above, then a panel for each quantity."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nwlab.plot import panels
from nwlab.plot.lettering import Named, any_letters, legend, printable, title
from nwlab.plot.panels import Panel, Scale
from nwlab.plot.pictures import stack
from nwlab.plot.scales import time_axis
from nwlab.plot.style import Look, settings
from nwlab.plot.views import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure

_DECADE = 10.0
_MARKED = 60  # steps that are marked at most: with more the marks would hide the curves
_WIDTH, _SIDE = 8.0, 0.8  # inches: of the picture, and left and right of its panels
_UNIT, _GAP, _TITLE = 1.3, 0.12, 0.52  # inches: height of a panel, between two, above the first
_STRIP = 0.22  # inches: height of the steps' names


@dataclass(frozen=True, slots=True)
class Stretch:
    """A step's part of the time axis, in s since the first drive's start."""

    label: str
    begin: float
    end: float


class Course:
    """What is drawn of a run with at least one curve; made once, drawn in any look.

    Conductance also has a logarithmic panel where it spans more than a decade.
    """

    def __init__(self, run: Named, drawn: Sequence[Curve], stretches: Sequence[Stretch] = ()) -> None:
        self._run, self._drawn = run, drawn
        self._stretches = stretches if 1 < len(stretches) <= _MARKED else ()
        self._shown = _shown(drawn)

    @property
    def has_conductance(self) -> bool:
        """Whether there is a panel of conductance."""
        return self._shown[0].unit == "S"

    @property
    def is_logarithmic(self) -> bool:
        """Whether there is a logarithmic panel."""
        return any(panel.scale is Scale.LOG for panel in self._shown)

    def png(self, look: Look) -> bytes:
        """Draw it."""
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        with mpl.rc_context(settings(look)), any_letters():
            named = legend(enumerate(self._drawn), look)
            sizes = _Sizes(self._shown, bool(self._stretches), named.rows)
            figure = Figure(figsize=(_WIDTH, sizes.height), dpi=160)
            canvas = FigureCanvasAgg(figure)
            named.draw(figure, "lower center")
            self._draw(sizes.divide(figure), look, canvas.get_renderer())
            file = io.BytesIO()
            figure.savefig(file, format="png", metadata={"Software": None})
        return file.getvalue()

    def _draw(self, axes: Sequence[Axes], look: Look, renderer: RendererAgg) -> None:
        shown = axes[len(axes) - len(self._shown) :]
        stack(shown, self._shown, self._drawn, look)
        title(axes[0], self._run, self._drawn, look)
        if self._stretches:
            self._mark(axes[0], shown, look)
            self._name(axes[0], renderer)

    def _mark(self, strip: Axes, shown: Sequence[Axes], look: Look) -> None:
        strip.set(yticks=[], ylim=(0, 1))
        strip.grid(visible=False)
        strip.tick_params(bottom=False, labelbottom=False)
        strip.spines[:].set_visible(False)
        for index, (_, begin, end) in enumerate(self._places()):
            strip.axvspan(begin, end, color=look.paper if index % 2 else look.stretch, linewidth=0)
            for axes in shown if index else ():
                axes.axvline(begin, color=look.quiet, linewidth=0.6, linestyle=(0, (1, 2)), zorder=0.9)

    def _name(self, strip: Axes, renderer: RendererAgg) -> None:
        """Write each step's name where it fits, else its first word, which is its number, else nothing."""
        for label, begin, end in self._places():
            (left, _), (right, _) = strip.transData.transform([(begin, 0), (end, 0)])
            text = strip.text((begin + end) / 2, 0.5, "", ha="center", va="center", fontsize=7.5, parse_math=False)
            for name in (label, label.partition(" ")[0], ""):
                text.set_text(name)
                if text.get_window_extent(renderer).width <= right - left - 4:
                    break

    def _places(self) -> list[tuple[str, float, float]]:
        """Names, begins and ends in the units of the time axis."""
        seconds, _ = time_axis(max(float(curve.time.max()) for curve in self._drawn))
        return [(printable(each.label), each.begin / seconds, each.end / seconds) for each in self._stretches]


def _shown(drawn: Sequence[Curve]) -> tuple[Panel, ...]:
    below = (panels.voltage(drawn), panels.current(drawn))
    if not panels.has_conductance(drawn):
        return below
    linear = panels.conductance(drawn, Scale.LINEAR)
    if panels.span(drawn) <= _DECADE:
        return linear, *below
    return linear, panels.conductance(drawn, Scale.LOG, 1.5), *below


class _Sizes:
    """Where the panels go, in inches. A layout by rule, because matplotlib's own takes longer than the drawing."""

    def __init__(self, shown: Sequence[Panel], marked: bool, legend_rows: int) -> None:
        self._heights = [_STRIP] * marked + [_UNIT * panel.height for panel in shown]
        self._under = 0.55 + 0.2 * legend_rows
        self.height = self._under + sum(self._heights) + _GAP * (len(self._heights) - 1) + _TITLE

    def divide(self, figure: Figure) -> list[Axes]:
        """Make the panels, from above."""
        axes: list[Axes] = []
        place = self.height - _TITLE
        for height in self._heights:
            place -= height
            box = (_SIDE / _WIDTH, place / self.height, 1 - 2 * _SIDE / _WIDTH, height / self.height)
            axes.append(figure.add_axes(box, sharex=axes[0] if axes else None))
            axes[-1].yaxis.set_label_coords(-0.6 / (_WIDTH - 2 * _SIDE), 0.5)
            place -= _GAP
        for each in axes[:-1]:
            each.tick_params(labelbottom=False)
        return axes
