"""How the run stands, how its bench fares, and the buttons that stop and pause it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from nwlab.core.record import info_from_json
from nwlab.live import wording
from nwlab.live.condition import Condition, Stage
from nwlab.live.pace import fraction
from nwlab.live.safety import Safety
from nwlab.live.scene import Scene
from nwlab.live.sizes import Sizes
from nwlab.live.stop_keys import Twice
from nwlab.live.theme import Theme
from nwlab.live.values import Values
from nwlab.live.wording import Mood, Told

_STEPS = 1000  # of the progress bar
_LISTED = 50  # alarms, and as many remarks


class RunPanel(QWidget):
    """Shows a run's condition; what its buttons mean is up to whoever listens."""

    stop_asked = Signal()
    pause_asked = Signal()
    continue_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._sizes, self._twice = theme, Sizes(), Twice()
        self._headline, self._what, self._step = QLabel(), QLabel(), QLabel()
        self._bar, self._time = QProgressBar(), QLabel()
        self._values = Values(theme, self._sizes)
        self._facts = {name: QLabel() for name in ("measured", "relays closed", "last block", "disk", "left behind")}
        self._alarms, self._remarks = QLabel(), QLabel()
        self._stop, self._pause, self._continue = QPushButton(), QPushButton("Pause"), QPushButton("Continue")
        self._lay_out()
        self._connect()
        self.set_theme(theme)
        self.set_sizes(self._sizes)
        self.show_scene(Scene(), Condition(), {})

    def show_scene(self, scene: Scene, condition: Condition, manifest: Mapping[str, Any]) -> None:
        """Show how a run stands now."""
        told = wording.headline(condition)
        _write(self._headline, told.text[:1].upper() + told.text[1:], self._colour(told.mood))
        self._show_run(scene, manifest)
        self._show_progress(scene, condition)
        self._values.show_lines(list(scene.lines.values()))
        self._show_facts(scene, condition)
        self._show_list(scene)
        self._show_buttons(condition)

    @property
    def enabled(self) -> dict[str, bool]:
        """What can be asked for now: "stop", "pause", "go_on"."""
        buttons = {"stop": self._stop, "pause": self._pause, "go_on": self._continue}
        return {name: button.isEnabled() for name, button in buttons.items()}

    def press_escape(self) -> None:
        """Take a press of Esc; the second one within a second stops the run."""
        if self._stop.isEnabled() and self._twice.press():
            self.stop_asked.emit()

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = self._values.theme = theme
        self._stop.setStyleSheet(
            f"QPushButton {{ background: {_STOP}; color: white; border: none; border-radius: 6px; font-weight: bold }}"
            f"QPushButton:pressed {{ background: {_STOP_PRESSED} }}"
            f"QPushButton:focus {{ border: 2px solid {theme.text} }}"
            f"QPushButton:disabled {{ background: {theme.grid}; color: {theme.quiet} }}"
        )
        self._bar.setStyleSheet(
            f"QProgressBar {{ border: 1px solid {theme.grid}; border-radius: 4px; background: {theme.panel}; "
            f"color: {theme.text}; text-align: center }}"
            f"QProgressBar::chunk {{ background: {_translucent(theme.curves[0])}; border-radius: 3px }}"
        )
        for button in (self._pause, self._continue):
            button.setStyleSheet(f"QPushButton:disabled {{ color: {theme.quiet} }}")

    def set_sizes(self, sizes: Sizes) -> None:
        """Write in other sizes."""
        self._sizes = self._values.sizes = sizes
        for widget, points in (
            (self._headline, sizes.large),
            (self._stop, sizes.large),
            (self._pause, 1.2 * sizes.base),
            (self._continue, 1.2 * sizes.base),
            (self._bar, sizes.base),
        ):
            font = QFont(self.font())
            font.setPointSizeF(points)
            font.setBold(widget in (self._headline, self._stop))
            widget.setFont(font)
        self._stop.setMinimumHeight(round(1.9 * self._stop.fontMetrics().height()))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which most runs are told without scrolling."""
        em = _em()
        return QSize(24 * em, 25 * em)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which the buttons and the state are there."""
        em = _em()
        return QSize(20 * em, self._stop.minimumHeight() + 7 * em)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self._pause)
        buttons.addWidget(self._continue)
        self._stop.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(4)
        column.addWidget(self._scrolled(), 1)
        column.addWidget(self._stop)
        column.addLayout(buttons)

    def _scrolled(self) -> QScrollArea:
        """What is told scrolls where the screen is small; the buttons stay."""
        self._bar.setRange(0, _STEPS)
        body, area = QWidget(), QScrollArea()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(4)
        for widget in (self._headline, self._what, self._step, self._bar, self._time, self._values):
            column.addWidget(widget)
        column.addLayout(self._form_of_facts())
        for label in (self._alarms, self._remarks):
            column.addWidget(label)
        column.addStretch(1)
        for label in (self._what, self._step, self._time, self._alarms, self._remarks):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        area.setWidget(body)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return area

    def _form_of_facts(self) -> QFormLayout:
        form = self._form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(2)
        for name, label in self._facts.items():
            form.addRow(name, label)
            label.setWordWrap(True)
        return form

    def _connect(self) -> None:
        self._stop.clicked.connect(self.stop_asked)
        self._pause.clicked.connect(self.pause_asked)
        self._continue.clicked.connect(self.continue_asked)
        self._stop.setToolTip("ends the run after its present block, then makes the bench safe")
        self._pause.setToolTip("waits after the present drive, with the chip at rest")
        self._continue.setToolTip("ends the pause")

    def _show_run(self, scene: Scene, manifest: Mapping[str, Any]) -> None:
        info = info_from_json(manifest)
        where = " on ".join(filter(None, (info.chip, info.bench)))
        _write(self._what, ": ".join(filter(None, (info.name, where))))
        _write(self._step, f"step {scene.progress.label}" if scene.progress.label else "")

    def _show_progress(self, scene: Scene, condition: Condition) -> None:
        progress, done = scene.progress, fraction(scene.progress)
        self._bar.setVisible(done is not None)
        if done is not None:
            share = 1.0 if condition.status == "finished" else done
            self._bar.setValue(round(_STEPS * share))
            self._bar.setFormat(f"{100 * share:.0f} %")
        _write(self._time, wording.of_time(condition, progress))

    def _show_facts(self, scene: Scene, condition: Condition) -> None:
        progress = scene.progress
        self._fact("measured", Told(Mood.PLAIN, wording.counted(progress)))
        relays = None if progress.relays is None else Told(Mood.PLAIN, str(progress.relays))
        self._fact("relays closed", relays)
        silence = wording.of_silence(condition)
        self._fact("last block", silence if condition.stage.is_played else None)
        disk = condition.disk
        room = disk and Told(Mood.ALARM if disk.is_short else Mood.PLAIN, wording.of_disk(disk))
        self._fact("disk", room if condition.stage.is_played else None)
        verdict = condition.verdict
        self._fact("left behind", verdict and Told(_SAFETY[verdict.safety], verdict.safety.value))

    def _fact(self, name: str, told: Told | None) -> None:
        label = self._facts[name]
        self._form.setRowVisible(label, told is not None)
        if told is not None:
            _write(label, told.text, self._colour(told.mood))

    def _show_list(self, scene: Scene) -> None:
        """Alarms first, the newest on top."""
        for label, marks, mood in (
            (self._alarms, scene.alarms, Mood.ALARM),
            (self._remarks, scene.remarks, Mood.NOTE),
        ):
            newest = list(islice(reversed(marks), _LISTED))
            more = [f"and {len(marks) - len(newest)} more"] if len(marks) > len(newest) else []
            _write(label, "\n".join([*(mark.text for mark in newest), *more]), self._colour(mood))

    def _show_buttons(self, condition: Condition) -> None:
        stage = condition.stage
        self._stop.setEnabled(stage.is_played and (stage is not Stage.STOPPING or condition.asked is not None))
        self._pause.setEnabled(stage is Stage.RUNNING)
        self._continue.setEnabled(stage in (Stage.PAUSED, Stage.PAUSING))
        for button in (self._pause, self._continue):
            button.setVisible(stage.is_played or stage is Stage.WAITING)
        _name(self._stop, self._stop_text(stage))

    def _stop_text(self, stage: Stage) -> str:
        if stage is Stage.STOPPING:
            return "Stopping…"
        if not stage.is_played:
            return "Stop"
        return "Esc once more: STOP" if self._twice.is_armed else "STOP  (Esc Esc)"

    def _colour(self, mood: Mood) -> str:
        theme = self._theme
        return {Mood.GOOD: theme.good, Mood.NOTE: theme.note, Mood.ALARM: theme.alarm}.get(mood, theme.text)


_STOP, _STOP_PRESSED = "#B3261E", "#7F1A14"
_SAFETY = {
    Safety.CONFIRMED: Mood.GOOD,
    Safety.NOTHING: Mood.PLAIN,
    Safety.OPEN: Mood.PLAIN,
    Safety.UNTOUCHED: Mood.NOTE,
    Safety.NOT_CONFIRMED: Mood.ALARM,
}


def _write(label: QLabel, text: str, colour: str = "") -> None:
    """Setting what is there already would lay out the window anew."""
    if label.text() != text:
        label.setText(text)
        label.setVisible(bool(text))
    palette = label.palette()
    if colour and palette.color(QPalette.ColorRole.WindowText) != QColor(colour):
        palette.setColor(QPalette.ColorRole.WindowText, QColor(colour))
        label.setPalette(palette)


def _em() -> int:
    """Height of a line in px; a widget that was never shown does not know it."""
    return QFontMetrics(QApplication.font()).height()


def _translucent(colour: str) -> str:
    full = QColor(colour)
    return f"rgba({full.red()}, {full.green()}, {full.blue()}, 100)"


def _name(button: QPushButton, text: str) -> None:
    if button.text() != text:
        button.setText(text)
