"""Conductance, current, voltage and residuals against time: the plots of the window, with their legend."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nwlab.core.errors import NwlabError, UsageError
from nwlab.core.frames import DamageError
from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.plots.canvas import Canvas
from nwlab.live.plots.export_csv import Row, recorded, remembered, write_csv
from nwlab.live.plots.export_picture import write_png, write_svg
from nwlab.live.plots.kinds import SCALES
from nwlab.live.plots.legend import Legend
from nwlab.live.plots.sight import Sight
from nwlab.live.scene.detail import Detail
from nwlab.live.scene.scene import Scene


class PlotArea(QWidget):
    """Plots of a scene below one another, sharing the time axis.

    Drag to move in time, turn the wheel to zoom; left of a plot both act on its values, with Shift the wheel does
    everywhere. A double click, F or Home show what is newest again. A click on a name hides its line, a double click
    shows it alone.
    """

    hovered = Signal(str)
    """Values of all lines near the mouse; empty where it says nothing."""
    followed = Signal(bool)
    """Whether what is newest is followed, after a hand has changed that."""
    exported = Signal(str)
    """What became of an export, in words for the user."""

    def __init__(self, theme: Theme, sizes: Sizes | None = None) -> None:
        super().__init__()
        self._sight = Sight(theme, sizes or Sizes())
        self._seen: Hashable = None
        self._legend = Legend(theme, self._sight.sizes)
        self._canvas = Canvas(self._sight)
        self._canvas.hovered.connect(self.hovered)
        self._canvas.followed.connect(self.followed)
        self._legend.changed.connect(self._hide)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._legend)
        layout.addWidget(self._canvas, 1)
        self.setFocusProxy(self._canvas)
        self.set_theme(theme)

    def show_scene(self, scene: Scene) -> None:
        """Show a scene as it is now; costs next to nothing when nothing has happened."""
        seen = _state(scene)
        if seen != self._seen:
            self._seen = seen
            self._legend.set_names(tuple(line.name for line in scene.lines.values()))
            self._canvas.show_scene(scene)
        elif self._sight.is_late:
            self._canvas.advance()

    @property
    def follow(self) -> bool:
        """Whether what is newest is always seen."""
        return self._sight.stretch.follow

    @follow.setter
    def follow(self, follow: bool) -> None:
        if follow:
            self._sight.home()
        self._sight.stretch.follow = follow
        self._canvas.change()

    @property
    def span(self) -> float | None:
        """How many s are seen while following; None = all."""
        return self._sight.stretch.span

    @span.setter
    def span(self, span: float | None) -> None:
        if span is not None and not span > 0:
            raise UsageError(f"the plots can show a stretch of time of more than 0 s, not {span} s")
        self._sight.stretch.span = span
        self._sight.show(self._sight.scene)
        self._sight.look_again()
        self._canvas.change()

    @property
    def scale(self) -> str:
        """How conductance is plotted: "linear", "log" or "G0"."""
        return self._sight.scale

    @scale.setter
    def scale(self, scale: str) -> None:
        if scale not in SCALES:
            raise UsageError(f"conductance can be plotted as {', '.join(SCALES)}, not as {scale!r}")
        self._sight.scale = scale
        self._canvas.change()

    @property
    def detail(self) -> Detail | None:
        """Where every sample can be had that memory has thinned out; None = nowhere."""
        return self._canvas.detail

    @detail.setter
    def detail(self, detail: Detail | None) -> None:
        self._canvas.detail = detail

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._sight.theme = theme
        self._legend.set_theme(theme)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(theme.window))
        self.setPalette(palette)
        self._canvas.change()

    def set_sizes(self, sizes: Sizes) -> None:
        """Take other sizes of type and lines."""
        self._sight.sizes = sizes
        self._legend.set_sizes(sizes)
        self._canvas.resized()

    def export(self, path: str | Path) -> None:
        """Write what is seen as .png, .svg or .csv; `exported` tells what became of it.

        A table has every sample, as far as `detail` or memory still have it; it is written beside the window's work.
        Raises UsageError for any other kind of file.
        """
        path = Path(path)
        match path.suffix.lower():
            case ".png" | ".svg" as suffix:
                write = write_png if suffix == ".png" else write_svg
                self._attempt(path, lambda: write(path, self._sight, self._canvas.size(), self._canvas.font()))
            case ".csv":
                rows = self._rows()
                work = threading.Thread(target=self._attempt, args=(path, lambda: write_csv(path, rows)), daemon=True)
                work.start()
            case suffix:
                raise UsageError(f"{path.name}: the plots can be written as .png, .svg or .csv, not as {suffix!r}")

    def end(self) -> None:
        """Let go of the record; to be called before the widget goes away."""
        self._canvas.end()

    def _hide(self) -> None:
        self._sight.hidden = self._legend.hidden
        self._sight.look_again()
        self._canvas.change()

    def _rows(self) -> Iterable[Row]:
        """Return the samples that are seen: from the record later, from memory now, because it does not stand still."""
        sight, stretch = self._sight, self._sight.stretch
        if self.detail is None:
            return [row for line in sight.lines for row in remembered(line, stretch.begin, stretch.end)]
        seen = {line.number for line in sight.lines}
        names = {pair: line.name for pair, line in sight.scene.lines.items() if line.number in seen}
        return recorded(self.detail, names, stretch.begin, stretch.end)

    def _attempt(self, path: Path, write: Callable[[], int | None]) -> None:
        try:
            samples = write()
        except (OSError, NwlabError, DamageError) as error:
            self.exported.emit(f"{path} could not be written: {error}")
            return
        self.exported.emit(f"{path} was written" + (f" with {samples} samples" if samples is not None else ""))


def _state(scene: Scene) -> Hashable:
    """Return something that changes whenever there is more to be seen."""
    expected = sum(line.residual.samples for line in scene.lines.values())
    last = id(scene.marks[-1]) if scene.marks else 0
    return id(scene), scene.progress.samples, expected, last, len(scene.alarms), scene.progress.end is None
