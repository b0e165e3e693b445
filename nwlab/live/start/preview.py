"""What a dry run shows: stimulus and predicted conductance, how long, how much, how far, and what is refused."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.plots.plots import PlotArea
from nwlab.live.scene.scene import Scene
from nwlab.live.start.label import Line, bold, label, write
from nwlab.live.start.outcome import Outcome

_HEADS = ("terminal", "voltage", "current", "power", "charge")
_ROWS = 4  # of terminals that are seen without scrolling


class Preview(QWidget):
    """Shows the newest dry run."""

    asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._outcome = theme, Outcome()
        self.button, self.automatic = QPushButton("Dry run"), QCheckBox("by itself")
        self._state, self._refused, self._summary, self._remark = Line(), label(), label(), label()
        self.table, self.plots = QTableWidget(0, len(_HEADS)), PlotArea(theme)
        self._pages, self._nothing = QStackedWidget(), QLabel()
        self._lay_out()
        self.show_outcome(None)
        self.button.clicked.connect(self.asked)

    def show_outcome(self, outcome: Outcome | None) -> None:
        """Show what a dry run has shown; None = nothing yet."""
        self._outcome = outcome or Outcome()
        theme, shown = self._theme, self._outcome
        write(self._refused, "\n".join(f"Refused: {each}" for each in shown.refused), theme.alarm)
        write(self._summary, shown.summary())
        write(self._remark, "\n".join(filter(None, (shown.remark, *shown.notes()[:_ROWS]))), theme.note)
        for place in (self._refused, self._summary, self._remark):
            place.setVisible(bool(place.text()))
        self._fill(shown.rows())

    def show_under_way(self, *, is_under_way: bool) -> None:
        """Have the numbers stand back that are those of the dry run before."""
        for part in (self._refused, self._summary, self._remark, self.table):
            part.setEnabled(not is_under_way)

    def show_scene(self, scene: Scene) -> None:
        """Plot what the dry run has reached until now."""
        is_first = bool(scene.lines) and self._pages.currentWidget() is self._nothing
        self.plots.show_scene(scene)
        self._pages.setCurrentWidget(self.plots if scene.lines else self._nothing)
        if is_first:
            self.fit()

    def fit(self) -> None:
        """Show all of the plots, whatever a hand has done to those of an earlier dry run."""
        self.plots.follow = True

    def tell(self, text: str, *, is_stale: bool = False) -> None:
        """Say how the dry run stands; `is_stale`: what is shown is not what the form says now."""
        write(self._state, text, self._theme.note if is_stale else self._theme.quiet)

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        write(self._nothing, self._nothing.text(), theme.quiet)
        self.plots.set_theme(theme)
        self.show_outcome(self._outcome)

    def set_sizes(self, sizes: Sizes) -> None:
        """Write in other sizes."""
        self.plots.set_sizes(sizes)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Take the size of the type."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    def _lay_out(self) -> None:
        self.automatic.setChecked(True)
        self.automatic.setToolTip("after a change and a pause; not while a run is played")
        self.button.setToolTip("play it on simulated instruments with the same wiring and limits (Ctrl+D)")
        self._state.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        bold(self._refused)
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addWidget(self.automatic)
        row.addWidget(self._state, 1)
        self.table.setHorizontalHeaderLabels(_HEADS)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setShowGrid(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        for widget in (self._refused, self._summary, self.table, self._remark):
            column.addWidget(widget)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setText("Stimulus and predicted conductance\nare drawn here by a dry run.")
        self._pages.addWidget(self._nothing)
        self._pages.addWidget(self.plots)
        column.addWidget(self._pages, 1)

    def _fill(self, rows: list[tuple[str, ...]]) -> None:
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(number, column, item)
        self.table.setVisible(bool(rows))
        self._fit()

    def _fit(self) -> None:
        """As high as its rows, up to a few."""
        line = round(1.6 * self.fontMetrics().height())
        self.table.verticalHeader().setDefaultSectionSize(line)
        head = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(head + line * min(_ROWS, max(1, self.table.rowCount())) + 4)
