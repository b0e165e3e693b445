"""The theme in Qt's own words."""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from nwlab.live.look.colour_scale import COLOURS
from nwlab.live.look.graph import pg
from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme


@cache
def map_colours(theme: Theme) -> tuple[int, ...]:
    """Return the colours of images as 0xAARRGGBB, dark to light; the one after the last is nothing at all."""
    table = pg.colormap.get(theme.colours).getLookupTable(*theme.colours_part, COLOURS, alpha=False)
    return (*(QColor(*(int(part) for part in row)).rgba() for row in table), 0)


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
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        found.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.quiet))
    return found


def dress(theme: Theme) -> None:
    """Paint the ordinary widgets of the program in the colours of a theme."""
    application = QApplication.instance()
    if isinstance(application, QApplication):
        application.setPalette(palette(theme))


def write_in(sizes: Sizes) -> None:
    """Write in the widgets of the program in these sizes."""
    font = QApplication.font()
    font.setPointSizeF(sizes.base)
    QApplication.setFont(font)


def boxes(theme: Theme) -> str:
    """Return a style sheet for boxes that are not ticked: their frame is dark whatever is around it."""
    frame = (
        f"border: 1px solid {theme.quiet}; border-radius: 2px; background: {theme.panel}; width: 0.9em; height: 0.9em"
    )
    return f"QCheckBox::indicator:unchecked {{ {frame} }}" if theme.is_dark else ""


def ink(fill: QColor) -> QColor:
    """Return black or white, whichever is read better on a colour."""
    luminance = 0.2126 * fill.redF() ** 2.2 + 0.7152 * fill.greenF() ** 2.2 + 0.0722 * fill.blueF() ** 2.2
    return QColor("#000000") if luminance > 0.18 else QColor("#FFFFFF")
