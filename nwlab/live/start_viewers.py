"""Windows on runs, opened from the window that starts them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt

from nwlab.live.watched import Watched
from nwlab.live.window import LiveWindow


class Viewers:
    """One window for each run that is looked at."""

    def __init__(self) -> None:
        self._open: dict[Path, LiveWindow] = {}
        self._following: LiveWindow | None = None  # the one that shows what the queue plays

    def show(self, folder: Path) -> LiveWindow:
        """Show the run in a folder, in a new window or in the one that it has; raises FileError."""
        folder = folder.resolve()
        window = self._open.get(folder)
        if window is None:
            window = LiveWindow(Watched(folder))
            window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            window.destroyed.connect(lambda: self._forget(folder))
            self._open[folder] = window
        window.show()
        window.raise_()
        window.activateWindow()
        return window

    def follow(self, folder: Path) -> None:
        """Show a run that has just begun, in place of the one before it; raises FileError."""
        last = self._following
        self._following = self.show(folder)
        if last is not None and last is not self._following:
            last.close()

    @property
    def follows(self) -> bool:
        """Whether a person has left the window open that shows what is played."""
        return self._following is not None

    def _forget(self, folder: Path) -> None:
        window = self._open.pop(folder, None)
        if window is self._following:
            self._following = None
