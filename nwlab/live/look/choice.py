"""One of several, in a menu and in a box, which always say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QComboBox, QMenu, QWidget


class Choice(QObject):
    """Offers values by their names."""

    chosen = Signal(object)

    def __init__(self, known: Mapping[Any, str], now: object) -> None:
        """`known` maps values to names; `now` is chosen, or the first when it is none of them."""
        super().__init__()
        self._known, self._index = known, list(known).index(now) if now in known else 0
        self._boxes: list[QComboBox] = []
        self._actions: list[QAction] = []

    def menu(self, title: str, parent: QMenu) -> QMenu:
        """Return a menu."""
        menu, group = QMenu(title, parent), QActionGroup(self)
        for index, name in enumerate(self._known.values()):
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(index == self._index)
            action.triggered.connect(lambda _=False, index=index: self.choose(index))
            group.addAction(action)
            self._actions.append(action)
        return menu

    def box(self) -> QWidget:
        """Return a box; the keyboard stays with the plots."""
        box = QComboBox()
        box.addItems(list(self._known.values()))
        box.setCurrentIndex(self._index)
        box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        box.activated.connect(self.choose)
        self._boxes.append(box)
        return box

    def choose(self, index: int) -> None:
        """Choose the value at a place."""
        self._index = index
        for box in self._boxes:
            box.setCurrentIndex(index)
        for place, action in enumerate(self._actions):
            action.setChecked(place == index)
        self.chosen.emit(list(self._known)[index])
