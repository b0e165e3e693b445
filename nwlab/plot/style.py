"""How nwlab's pictures look: quiet axes, colours that everyone can tell apart, on white and on dark ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nwlab.core.svg import HUES

Stroke = dict[str, Any]

COLOURS = (*HUES, "#000000", "#7A5C3E")
"""Wong, Nature Methods 8, 441 (2011), told apart with every kind of colour vision; its yellow is replaced by brown."""

BAND = "#FBEBC8"
QUIET = "#6B6B6B"


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of a picture."""

    paper: str
    ink: str
    quiet: str  # of what explains
    grid: str
    band: str  # behind the moments in compliance
    stretch: str  # behind every other step's name
    colours: tuple[str, ...]  # of the curves


LIGHT = Look("#FFFFFF", "#000000", QUIET, "#E4E4E4", BAND, "#EEF1F4", COLOURS)
DARK = Look(
    "#15181D",
    "#E6E6E6",
    "#A2A7AE",
    "#2E333A",
    "#4A3C1A",
    "#242A32",
    # The same hues in the same order, on dark ground as far apart as Wong's on white (simulated after Machado 2009).
    ("#4A86F0", "#E8601C", "#4BE3A0", "#D070AA", "#FFD24A", "#A8CEFF", "#FFFFFF", "#9A805B"),
)


def settings(look: Look = LIGHT) -> Any:
    """Return the settings of matplotlib."""
    return {
        "font.size": 9.0,
        "font.family": "DejaVu Sans",
        "figure.facecolor": look.paper,
        "figure.edgecolor": look.paper,
        "savefig.facecolor": "auto",
        "text.color": look.ink,
        "axes.facecolor": look.paper,
        "axes.edgecolor": look.ink,
        "axes.labelcolor": look.ink,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.formatter.useoffset": False,
        "grid.color": look.grid,
        "grid.linewidth": 0.6,
        "xtick.color": look.ink,
        "ytick.color": look.ink,
        "xtick.direction": "out",
        "ytick.direction": "out",
        "lines.linewidth": 1.0,
        "lines.solid_joinstyle": "round",
        "legend.fontsize": 8.5,
        "path.simplify": False,
    }


def stroke(index: int, look: Look = LIGHT) -> Stroke:
    """Return colour and dash of the curve `index`: eight colours, solid, then dashed, then dotted."""
    dash = ("-", "--", ":")[index // len(look.colours) % 3]
    return {"color": look.colours[index % len(look.colours)], "linestyle": dash}
