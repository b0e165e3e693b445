"""The buttons that start a run, and what they would type at the command line."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QResizeEvent, QTextOption
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.start.draft import Draft
from nwlab.live.start.label import label, write
from nwlab.live.start.order import Order

_LINES = 2


class Launch(QWidget):
    """Run, add to the queue, copy."""

    run_asked = Signal()
    queue_asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._order: Order | None = None
        self.run, self.queue, self.copy_button = QPushButton("Run"), QPushButton("Add to queue"), QPushButton("Copy")
        self.line, self._reason = QPlainTextEdit(), label()
        self._lay_out()
        self.set_theme(theme)
        self.run.clicked.connect(self.run_asked)
        self.queue.clicked.connect(self.queue_asked)
        self.copy_button.clicked.connect(self.copy)

    def show_draft(self, draft: Draft, refusal: str, playing: str) -> None:
        """Show the command line, and whether it may be run; `playing`: what is played now."""
        self._order = draft.order()
        self._show_line()
        self.run.setEnabled(not refusal and not playing)
        self.queue.setEnabled(not refusal)
        theme = self._theme
        if refusal:
            write(self._reason, refusal, theme.alarm)
        elif playing:
            write(self._reason, f"{playing} is played now: add this one to the queue, and it comes next", theme.note)
        elif draft.simulated:
            write(self._reason, "on simulated instruments" if not draft.choices.model else "on the model", theme.quiet)
        else:
            write(self._reason, f"drives the real instruments of {draft.choices.bench.name}", theme.note)

    def copy(self) -> None:
        """Put the command line on the clipboard."""
        QGuiApplication.clipboard().setText("" if self._order is None else self._order.line)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Break the command line anew."""
        super().resizeEvent(event)
        self._show_line()

    def _show_line(self) -> None:
        width = self.line.viewport().width() // max(1, self.line.fontMetrics().averageCharWidth()) - 2
        lines = "" if self._order is None else self._order.lines(width)
        if self.line.toPlainText() != lines:
            self.line.setPlainText(lines)

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        self.run.setStyleSheet(
            f"QPushButton {{ background: {theme.good}; color: {theme.panel}; border: none; border-radius: 6px; "
            f"padding: 4px 22px }}"
            f"QPushButton:focus {{ border: 2px solid {theme.text} }}"
            f"QPushButton:disabled {{ background: {theme.grid}; color: {theme.quiet} }}"
        )

    def set_sizes(self, sizes: Sizes) -> None:
        """Write in other sizes."""
        for widget, points in ((self.run, 1.4 * sizes.base), (self.line, sizes.base)):
            fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
            font = QFont(fixed) if widget is self.line else QFont(self.font())
            font.setPointSizeF(points)
            font.setBold(widget is self.run)
            widget.setFont(font)
        around = 2 * (round(self.line.document().documentMargin()) + self.line.frameWidth() + 1)
        line = self.line.fontMetrics().lineSpacing() + 1  # a layout rounds up
        self.line.setFixedHeight(_LINES * line + around)

    def _lay_out(self) -> None:
        self.run.setToolTip("start it now (Ctrl+Return)")
        self.queue.setToolTip("start it when those before it have ended (Ctrl+Shift+Return)")
        self.line.setReadOnly(True)
        self.line.setTabChangesFocus(True)
        self.line.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.line.setAccessibleName("command line")
        self.copy_button.setToolTip("copy the command line that does the same (Ctrl+Shift+C)")
        command, buttons, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        command.addWidget(self.line, 1)
        command.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignTop)
        buttons.addWidget(self.run)
        buttons.addWidget(self.queue)
        buttons.addWidget(self._reason, 1, Qt.AlignmentFlag.AlignVCenter)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(command)
        column.addLayout(buttons)
