"""The run that is played, and those that wait for it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QToolButton, QVBoxLayout, QWidget

from nwlab.live.look.theme import Theme
from nwlab.live.start.label import bold, label, write
from nwlab.live.start.player import Player


class QueueList(QWidget):
    """Shows a player; its runs can be put into another order and taken out."""

    watch_asked = Signal()
    go_on_asked = Signal()
    stop_asked = Signal()

    def __init__(self, player: Player, theme: Theme) -> None:
        super().__init__()
        self._player, self._theme = player, theme
        self._shown: object = None
        self._now, self._halted = label(), label()
        self.watch, self.go_on = QPushButton("Watch"), QPushButton("Start the queue")
        self.stop = QPushButton("Stop")
        self.up, self.down, self.remove = QToolButton(), QToolButton(), QToolButton()
        self.list = QListWidget()
        self._lay_out()
        self._connect()
        self.show_player()

    def show_player(self) -> None:
        """Show what is played and what waits; costs next to nothing when nothing has changed."""
        player = self._player
        state = (
            player.playing,
            player.folder,
            player.halted,
            player.is_stopping,
            tuple(player.waiting),
            self._theme.name,
        )
        if state == self._shown:
            return
        self._shown = state
        now = f"Played now: {player.playing.order}" if player.playing is not None else "Nothing is played."
        write(self._now, now, "" if player.playing is not None else self._theme.quiet)
        bold(self._now, is_bold=player.playing is not None)
        halted = f"The queue has halted: {player.halted}." if player.halted else ""
        write(self._halted, halted, self._theme.note)
        self._halted.setVisible(bool(halted))
        self._fill()

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        self.show_player()

    def _fill(self) -> None:
        waiting, row = self._player.waiting, self.list.currentRow()
        self.list.clear()
        for number, job in enumerate(waiting):
            item = QListWidgetItem(f"{number + 1}. {job.order}")
            item.setToolTip(job.order.line)
            self.list.addItem(item)
        self.list.setCurrentRow(min(row, len(waiting) - 1))
        self.stop.setEnabled(self._player.playing is not None)
        self.stop.setText("Stopping…" if self._player.is_stopping else "Stop")
        self.watch.setEnabled(self._player.folder is not None and self._player.playing is not None)
        self.go_on.setEnabled(bool(waiting) and self._player.playing is None)
        self._enable()

    def _enable(self) -> None:
        row, count = self.list.currentRow(), self.list.count()
        self.up.setEnabled(row > 0)
        self.down.setEnabled(0 <= row < count - 1)
        self.remove.setEnabled(row >= 0)

    def _move(self, by: int) -> None:
        row = self.list.currentRow()
        if row >= 0:
            to = self._player.move(row, by)
            self.show_player()
            self.list.setCurrentRow(to)

    def _remove(self) -> None:
        row = self.list.currentRow()
        if row >= 0:
            del self._player.waiting[row]
            if not self._player.waiting:
                self._player.halted = ""
            self.show_player()

    def _lay_out(self) -> None:
        for button, text, about in (
            (self.up, "\N{UPWARDS ARROW}", "earlier (Alt+Up)"),
            (self.down, "\N{DOWNWARDS ARROW}", "later (Alt+Down)"),
            (self.remove, "Remove", "take it out of the queue (Del)"),
        ):
            button.setText(text)
            button.setToolTip(about)
        self.stop.setToolTip("end the run that is played after its present block, then make the bench safe")
        self.watch.setToolTip("show the run that is played in a window")
        self.list.setAccessibleName("runs that wait")
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        top, bottom, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        top.addWidget(self._now, 1)
        for button in (self.watch, self.stop):
            top.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        for button in (self.up, self.down, self.remove):
            bottom.addWidget(button)
        bottom.addStretch(1)
        bottom.addWidget(self.go_on)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self._halted)
        column.addWidget(self.list, 1)
        column.addLayout(bottom)

    def _connect(self) -> None:
        self.stop.clicked.connect(self.stop_asked)
        self.watch.clicked.connect(self.watch_asked)
        self.go_on.clicked.connect(self.go_on_asked)
        self.list.currentRowChanged.connect(self._enable)
        for button, keys, act in (
            (self.up, "Alt+Up", lambda: self._move(-1)),
            (self.down, "Alt+Down", lambda: self._move(1)),
            (self.remove, "Del", self._remove),
        ):
            button.clicked.connect(act)
            QShortcut(QKeySequence(keys), self.list, context=Qt.ShortcutContext.WidgetShortcut).activated.connect(act)
