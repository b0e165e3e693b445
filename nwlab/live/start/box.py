"""A box that offers what is listed, or a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from nwlab.live.start.catalogue import Entry, entry_of
from nwlab.live.start.order import pace


class CalmBox(QComboBox):
    """A combo box that a wheel does not turn while somebody scrolls past it."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Leave the wheel to what is around."""
        event.ignore()


class PaceBox(CalmBox):
    """Chooses how much time simulated instruments take."""

    def __init__(self) -> None:
        super().__init__()
        for speed in (None, 1.0, 10.0, 100.0):
            self.addItem(pace(speed), speed)

    @property
    def speed(self) -> float | None:
        """Times real time; None = they never wait."""
        speed = self.currentData()
        return speed if isinstance(speed, float) else None

    def choose(self, speed: float | None) -> None:
        """Choose a speed, which is added to the list when it is not there yet."""
        if all(self.itemData(index) != speed for index in range(self.count())):
            self.addItem(pace(speed), speed)
        self.setCurrentIndex(next(index for index in range(self.count()) if self.itemData(index) == speed))


class NameBox(CalmBox):
    """Lists names with what they mean; when it is closed, the name is enough."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(10)
        self.setMaxVisibleItems(20)

    def showPopup(self) -> None:  # noqa: N802
        """Make room for the longest line."""
        view = self.view()
        view.setTextElideMode(Qt.TextElideMode.ElideRight)
        view.setMinimumWidth(min(view.sizeHintForColumn(0) + 24, self.screen().availableGeometry().width() // 2))
        super().showPopup()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        """Paint the name alone."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        entry = self.currentData()
        option.currentText = entry.name if isinstance(entry, Entry) else self.currentText()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


class EntryBox(QWidget):
    """Chooses an entry of a list, or a file that is not among them."""

    chosen = Signal()

    def __init__(self, known: tuple[Entry, ...], nothing: str = "") -> None:
        """`nothing` is offered first where choosing nothing makes sense, in these words."""
        super().__init__()
        self._known = known
        self.box, self.file = NameBox(), QToolButton()
        self.file.setText("File…")
        self.file.setToolTip("open a file that is not in the list")
        if nothing:
            self.box.addItem(nothing, None)
        for entry in known:
            self._add(entry)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.box, 1)
        row.addWidget(self.file)
        self.setFocusProxy(self.box)
        self.box.currentIndexChanged.connect(self.chosen)
        self.file.clicked.connect(self._ask)

    @property
    def entry(self) -> Entry | None:
        """What is chosen."""
        entry = self.box.currentData()
        return entry if isinstance(entry, Entry) else None

    def choose(self, entry: Entry | None) -> None:
        """Choose an entry, which is added to the list when it is not there yet."""
        index = next((place for place in range(self.box.count()) if self.box.itemData(place) == entry), -1)
        if index < 0 and entry is not None:
            index = self.box.count()
            self._add(entry)
        self.box.setCurrentIndex(max(index, 0))

    def choose_file(self, path: Path) -> None:
        """Choose a file."""
        self.choose(entry_of(path, self._known))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return room for a short name."""
        return QSize(80, super().minimumSizeHint().height())

    def _add(self, entry: Entry) -> None:
        about = f"  \N{EN DASH}  {entry.about}" if entry.about else ""
        self.box.addItem(entry.name + about, entry)
        self.box.setItemData(self.box.count() - 1, str(entry.path), Qt.ItemDataRole.ToolTipRole)

    def _ask(self) -> None:
        folder = "" if self.entry is None else str(self.entry.path.parent)
        path, _ = QFileDialog.getOpenFileName(self, "Open a file", folder, "nwlab files (*.toml);;All files (*)")
        if path:
            self.choose_file(Path(path))
