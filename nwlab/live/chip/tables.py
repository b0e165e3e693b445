"""The conductance matrix and the images of a run as they grow, one at a time."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from nwlab.live.chip.heatmap import Heatmap
from nwlab.live.look.palette import palette
from nwlab.live.look.theme import Theme
from nwlab.live.scene.image import Image
from nwlab.live.scene.scene import Scene

MATRIX = "conductance between pairs"


class ImagePanel(QWidget):
    """A chooser above the image that was chosen; until somebody chooses, the first that holds anything."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chooser = QComboBox()
        self.chooser.setAccessibleName("image shown")
        self.heatmap = Heatmap(theme)
        self._images: dict[str, Image] = {}
        self._has_chosen = False
        self._matrix = np.empty((0, 0))
        self._shown: Image | None = None
        inside = QVBoxLayout(self)
        inside.setContentsMargins(6, 6, 6, 6)
        inside.addWidget(self.chooser)
        inside.addWidget(self.heatmap, stretch=1)
        self.chooser.textActivated.connect(self._choose)
        self.set_theme(theme)
        self._show()

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self.setPalette(palette(theme))
        self.heatmap.set_theme(theme)

    def show_scene(self, scene: Scene) -> None:
        """Show what a scene holds now; costs next to nothing when nothing has changed."""
        if not np.array_equal(scene.matrix, self._matrix, equal_nan=True):
            self._matrix = scene.matrix.copy()
            self._images[MATRIX] = Image(MATRIX, "S", self._matrix, scene.terminals, scene.terminals)
        self._images.update(scene.images)
        known = [self.chooser.itemText(index) for index in range(self.chooser.count())]
        self.chooser.addItems([title for title in self._images if title not in known])
        if not self._has_chosen and (title := self._first()):
            self.chooser.setCurrentText(title)
        self._show()

    def _choose(self, _: str) -> None:
        self._has_chosen = True
        self._show()

    def _first(self) -> str:
        """Title of the first image that holds anything; empty when there is none."""
        return next((title for title, image in self._images.items() if np.isfinite(image.values).any()), "")

    def _show(self) -> None:
        image = self._images.get(self.chooser.currentText())
        if image is None or not np.isfinite(image.values).any():
            self.heatmap.show_remark("nothing measured between a pair of terminals yet, and no image published")
        elif image is not self._shown:
            self.heatmap.show_image(image, is_log=True if image.title == MATRIX else None)
        self._shown = image
