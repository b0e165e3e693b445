"""Makes the report of a run by the command that does so, and opens it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from nwlab.live.run.modesty import stand_back


class ReportOpener(QObject):
    """Runs `nwlab report` beside the window, which does not wait."""

    told = Signal(str, bool)
    """What became of it, and whether it went wrong."""
    done = Signal()
    """Nothing more will be told of this report."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder, self._process = folder, QProcess(self)
        self._process.started.connect(lambda: stand_back(self._process.processId()))
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)

    def open(self) -> None:
        """Begin; a second call meanwhile does nothing."""
        if self._process.state() is QProcess.ProcessState.NotRunning:
            self.told.emit("the report is being made…", False)
            self._process.start(sys.executable, ["-m", "nwlab", "report", str(self._folder), "--json"])

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:  # anything else is told when it has finished
            self.told.emit(f"the report could not be made: {self._process.errorString()}", True)
            self.done.emit()

    def _finished(self, code: int) -> None:
        said = bytes(self._process.readAllStandardOutput().data()).decode(errors="replace")
        complaint = bytes(self._process.readAllStandardError().data()).decode(errors="replace").strip()
        page = _page(said) if code == 0 else None
        if page is None:
            reason = complaint.splitlines()[-1] if complaint else f"it left with code {code}"
            self.told.emit(f"the report could not be made: {reason}", True)
        elif _browse(page):
            self.told.emit(f"the report is {page}", False)
        else:
            self.told.emit(f"the report is {page}; no program here opens it", True)
        self.done.emit()


def _browse(page: Path) -> bool:
    """Have a page shown by the browser that a person has named, or the desktop's; returns whether one was started."""
    url = QUrl.fromLocalFile(str(page.resolve()))
    named = shlex.split(os.environ.get("BROWSER", "").split(os.pathsep)[0].replace("%s", ""))
    if named and QProcess.startDetached(named[0], [*named[1:], url.toString()])[0]:
        return True
    return QDesktopServices.openUrl(url)


def _page(said: str) -> Path | None:
    """Return the page that the command says it has written."""
    try:
        words = json.loads(said)
    except ValueError:
        return None
    return next((Path(each) for each in _texts(words) if each.endswith(".html")), None)


def _texts(words: Any) -> list[str]:
    if isinstance(words, dict):
        return [text for each in words.values() for text in _texts(each)]
    if isinstance(words, list):
        return [text for each in words for text in _texts(each)]
    return [words] if isinstance(words, str) else []
