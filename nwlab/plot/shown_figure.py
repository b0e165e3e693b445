"""A figure that a notebook shows by itself."""

from __future__ import annotations

import io

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nwlab.plot.style import settings

_DPI = 100
"""Of a notebook, where a printed picture would be too large."""


class ShownFigure(Figure):
    """A figure of matplotlib without pyplot: nobody else holds it, nothing opens a window."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # pyright: ignore[reportArgumentType]
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        """Return what a notebook shows."""
        drawn = io.BytesIO()
        with mpl.rc_context(settings()):
            self.savefig(drawn, format="png", dpi=_DPI)
        return drawn.getvalue()
