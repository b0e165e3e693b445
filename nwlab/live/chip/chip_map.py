"""The chip as it lies on the table, with what is done to each terminal now."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QToolTip, QWidget

from nwlab.live.chip.front import Front
from nwlab.live.chip.ground import paint_image, paint_junctions, paint_wires
from nwlab.live.chip.hover import told_at
from nwlab.live.chip.labels import Box
from nwlab.live.chip.layout import ChipLayout, on_circle
from nwlab.live.chip.legend import Item, Strip, bar_item, lay_out, role_items, ruler_item, text_item
from nwlab.live.chip.plan import Plan, plan
from nwlab.live.chip.state import ChipState, state_of
from nwlab.live.look.colour_scale import ColourScale, scale_of
from nwlab.live.look.palette import palette
from nwlab.live.look.theme import Theme
from nwlab.live.scene.image import Image
from nwlab.live.scene.scene import Scene


class ChipMap(QWidget):
    """Paints terminals, their roles and values, and the network between them."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout: ChipLayout | None = None
        self._given = False  # whether the layout is the chip's own
        self._state = ChipState({})
        self._image: Image | None = None
        self._plan: Plan | None = None
        self._size = QSize()  # that was planned for
        self._strip: Strip | None = None
        self._ground = QPixmap()  # what lies below the marks
        self._picture = QPixmap()  # the same with the marks
        self._front: Front | None = None
        self.setMouseTracking(True)
        self.set_theme(theme)

    def set_chip(self, layout: ChipLayout) -> None:
        """Show a chip."""
        self._layout, self._given = layout, True
        self._renew()

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        self.setPalette(palette(theme))
        self._renew()

    def show_scene(self, scene: Scene) -> None:
        """Show what a scene says now; costs next to nothing when nothing has changed."""
        if not self._given and scene.terminals and (self._layout is None or self._layout.names != scene.terminals):
            self._layout = on_circle(scene.terminals)
            self._renew()
        image = next((each for each in reversed(scene.images.values()) if each.extent is not None), None)
        if image is not self._image:
            self._image = image
            self._renew()
        state = state_of(scene)
        if state != self._state:
            self._state = state
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which everything can be read."""
        em = round(self._em)
        return QSize(34 * em, 32 * em)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the smallest size that still shows who is driven."""
        em = round(self._em)
        return QSize(14 * em, 12 * em)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Lay out anew when the font changes."""
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self._renew()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint everything; what seldom changes comes from a picture."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        layout = self._layout
        if layout is None:
            painter.fillRect(self.rect(), QColor(self._theme.panel))
            painter.setPen(QColor(self._theme.quiet))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "no chip yet")
            return
        front = self._painted(layout, self._lay_out(layout))
        painter.drawPixmap(0, 0, self._picture)
        front.paint_values(painter, self._state)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell what lies under the pointer."""
        QToolTip.showText(event.globalPosition().toPoint(), self.told_at(event.position()), self)

    def told_at(self, at: QPointF) -> str:
        """Return what is known of the terminal or junction at a point of the widget; empty where there is none."""
        layout = self._layout
        return "" if layout is None else told_at(layout, self._lay_out(layout), self._state, at.x(), at.y())

    @property
    def _em(self) -> float:
        return QFontMetricsF(self.font()).height() * 0.8

    def _renew(self) -> None:
        self._plan = None
        self.update()

    def _lay_out(self, layout: ChipLayout) -> Plan:
        if self._plan is None or self.size() != self._size:
            self._size = self.size()
            roles = role_items(self._theme, self.font(), self._em)
            self._strip = lay_out(roles, self._more(layout), self.width(), self.height(), self._em)
            self._plan = plan(layout, self._strip.area, self._em)
            self._ground = QPixmap()
        return self._plan

    def _more(self, layout: ChipLayout) -> list[Item]:
        theme, font, em = self._theme, self.font(), self._em
        items = list[Item]()
        if (scale := self._scale(layout)) is not None:
            items.append(bar_item(theme, font, em, self._title(), scale))
        if not layout.is_to_scale:
            return [*items, text_item(theme, font, em, "positions not known")]
        return [*items, ruler_item(theme, font, em, lambda: self._lay_out(layout).frame.scale)]

    def _title(self) -> str:
        image = self._image
        return "junctions of the fresh chip" if image is None else f"{image.title}"

    def _scale(self, layout: ChipLayout) -> ColourScale | None:
        """The colours of an image of the chip; without one, of its junctions."""
        if self._image is not None and layout.is_to_scale:
            return scale_of(self._image.values, self._image.unit)
        if layout.wires is None:
            return None
        return scale_of(layout.wires.conductance, "S", is_log=True)

    def _painted(self, layout: ChipLayout, laid: Plan) -> Front:
        """Paint what has changed since the last time into the pictures."""
        ratio, front = self.devicePixelRatioF(), self._front
        if self._ground.isNull() or self._ground.devicePixelRatio() != ratio:
            self._ground = QPixmap(self.size() * ratio)
            self._ground.setDevicePixelRatio(ratio)
            self._ground.fill(QColor(self._theme.panel))
            with _painter(self._ground) as painter:
                self._paint_ground(painter, layout, laid)
            front = None
        if front is None or front.state.outline != self._state.outline:
            front = self._front = Front(layout, laid, self._state, self._theme, self.font())
            self._picture = QPixmap(self._ground)
            with _painter(self._picture) as painter:
                front.paint_marks(painter)
        return front

    def _paint_ground(self, painter: QPainter, layout: ChipLayout, laid: Plan) -> None:
        scale, theme, strip = self._scale(layout), self._theme, self._strip
        assert strip is not None
        strip.paint(painter)
        painter.setClipRect(_rect(laid.area))
        if self._image is not None and scale is not None:
            paint_image(painter, self._image, laid.frame, theme, scale)
        if layout.wires is not None and scale is not None:
            paint_wires(painter, layout.wires, laid.frame, theme)
            if self._image is None:
                paint_junctions(painter, layout.wires, laid.frame, theme, scale)


@contextmanager
def _painter(picture: QPixmap) -> Generator[QPainter, None, None]:
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    try:
        yield painter
    finally:
        painter.end()


def _rect(box: Box) -> QRectF:
    return QRectF(box.left, box.top, box.width, box.height)
