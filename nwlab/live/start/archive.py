"""Past runs, kept up to date, and what is done with one of them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from nwlab.live.look.theme import Theme
from nwlab.live.run.report_opener import ReportOpener
from nwlab.live.run.wording import Mood, Told
from nwlab.live.start.past import Past
from nwlab.live.start.past_list import PastList
from nwlab.live.start.program import Program
from nwlab.live.start.thumbnails import Reader


class Archive(QObject):
    """Owns the list; `tick` is to be called several times a second."""

    told = Signal(object)
    """What became of something that was asked for, as Told."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._reader = Reader(self)
        self.list = PastList(self._reader, theme)
        self.pasts: list[Past] = []
        self._wanted: Path | None = None  # a run that is to be chosen as soon as it is in the list
        self._exports: list[tuple[Past, Program]] = []
        self._reader.found.connect(self._take)
        self.list.report_asked.connect(self._report)
        self.list.export_asked.connect(self._export)
        self.list.folder_asked.connect(self._show_folder)

    def look(self, out: str) -> None:
        """Look for runs below a folder."""
        self._reader.look(Path(out.strip() or "."))

    def choose(self, folder: Path) -> None:
        """Choose a run as soon as it is in the list."""
        self._wanted = folder

    def tick(self) -> None:
        """See what became of what was asked for."""
        for past, program in list(self._exports):
            ended = program.look()
            if ended is not None:
                self._exports.remove((past, program))
                self._tell_export(past, ended.code, "; ".join(ended.complaints))

    def close(self) -> None:
        """End the thread; a program that still writes a file goes on."""
        self._reader.close()

    def _take(self, pasts: list[Past]) -> None:
        self.pasts = pasts
        self.list.show_runs(pasts)
        if self._wanted is not None and any(past.folder == self._wanted for past in pasts):
            self.list.choose(self._wanted)
            self._wanted = None

    def _report(self, past: Past) -> None:
        opener = ReportOpener(past.folder, self)
        opener.told.connect(self._tell)
        opener.done.connect(opener.deleteLater)
        opener.open()

    def _tell(self, text: str, is_wrong: bool) -> None:
        self.told.emit(Told(Mood.ALARM if is_wrong else Mood.PLAIN, text))

    def _export(self, past: Past) -> None:
        try:
            program = Program(["export", str(past.folder), "--format", "hdf5"], modest=True)
        except OSError as error:
            self._tell_export(past, -1, str(error.strerror))
            return
        self._exports.append((past, program))
        self.told.emit(Told(Mood.PLAIN, f"{past.folder.name} is being exported…"))

    def _tell_export(self, past: Past, code: int, complaint: str) -> None:
        if code:
            self.told.emit(Told(Mood.ALARM, f"{past.folder.name} could not be exported: {complaint}"))
        else:
            self.told.emit(Told(Mood.PLAIN, f"{past.folder.name} was exported into its folder"))

    def _show_folder(self, past: Past) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(past.folder.resolve()))):
            self.told.emit(Told(Mood.PLAIN, f"no program here shows folders; it is {past.folder.resolve()}"))
