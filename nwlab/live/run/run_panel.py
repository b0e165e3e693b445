"""How the run stands, how its bench fares, and the buttons that stop and pause it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.run.account import RunAccount
from nwlab.live.run.buttons import RunButtons
from nwlab.live.run.condition import Condition
from nwlab.live.run.lettering import em
from nwlab.live.scene.scene import Scene


class RunPanel(QWidget):
    """The account of a run above its buttons, which are always seen."""

    stop_asked = Signal()
    pause_asked = Signal()
    continue_asked = Signal()

    def __init__(self, theme: Theme, sizes: Sizes | None = None) -> None:
        super().__init__()
        self._account = RunAccount(theme, sizes or Sizes())
        self._buttons = RunButtons(theme, sizes or Sizes())
        self._buttons.stop_asked.connect(self.stop_asked)
        self._buttons.pause_asked.connect(self.pause_asked)
        self._buttons.continue_asked.connect(self.continue_asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(4)
        column.addWidget(self._account, 1)
        column.addWidget(self._buttons)
        self.show_scene(Scene(), Condition(), {})

    @property
    def enabled(self) -> dict[str, bool]:
        """What can be asked for now: "stop", "pause", "go_on"."""
        return self._buttons.enabled

    def show_scene(self, scene: Scene, condition: Condition, manifest: Mapping[str, Any]) -> None:
        """Show how a run stands now; `manifest` is its `run.json`."""
        self._account.show_scene(scene, condition, manifest)
        self._buttons.show_condition(condition)

    def press_escape(self) -> None:
        """Take a press of Esc; the second one within a second stops the run."""
        self._buttons.press_escape()

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._account.set_theme(theme)
        self._buttons.set_theme(theme)

    def set_sizes(self, sizes: Sizes) -> None:
        """Write in other sizes."""
        self._account.set_sizes(sizes)
        self._buttons.set_sizes(sizes)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which most runs are told without scrolling."""
        return QSize(24 * em(), 24 * em())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which the buttons and the state are there."""
        return QSize(20 * em(), self._buttons.minimumSizeHint().height() + 5 * em())
