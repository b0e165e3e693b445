"""What a hand does to the plots: drag to move in time, wheel to zoom, at an axis of values up and down."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

_NOTCH = 120  # of a wheel, in Qt's units
_ZOOM = 1.25  # for each notch
_HOME = (Qt.Key.Key_F, Qt.Key.Key_Home)


class Held(Protocol):
    """What a hand takes hold of; places and ways in px."""

    def pan(self, right: float, down: float, at: QPointF) -> None:
        """Move what is seen by a way; it was taken hold of `at`."""
        ...

    def zoom(self, factor: float, at: QPointF, *, upright: bool) -> None:
        """Show `factor` times as much around `at`: of time, or, where `upright` or at an axis of values, of values."""
        ...

    def home(self) -> None:
        """Show what is newest again, and all of its values."""
        ...

    def point(self, at: QPointF | None) -> None:
        """Say what is there; None where there is no mouse."""
        ...


class Hand(QObject):
    """Watches a widget's events; `install` it there as an event filter."""

    def __init__(self, held: Held, parent: QObject) -> None:
        super().__init__(parent)
        self._held = held
        self._taken: QPointF | None = None  # where a drag began
        self._last = QPointF()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Take an event of the widget; return whether it ends here."""
        if isinstance(event, QWheelEvent):
            return self._wheel(event)
        if isinstance(event, QMouseEvent):
            return self._mouse(event)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in _HOME:
            self._held.home()
            return True
        if event.type() == QEvent.Type.Leave:
            self._held.point(None)
        return False

    def _wheel(self, event: QWheelEvent) -> bool:
        turned, modifiers = event.angleDelta(), event.modifiers()
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            return False  # the window's own: larger and smaller type
        if turned.y():
            upright = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            self._held.zoom(_ZOOM ** (-turned.y() / _NOTCH), event.position(), upright=upright)
        elif turned.x():
            self._held.pan(turned.x() / 2, 0.0, event.position())
        return True

    def _mouse(self, event: QMouseEvent) -> bool:
        left, place = Qt.MouseButton.LeftButton, event.position()
        match event.type():
            case QEvent.Type.MouseButtonDblClick if event.button() == left:
                self._taken = None
                self._held.home()
            case QEvent.Type.MouseButtonPress if event.button() == left:
                self._taken = self._last = place
            case QEvent.Type.MouseMove if self._taken is not None and event.buttons() & left:
                self._held.pan(place.x() - self._last.x(), place.y() - self._last.y(), self._taken)
                self._last = place
            case QEvent.Type.MouseMove:
                self._held.point(place)
            case QEvent.Type.MouseButtonRelease if event.button() == left:
                self._taken = None
                self._held.point(place)
            case _:
                return False
        return True
