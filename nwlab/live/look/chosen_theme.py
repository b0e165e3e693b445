"""Which colours a person wants."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from nwlab.live.look.memory import Memory
from nwlab.live.look.theme import THEMES, Theme


def chosen_theme(memory: Memory) -> Theme:
    """Return the theme that is remembered, or the one that is like the system."""
    if memory.theme in THEMES:
        return THEMES[memory.theme]
    is_dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return THEMES["dark" if is_dark else "light"]
