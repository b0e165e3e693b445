"""Curves against time."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nwlab.live.detail import RecordDetail
from nwlab.live.graph import pg
from nwlab.live.scene import Scene
from nwlab.live.sizes import Sizes
from nwlab.live.theme import Theme


class PlotArea(QWidget):
    """Conductance of all lines."""

    hovered = Signal(str)
    followed = Signal(bool)
    exported = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.follow, self.scale = True, "linear"
        self.span: float | None = None
        self.detail: RecordDetail | None = None
        self._plot = pg.PlotWidget()
        layout = QVBoxLayout(self)
        layout.addWidget(self._plot)
        self._theme = theme
        self.set_theme(theme)

    def show_scene(self, scene: Scene) -> None:
        """Draw."""
        for line in scene.lines.values():
            points = line.conductance.view(0.0, scene.now, 2000) if line.conductance.samples else None
            if points is not None:
                self._plot.plot(points.time, points.value, clear=True, pen=self._theme.curves[0])

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        self._plot.setBackground(theme.panel)

    def set_sizes(self, sizes: Sizes) -> None:
        """Write in other sizes."""

    def export(self, path: str | Path) -> None:
        """Write what is seen."""
        self.grab().save(str(path))
        self.exported.emit(f"{path} was written")

    def end(self) -> None:
        """Let go of the record."""
