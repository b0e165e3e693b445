"""Current over voltage, for curves whose level was swept: the loop that a memristive chip is known by."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.plot.lettering import Named, any_letters, legend, title
from nwlab.plot.panels import decades
from nwlab.plot.scales import prefixed
from nwlab.plot.style import Look, settings, stroke
from nwlab.plot.views import Curve, broken

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAMPLES = 20_000
"""Samples of a curve that are drawn, its last ones: min/max decimation along time would cut a loop's corners."""
_LEVELS = 8  # in a sweep at least
_STEP = 0.25  # of the whole range: the usual step of a sweep at most


def swept(curve: Curve) -> bool:
    """Whether the level went through many values in small steps, as opposed to pulses, noise or a constant."""
    level = curve.level[-SAMPLES:]
    span = float(np.ptp(level)) if level.size else 0.0
    if span == 0 or np.unique(level).size < _LEVELS:
        return False
    return bool(np.median(np.abs(np.diff(level))) <= _STEP * span)


class Loops:
    """What is drawn of the swept curves of a run, of which there must be one; made once, drawn in any look."""

    def __init__(self, run: Named, drawn: Sequence[Curve]) -> None:
        self._run = run
        self._curves = [(index, curve) for index, curve in enumerate(drawn) if swept(curve)]
        self._lines = [_line(curve) for _, curve in self._curves]

    @property
    def is_cut(self) -> bool:
        """Whether only the last samples are drawn."""
        return any(curve.level.size > SAMPLES for _, curve in self._curves)

    def png(self, look: Look) -> bytes:
        """Draw it."""
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        with mpl.rc_context(settings(look)), any_letters():
            named = legend(self._curves, look, shaded=False)
            under, panel = 0.6 + 0.2 * named.rows, 2.9
            height = under + panel + 0.52
            figure = Figure(figsize=(8.0, height), dpi=160)
            FigureCanvasAgg(figure)
            boxes = [(left, under / height, 0.385, panel / height) for left in (0.1, 0.595)]
            linear, logarithmic = (figure.add_axes(box) for box in boxes)
            self._draw(linear, logarithmic, look)
            title(linear, self._run, [curve for _, curve in self._curves], look)
            named.draw(figure, "lower center")
            file = io.BytesIO()
            figure.savefig(file, format="png", metadata={"Software": None})
        return file.getvalue()

    def _draw(self, linear: Axes, logarithmic: Axes, look: Look) -> None:
        volts, volt = prefixed([voltage for voltage, _ in self._lines], "V")
        amperes, ampere = prefixed([current for _, current in self._lines], "A")
        for (index, _), (voltage, current) in zip(self._curves, self._lines, strict=True):
            style = stroke(index, look)
            size = np.abs(current) / amperes
            linear.plot(voltage / volts, current / amperes, **style)
            logarithmic.plot(voltage / volts, np.where(size > 0, size, np.nan), **style)
        linear.axhline(0.0, color=look.quiet, linewidth=0.6, zorder=1)
        linear.axvline(0.0, color=look.quiet, linewidth=0.6, zorder=1)
        decades(logarithmic)
        linear.set(xlabel=f"voltage ({volt})", ylabel=f"current ({ampere})")
        logarithmic.set(xlabel=f"voltage ({volt})", ylabel=f"magnitude of current ({ampere})")


def _line(curve: Curve) -> tuple[FloatArray, FloatArray]:
    """Voltage and current with a gap (NaN) in each rest."""
    voltage, current = broken(curve, curve.voltage)[1], broken(curve, curve.current)[1]
    return voltage[-SAMPLES:], current[-SAMPLES:]
