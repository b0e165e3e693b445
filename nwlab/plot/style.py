"""How nwlab's pictures look: quiet axes, colours that everyone can tell apart."""

from __future__ import annotations

from typing import Any

from nwlab.core.svg import HUES

Stroke = dict[str, Any]

COLOURS = (*HUES, "#000000", "#7A5C3E")
"""Wong, Nature Methods 8, 441 (2011), told apart with every kind of colour vision; its yellow is replaced by brown."""

BAND = "#FBEBC8"
QUIET = "#6B6B6B"


def settings() -> Any:
    """Return the settings of matplotlib."""
    return {
        "font.size": 9.0,
        "font.family": "DejaVu Sans",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.formatter.useoffset": False,
        "grid.color": "#E4E4E4",
        "grid.linewidth": 0.6,
        "xtick.direction": "out",
        "ytick.direction": "out",
        "lines.linewidth": 1.0,
        "lines.solid_joinstyle": "round",
        "legend.fontsize": 8.5,
        "path.simplify": False,
    }


def stroke(index: int) -> Stroke:
    """Return colour and dash of the curve `index`: eight colours, solid, then dashed, then dotted."""
    dash = ("-", "--", ":")[index // len(COLOURS) % 3]
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": dash}
