"""Small parts of the start window that several of its rooms use."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QGroupBox, QLabel, QLayout, QPushButton, QSizePolicy, QWidget


def label() -> QLabel:
    """Return a label for words that wrap and can be copied."""
    made = QLabel()
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return made


class Line(QLabel):
    """One line of words; what does not fit is told by the tool tip."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        """Paint as much as there is room for."""
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        with QPainter(self) as painter:
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            painter.drawText(self.rect(), self.alignment(), shown)
        self.setToolTip(self.text() if shown != self.text() else "")


def write(place: QLabel, text: str, colour: str = "") -> None:
    """Write into a label, in a colour or in the ordinary one."""
    if place.text() != text:
        place.setText(text)
    palette = QPalette()
    if colour:
        palette.setColor(QPalette.ColorRole.WindowText, QColor(colour))
    place.setPalette(palette)


def bold(place: QLabel | QPushButton, *, is_bold: bool = True) -> None:
    """Write in bold type, or not."""
    font = QFont(place.font())
    if font.bold() != is_bold:
        font.setBold(is_bold)
        place.setFont(font)


def group(title: str, layout: QLayout) -> QGroupBox:
    """Return a titled frame around a layout."""
    box = QGroupBox(title)
    layout.setContentsMargins(6, 4, 6, 6)
    box.setLayout(layout)
    return box


def mark(editor: QWidget, colour: str) -> None:
    """Write in a colour in an editor, or in the ordinary one."""
    palette = QPalette()
    if colour:
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
            palette.setColor(role, QColor(colour))
    editor.setPalette(palette)
