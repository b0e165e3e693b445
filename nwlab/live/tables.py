"""Matrices and images."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel

from nwlab.live.scene import Scene
from nwlab.live.theme import Theme


class ImagePanel(QLabel):
    """Names the images."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""

    def show_scene(self, scene: Scene) -> None:
        """Show what a scene says now."""
        self.setText("\n".join(scene.images) or f"matrix {scene.matrix.shape}")
