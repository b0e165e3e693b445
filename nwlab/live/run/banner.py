"""What must not be overlooked, across the top of the window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nwlab.live.look.theme import Theme
from nwlab.live.run.wording import Mood, Told


class Banner(QWidget):
    """One strip for each thing that is told; no room when there is nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._told = theme, list[Told]()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.setVisible(False)

    def tell(self, told: Sequence[Told]) -> None:
        """Tell these things."""
        if list(told) != self._told:
            self._told = list(told)
            self._renew()

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        self._renew()

    def _renew(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            strip = item.widget()
            if strip is not None:
                strip.hide()
                strip.deleteLater()
        for told in self._told:
            self._column.addWidget(_strip(told, self._theme))
        self.setVisible(bool(self._told))


def _strip(told: Told, theme: Theme) -> QFrame:
    strip = QFrame()
    colour = {Mood.ALARM: theme.alarm, Mood.NOTE: theme.note, Mood.GOOD: theme.good}.get(told.mood, theme.quiet)
    ink = theme.panel
    strip.setStyleSheet(f"QFrame {{ background: {colour} }} QLabel {{ color: {ink}; font-weight: bold }}")
    row = QHBoxLayout(strip)
    row.setContentsMargins(10, 5, 10, 5)
    label = QLabel(told.text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    row.addWidget(label, 1)
    if told.command:
        row.addWidget(_command(told.command, ink))
    return strip


def _command(command: str, ink: str) -> QPushButton:
    """A command is typed in a terminal, where its answer is read; the button saves the typing."""
    button = QPushButton(f"Copy: {_short(command)}")
    button.setToolTip(command)
    button.setStyleSheet(
        f"QPushButton {{ color: {ink}; background: transparent; border: 1px solid {ink}; border-radius: 4px; "
        "padding: 3px 8px }"
    )
    button.clicked.connect(lambda: QGuiApplication.clipboard().setText(command))
    return button


def _short(command: str) -> str:
    words = command.split(" ")
    last = words[-1].strip("'")
    return command if len(command) < 50 else " ".join([*words[:-1], f"…{last[-30:]}"])
