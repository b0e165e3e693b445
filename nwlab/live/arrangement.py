"""Where the parts of the window lie: plots to the left, the run and its chip to the right, what is grave on top."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QSplitter, QTabWidget, QVBoxLayout, QWidget

from nwlab.live.look.memory import Memory


class Arrangement:
    """Lays parts out in a window, and remembers how a person moved them."""

    def __init__(self, window: QMainWindow, memory: Memory) -> None:
        self._window, self._memory = window, memory
        self._columns, self._right = QSplitter(Qt.Orientation.Horizontal), QSplitter(Qt.Orientation.Vertical)

    def lay_out(self, banner: QWidget, plots: QWidget, panel: QWidget, tabs: dict[str, QWidget]) -> None:
        """Put the parts in their places, at sizes that suit the screen."""
        below = QTabWidget()
        below.setDocumentMode(True)
        for name, part in tabs.items():
            below.addTab(part, name)
        for splitter, parts, growing in ((self._right, (panel, below), 1), (self._columns, (plots, self._right), 0)):
            splitter.setChildrenCollapsible(False)
            for part in parts:
                splitter.addWidget(part)
            splitter.setStretchFactor(growing, 1)
            splitter.setStretchFactor(1 - growing, 0)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(banner)
        column.addWidget(self._columns, 1)
        self._window.setCentralWidget(body)
        self._measure(panel)

    def restore(self) -> None:
        """Put everything where it was the last time."""
        restores = {"window": self._window.restoreGeometry}
        restores |= {"columns": self._columns.restoreState, "right": self._right.restoreState}
        for name, restore in restores.items():
            state = self._memory.layout(name)
            if state is not None:
                restore(state)

    def keep(self) -> None:
        """Remember where everything is."""
        self._memory.keep_layout("window", self._window.saveGeometry())
        self._memory.keep_layout("columns", self._columns.saveState())
        self._memory.keep_layout("right", self._right.saveState())

    def _measure(self, panel: QWidget) -> None:
        screen, wanted = self._window.screen().availableGeometry(), panel.sizeHint()
        width, height = min(1600, round(0.95 * screen.width())), min(1000, round(0.92 * screen.height()))
        self._window.resize(width, height)
        self._columns.setSizes([max(1, width - wanted.width()), wanted.width()])
        self._right.setSizes([wanted.height(), max(1, height - wanted.height())])
