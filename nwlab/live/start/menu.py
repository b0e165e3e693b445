"""Menus and keys of the window that starts runs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow

from nwlab.live.look.choice import Choice
from nwlab.live.look.memory import THEMES, Memory


class StartMenu(QObject):
    """What can be asked for by menu or key; each is a signal."""

    dry_run = Signal()
    run = Signal()
    queue = Signal()
    copy = Signal()
    fresh = Signal()
    leave = Signal()
    theme = Signal(object)
    """A name in `THEMES`."""
    size = Signal(int)
    """1 = larger, -1 = smaller, 0 = as it was."""

    def __init__(self, window: QMainWindow, memory: Memory) -> None:
        super().__init__(window)
        self._window = window
        self._themes = Choice(THEMES, memory.theme)
        self._themes.chosen.connect(self.theme)
        self._run, self._queue = (
            self._act("&Run", "Ctrl+Return", self.run),
            self._act("Add to &queue", "Ctrl+Shift+Return", self.queue),
        )
        self._fill()

    def show_buttons(self, *, run: bool, queue: bool) -> None:
        """Enable what makes sense now."""
        self._run.setEnabled(run)
        self._queue.setEnabled(queue)

    def _fill(self) -> None:
        bar = self._window.menuBar()
        run, view = bar.addMenu("&Run"), bar.addMenu("&View")
        run.addAction(self._act("&Dry run", "Ctrl+D", self.dry_run))
        run.addActions([self._run, self._queue])
        run.addSeparator()
        run.addAction(self._act("&Copy the command line", "Ctrl+Shift+C", self.copy))
        run.addAction(self._act("&Empty form", "Ctrl+N", self.fresh))
        run.addSeparator()
        run.addAction(self._act("C&lose the window", "Ctrl+W", self.leave))
        view.addMenu(self._themes.menu("&Colours", view))
        view.addAction(self._act("&Larger", "Ctrl++", lambda: self.size.emit(1), "Ctrl+="))
        view.addAction(self._act("S&maller", "Ctrl+-", lambda: self.size.emit(-1)))
        view.addAction(self._act("&Normal size", "Ctrl+0", lambda: self.size.emit(0)))

    def _act(self, text: str, keys: str, act: SignalInstance | Callable[[], object], also: str = "") -> QAction:
        action = QAction(text, self._window)
        action.setShortcuts([QKeySequence(each) for each in (keys, also) if each])
        action.triggered.connect(act)
        return action
