"""The plots as a widget: paints, follows the mouse, fetches detail."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nwlab.live.plots.axes import font_of
from nwlab.live.plots.hand import Hand
from nwlab.live.plots.hover import Hover, paint_hover
from nwlab.live.plots.loader import Loader
from nwlab.live.plots.picture import Layout, Picture, lay_out, paint, refresh
from nwlab.live.plots.readout import read_at
from nwlab.live.plots.sight import Sight
from nwlab.live.plots.stretch import Stretch
from nwlab.live.scene.detail import Close, Detail
from nwlab.live.scene.scene import Scene
from nwlab.live.scene.trace import KEPT

_MOST = 5_000_000
"""Samples of all lines that are fetched at once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What detail was asked for."""

    begin: float  # s
    end: float  # s

    def suits(self, stretch: Stretch) -> bool:
        """Whether its answer is as close a look at a stretch as there can be."""
        inside = self.begin <= stretch.begin and stretch.end <= self.end
        return inside and self.end - self.begin < 3 * stretch.width


class Canvas(QWidget):
    """Paints what a sight sees; a hand moves it."""

    hovered = Signal(str)
    """What is said at the mouse; empty where it is not."""
    followed = Signal(bool)
    """A hand has taken hold, or let go: whether the newest is followed now."""

    def __init__(self, sight: Sight) -> None:
        super().__init__()
        self.sight = sight
        self.detail: Detail | None = None
        self._picture: Picture | None = None
        self._mouse: QPointF | None = None
        self._hover: Hover | None = None
        self._layout: Layout | None = None  # of what is in the strips; None when it is something else
        self._outline: Hashable = None  # whatever is painted besides curves
        self._asked: Asked | None = None
        self._loader = Loader(self)
        self._loader.arrived.connect(self._take_close)
        self._loader.failed.connect(self._take_failure)
        self.installEventFilter(Hand(self, self))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(320, 240))
        self.resized()

    def show_scene(self, scene: Scene) -> None:
        """Show a scene as it is now."""
        if scene is not self.sight.scene:
            self._asked = None
        self.sight.show(scene)
        self.advance()

    def advance(self) -> None:
        """Paint what is new, on top of what is there where the rest has stayed the same."""
        before = self._outline
        column = self._refresh()
        still = self._outline == before and self._mouse is None and self._layout is not None
        self.update(self._layout.from_column(column) if still and self._layout else self.rect())

    def change(self) -> None:
        """Paint everything, because something else is to be seen."""
        self._layout = None
        self.update()

    def resized(self) -> None:
        """Take the sizes of the sight."""
        self.setFont(font_of(self.font(), self.sight.sizes.small))
        self.change()

    def pan(self, right: float, down: float, at: QPointF) -> None:
        """Move what is seen by a way in px; at an axis of values, the values."""
        picture = self._picture
        if picture is None:
            return
        plot = picture.frame.plot_at(at.y())
        if at.x() < picture.frame.inside.left():
            picture.panels[plot].heights.pan(down / picture.frame.plots[plot].height())
            self.change()
        elif right:
            self.sight.stretch.pan(-right / picture.frame.inside.width())
            self._moved()

    def zoom(self, factor: float, at: QPointF, *, upright: bool) -> None:
        """Show `factor` times as much time around a place, or as many values."""
        picture = self._picture
        if picture is None:
            return
        index = picture.frame.plot_at(at.y())
        plot = picture.frame.plots[index]
        if upright or at.x() < plot.left():
            picture.panels[index].heights.zoom(factor, (plot.bottom() - at.y()) / plot.height())
            self.change()
        else:
            self.sight.stretch.zoom(factor, picture.charts[index].time(at.x() - plot.left()))
            self._moved()

    def home(self) -> None:
        """Follow the newest again, and show all of its values."""
        self.sight.home()
        self.followed.emit(True)
        self.change()

    def point(self, at: QPointF | None) -> None:
        """Say what is there."""
        self._mouse = at
        self.update()

    def _close_look(self, detail: Detail) -> None:
        """Fetch detail from the record where memory is coarse and the record is not too much."""
        sight, stretch, asked = self.sight, self.sight.stretch, self._asked
        most = min(2 * round(self.width() * self.devicePixelRatioF()), KEPT)
        beyond = sum(line.current.beyond(stretch.begin, stretch.end, most) for line in sight.lines)
        if not beyond:
            sight.hint = ""
        elif beyond > _MOST:
            sight.hint = "coarse: zoom in for every sample"
        elif asked is None or not asked.suits(stretch):
            sight.hint = "fetching every sample …"
            self._asked = Asked(stretch.begin - stretch.width / 2, stretch.end + stretch.width / 2)
            self._loader.ask(detail, sight.scene.lines, self._asked.begin, self._asked.end)

    def end(self) -> None:
        """Let go of the record."""
        self._loader.close()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint what is new."""
        if self._layout is None or self._layout.frame.size != self.size():
            self._refresh()
        assert self._layout is not None
        said = self._hover
        with QPainter(self) as painter:
            painter.setFont(self.font())
            self._picture = paint(painter, self.sight, self._layout, event.rect())
            self._hover = None if self._mouse is None else self._look(self._picture, self._mouse)
            if self._hover is not None:
                paint_hover(painter, self._hover, self._picture.frame, self.sight.theme)
        text = "" if self._hover is None else str(self._hover.readout)
        if text != ("" if said is None else str(said.readout)):
            self.hovered.emit(text)

    def _refresh(self) -> int:
        """Lay out, fetch detail, paint what is new into the strips; return the first column that has changed."""
        sight = self.sight
        if self.detail is not None and not sight.stretch.follow:
            self._close_look(self.detail)
        self._layout = lay_out(sight, self.size(), self.font(), self.devicePixelRatioF())
        column = refresh(sight, self._layout)
        marks = sight.scene.marks
        heights = tuple((panel.heights.low, panel.heights.high) for panel in sight.panels)
        last = marks[-1] if marks else None
        self._outline = self._layout, heights, sight.hint, last, len(marks), len(sight.scene.alarms), sight.theme.name
        return column

    def _look(self, picture: Picture, mouse: QPointF) -> Hover | None:
        """Return what is said where the mouse is."""
        if not picture.frame.inside.contains(mouse.toPoint()):
            return None
        index = picture.frame.plot_at(mouse.y())
        plot, chart, sight = picture.frame.plots[index], picture.charts[index], self.sight
        x, y = mouse.x() - plot.left(), mouse.y() - plot.top()
        readout = read_at(picture.panels[index].kind, sight.lines, chart, sight.scale, x, y)
        if readout is None:
            return None
        right, down = chart.place(readout.time, readout.value)
        return Hover(readout, index, QPointF(plot.left() + right, plot.top() + down), mouse)

    def _moved(self) -> None:
        self.sight.look_again()
        self.followed.emit(False)
        self.change()

    def _take_close(self, close: Close) -> None:
        self.sight.close, self.sight.hint = close, ""
        self.sight.look_again()
        self.change()

    def _take_failure(self, reason: str) -> None:
        self.sight.hint = f"coarse, because the record cannot be read: {reason}"
        self.detail = None
        self.change()
