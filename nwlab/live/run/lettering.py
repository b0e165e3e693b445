"""Words in a widget, laid out anew only when they change."""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from nwlab.live.look.theme import Theme
from nwlab.live.run.wording import Mood


def write(label: QLabel, text: str, colour: str = "") -> None:
    """Write a text, in a colour where one is given; a label without text takes no room."""
    if label.text() != text:
        label.setText(text)
        label.setVisible(bool(text))
    palette = label.palette()
    if colour and palette.color(QPalette.ColorRole.WindowText) != QColor(colour):
        palette.setColor(QPalette.ColorRole.WindowText, QColor(colour))
        label.setPalette(palette)


def resize_type(widget: QWidget, points: float, *, bold: bool = False) -> None:
    """Write in a size in pt."""
    font = QFont(widget.font())
    font.setPointSizeF(points)
    font.setBold(bold)
    widget.setFont(font)


def em() -> int:
    """Height of a line in px; a widget that was never shown does not know it."""
    return QFontMetrics(QApplication.font()).height()


def colour_of(mood: Mood, theme: Theme) -> str:
    """Return the colour of words that matter that much."""
    return {Mood.GOOD: theme.good, Mood.NOTE: theme.note, Mood.ALARM: theme.alarm}.get(mood, theme.text)
