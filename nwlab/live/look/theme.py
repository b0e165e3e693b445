"""Colours and sizes of the window, light and dark, told apart with every kind of colour vision."""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.plot.style import COLOURS


@dataclass(frozen=True, slots=True)
class Theme:
    """What everything is painted with; colours as "#rrggbb"."""

    name: str
    window: str  # behind everything
    panel: str  # behind plots and lists
    text: str
    quiet: str  # axes, hints
    grid: str
    curves: tuple[str, ...]
    limited: str  # compliance
    alarm: str
    note: str  # words that are not to be overlooked
    good: str
    driven: str  # terminals, by role
    read: str
    low: str
    grounded: str
    sensed: str
    colours: str  # name of the colour map of images
    colours_part: tuple[float, float]  # of the map, 0 to 1, that stands out from the panel
    is_dark: bool = False


LIGHT = Theme(
    name="light",
    window="#F4F4F4",
    panel="#FFFFFF",
    text="#1A1A1A",
    quiet="#6B6B6B",
    grid="#DDDDDD",
    curves=COLOURS,
    limited="#E69F00",
    alarm="#B3261E",
    note="#8A5A00",
    good="#00704F",
    driven="#D55E00",
    read="#009E73",
    low="#56B4E9",
    grounded="#4D4D4D",
    sensed="#CC79A7",
    colours="viridis",
    colours_part=(0.0, 0.93),
)
DARK = Theme(
    name="dark",
    window="#1B1D20",
    panel="#101214",
    text="#ECECEC",
    quiet="#A0A4A8",
    grid="#33373B",
    curves=("#56B4E9", "#F28E5C", "#2EC4A0", "#E0A3C5", "#F0C04A", "#8FA8FF", "#FFFFFF", "#C9A98A"),
    limited="#F0C04A",
    alarm="#FF6B5E",
    note="#F0C04A",
    good="#2EC4A0",
    driven="#F28E5C",
    read="#2EC4A0",
    low="#56B4E9",
    grounded="#6E7479",
    sensed="#E0A3C5",
    colours="viridis",
    colours_part=(0.2, 1.0),
    is_dark=True,
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}
