"""What takes time to be read of past runs is read beside the window's own thread: the list, and small pictures."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader

from nwlab.live.start.past import PastRuns

_WAITING = 64  # pictures; what was asked for longest ago is not on the screen any more


class Reader(QObject):
    """One thread that looks for runs and makes thumbnails; it ends with `close`."""

    found = Signal(object)
    """The runs below the folder that was asked for, as a list of Past."""
    made = Signal(object, QImage)
    """A thumbnail of a picture (its path); empty when it cannot be read."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._change = threading.Condition()
        self._out: Path | None = None
        self._pictures: OrderedDict[Path, QSize] = OrderedDict()
        self._closed = False
        self._runs = PastRuns()
        self._thread = threading.Thread(target=self._work, name="past runs", daemon=True)
        self._thread.start()

    def look(self, out: Path) -> None:
        """Look for runs below a folder."""
        with self._change:
            self._out = out
            self._change.notify()

    def draw(self, picture: Path, size: QSize) -> None:
        """Make a thumbnail that fits into a size."""
        with self._change:
            self._pictures[picture] = size
            while len(self._pictures) > _WAITING:
                self._pictures.popitem(last=False)
            self._change.notify()

    def close(self) -> None:
        """End the thread."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._closed or self._out is not None or bool(self._pictures))
                if self._closed:
                    return
                out, self._out = self._out, None
                job = None if out is not None else self._pictures.popitem()
            if out is not None:
                self.found.emit(self._look(out))
            elif job is not None:
                self.made.emit(job[0], _small(*job))

    def _look(self, out: Path) -> list[object]:
        try:
            return [*self._runs.look(out)]
        except OSError:
            return []  # a folder that may not be read, or a drive that is gone


def _small(picture: Path, size: QSize) -> QImage:
    reader = QImageReader(str(picture))
    reader.setScaledSize(reader.size().scaled(size, Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()
