"""The chip as it lies on the table."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel

from nwlab.live.chip_layout import ChipLayout
from nwlab.live.scene import Scene
from nwlab.live.theme import Theme


class ChipMap(QLabel):
    """Names each terminal's role."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.set_theme(theme)

    def set_chip(self, layout: ChipLayout) -> None:
        """Show a chip."""

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""

    def show_scene(self, scene: Scene) -> None:
        """Show what a scene says now."""
        pairs = zip(scene.terminals, scene.roles, strict=False)
        self.setText("\n".join(f"{name}: {role.value}" for name, role in pairs))
