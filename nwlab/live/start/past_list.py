"""The list of past runs with their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QImage, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QMenu

from nwlab.live.look.theme import Theme
from nwlab.live.start.past import Past
from nwlab.live.start.past_row import Row, picture_size
from nwlab.live.start.thumbnails import Reader

_Index = QModelIndex | QPersistentModelIndex


class PastModel(QAbstractListModel):
    """Past runs; a picture is asked for when its row is painted for the first time."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self.pasts: list[Past] = []
        self.size = QSize(64, 48)  # of pictures, px of the screen
        self._reader = reader
        self._pictures: dict[Path, QImage | None] = {}  # None = asked for
        reader.made.connect(self._take)

    def show(self, pasts: Sequence[Past]) -> None:
        """Show other runs; new ones are put in at their places, so that what is chosen stays chosen."""
        if list(pasts) == self.pasts:
            return
        if [past.folder for past in pasts] == [past.folder for past in self.pasts]:
            self.pasts = list(pasts)
            self.dataChanged.emit(self.index(0), self.index(len(pasts) - 1))
            return
        self.beginResetModel()
        self.pasts = list(pasts)
        self.endResetModel()

    def forget(self) -> None:
        """Have all pictures made anew, in another size."""
        self._pictures.clear()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Return how many runs there are."""
        return 0 if parent.isValid() else len(self.pasts)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what is read aloud, the run itself, or its picture."""
        if not index.isValid() or index.row() >= len(self.pasts):
            return None
        past = self.pasts[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return f"{past.info.name}, {past.status}, {past.where}, {past.started}"
            case Qt.ItemDataRole.ToolTipRole:
                return "\n".join(filter(None, (str(past.folder), past.reason)))
            case Qt.ItemDataRole.UserRole:
                return past
            case Qt.ItemDataRole.DecorationRole:
                return self._picture(past)
            case _:
                return None

    def _picture(self, past: Past) -> QImage | None:
        picture = past.picture
        if picture is None:
            return None
        if picture not in self._pictures:
            self._pictures[picture] = None
            self._reader.draw(picture, self.size)
        return self._pictures[picture]

    def _take(self, picture: Path, image: QImage) -> None:
        if picture in self._pictures:
            self._pictures[picture] = image
            for row, past in enumerate(self.pasts):
                if past.folder == picture.parent:
                    self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])


class PastList(QListView):
    """Lists past runs; a double click or Return opens one, more can be asked for by the context menu."""

    open_asked = Signal(object)
    again_asked = Signal(object)
    report_asked = Signal(object)
    export_asked = Signal(object)
    folder_asked = Signal(object)

    def __init__(self, reader: Reader, theme: Theme) -> None:
        super().__init__()
        self.runs = PastModel(reader)
        self._row = Row(theme)
        self.setModel(self.runs)
        self.setItemDelegate(self._row)
        self.setAccessibleName("past runs")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setUniformItemSizes(True)
        self.doubleClicked.connect(self._open)
        self._fit()

    def show_runs(self, pasts: Sequence[Past]) -> None:
        """Show these runs."""
        chosen = self.chosen
        self.runs.show(pasts)
        if chosen is not None and self.chosen is None:
            self.choose(chosen.folder)

    @property
    def chosen(self) -> Past | None:
        """The run that is chosen."""
        found = self.currentIndex().data(Qt.ItemDataRole.UserRole)
        return found if isinstance(found, Past) else None

    def choose(self, folder: Path) -> None:
        """Choose the run in a folder, if it is in the list."""
        for row, past in enumerate(self.runs.pasts):
            if past.folder == folder:
                self.setCurrentIndex(self.runs.index(row))

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._row.theme = theme
        self.viewport().update()

    def _fit(self) -> None:
        size = picture_size(self.fontMetrics()) * self.devicePixelRatioF()
        if size != self.runs.size:
            self.runs.size = size
            self.runs.forget()
        self.scheduleDelayedItemsLayout()

    def _open(self, index: QModelIndex) -> None:
        self.open_asked.emit(index.data(Qt.ItemDataRole.UserRole))

    def menu(self, past: Past) -> QMenu:
        """Return what can be done with a run."""
        menu = QMenu(self)
        for text, signal in (
            ("&Open", self.open_asked),
            ("&Again: fill the form", self.again_asked),
            ("&Report", self.report_asked),
            ("&Export as HDF5", self.export_asked),
            ("Show the &folder", self.folder_asked),
        ):
            menu.addAction(text).triggered.connect(lambda _=False, signal=signal: signal.emit(past))
        return menu

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Take the size of the type."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """Offer what can be done with the run under the mouse, or with the one that is chosen."""
        is_by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if is_by_key else self.indexAt(event.pos())
        past = index.data(Qt.ItemDataRole.UserRole)
        if isinstance(past, Past):
            place = self.visualRect(index).center() if is_by_key else QPoint(event.pos())
            self.menu(past).popup(self.viewport().mapToGlobal(place))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Return opens the run that is chosen."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.chosen is not None:
            self.open_asked.emit(self.chosen)
            return
        super().keyPressEvent(event)
