"""The theme in Qt's own words."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette

from nwlab.live.theme import Theme


def palette(theme: Theme) -> QPalette:
    """Return the colours of ordinary widgets."""
    found = QPalette()
    roles = QPalette.ColorRole
    for role, colour in (
        (roles.Window, theme.window),
        (roles.Base, theme.panel),
        (roles.AlternateBase, theme.window),
        (roles.Button, theme.window),
        (roles.WindowText, theme.text),
        (roles.Text, theme.text),
        (roles.ButtonText, theme.text),
        (roles.PlaceholderText, theme.quiet),
        (roles.ToolTipBase, theme.panel),
        (roles.ToolTipText, theme.text),
        (roles.Highlight, theme.curves[0]),
        (roles.HighlightedText, theme.panel),
    ):
        found.setColor(role, QColor(colour))
    return found
