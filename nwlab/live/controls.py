"""Menus, tool bar and keys of the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QCheckBox, QLabel, QMainWindow, QToolBar

from nwlab.live.look.choice import Choice
from nwlab.live.look.memory import SCALES, SPANS, THEMES, Memory


class Controls(QObject):
    """What can be asked of the window by menu, tool bar or key; each is a signal."""

    stop = Signal()
    pause = Signal()
    go_on = Signal()
    report = Signal()
    export = Signal()
    follow = Signal(bool)
    span = Signal(object)
    """S, or None for everything."""
    scale = Signal(object)
    """A name in `SCALES`."""
    theme = Signal(object)
    """A name in `THEMES`."""
    size = Signal(int)
    """1 = larger, -1 = smaller, 0 = as it was."""
    about = Signal()
    escape = Signal()

    def __init__(self, window: QMainWindow, memory: Memory) -> None:
        super().__init__(window)
        self._window = window
        self._spans, self._scales = Choice(SPANS, memory.span), Choice(SCALES, memory.scale)
        self._themes = Choice(THEMES, memory.theme)
        self._themes.chosen.connect(self.theme)
        self._spans.chosen.connect(self.span)
        self._scales.chosen.connect(self.scale)
        self._follow = self._toggle("&Follow", "F", self.follow)
        self._report = self._act("Open &report", "Ctrl+R", self.report)
        self._export = self._act("&Export what is seen…", "Ctrl+E", self.export)
        self._stop = self._act("&Stop", "", self.stop)
        self._stop.setText("&Stop\tEsc Esc")
        self._pause = self._act("&Pause", "Ctrl+P", self.pause)
        self._go_on = self._act("&Continue", "Ctrl+G", self.go_on)
        self._fill_menus()
        self._fill_bar()
        escape = QAction(window)
        escape.setShortcut(QKeySequence(Qt.Key.Key_Escape))
        escape.setAutoRepeat(False)
        escape.triggered.connect(self.escape)
        window.addAction(escape)

    def show_follow(self, *, follow: bool) -> None:
        """Show whether the plots follow."""
        self._follow.setChecked(follow)

    def show_buttons(self, *, stop: bool, pause: bool, go_on: bool) -> None:
        """Enable what makes sense now."""
        for action, enabled in ((self._stop, stop), (self._pause, pause), (self._go_on, go_on)):
            action.setEnabled(enabled)

    def _fill_menus(self) -> None:
        bar = self._window.menuBar()
        run, view, about = bar.addMenu("&Run"), bar.addMenu("&View"), bar.addMenu("&Help")
        run.addActions([self._stop, self._pause, self._go_on])
        run.addSeparator()
        run.addActions([self._export, self._report])
        run.addSeparator()
        run.addAction(self._act("&Close the window", "Ctrl+W", self._window.close))
        view.addAction(self._follow)
        view.addMenu(self._spans.menu("Stretch of &time", view))
        view.addMenu(self._scales.menu("&Conductance", view))
        view.addSeparator()
        view.addMenu(self._themes.menu("&Colours", view))
        view.addAction(self._act("&Larger", "Ctrl++", lambda: self.size.emit(1), "Ctrl+="))
        view.addAction(self._act("S&maller", "Ctrl+-", lambda: self.size.emit(-1)))
        view.addAction(self._act("&Normal size", "Ctrl+0", lambda: self.size.emit(0)))
        about.addAction(self._act("&About nwlab", "", self.about))

    def _fill_bar(self) -> None:
        bar = QToolBar("Tools", self._window)
        bar.setObjectName("tools")
        bar.setMovable(False)
        bar.addWidget(self._follow_box())
        for text, choice in (("  time ", self._spans), ("  conductance ", self._scales)):
            bar.addWidget(QLabel(text))
            bar.addWidget(choice.box())
        bar.addSeparator()
        bar.addActions([self._export, self._report])
        self._window.addToolBar(bar)
        self._window.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def _follow_box(self) -> QCheckBox:
        """A tick is seen better than a tool that is pressed."""
        box = QCheckBox("follow")
        box.setChecked(True)
        box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        box.toggled.connect(self._follow.setChecked)
        self._follow.toggled.connect(box.setChecked)
        return box

    def _act(self, text: str, keys: str, act: SignalInstance | Callable[[], object], also: str = "") -> QAction:
        action = QAction(text, self._window)
        action.setShortcuts([QKeySequence(each) for each in (keys, also) if each])
        action.triggered.connect(act)
        return action

    def _toggle(self, text: str, keys: str, signal: SignalInstance) -> QAction:
        action = self._act(text, keys, lambda: None)
        action.setCheckable(True)
        action.setChecked(True)
        action.toggled.connect(signal)
        return action
