"""What is told of a run beside its buttons; it scrolls where the screen is small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from nwlab.core.record import info_from_json
from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.run import wording
from nwlab.live.run.condition import Condition
from nwlab.live.run.lettering import colour_of, resize_type, write
from nwlab.live.run.pace import fraction
from nwlab.live.run.safety import Safety
from nwlab.live.run.values import Values
from nwlab.live.run.wording import Mood, Told
from nwlab.live.scene.scene import Mark, Scene

_STEPS = 1000  # of the progress bar
_LISTED = 50  # alarms, and as many remarks
_SAFETY = {
    Safety.CONFIRMED: Mood.GOOD,
    Safety.NOTHING: Mood.PLAIN,
    Safety.OPEN: Mood.PLAIN,
    Safety.UNTOUCHED: Mood.NOTE,
    Safety.NOT_CONFIRMED: Mood.ALARM,
}


class RunAccount(QScrollArea):
    """State, progress, newest values, counts, alarms and remarks."""

    def __init__(self, theme: Theme, sizes: Sizes) -> None:
        super().__init__()
        self._theme = theme
        self._headline, self._what, self._step = QLabel(), QLabel(), QLabel()
        self._bar, self._time = QProgressBar(), QLabel()
        self._values = Values(theme, sizes)
        self._facts = {name: QLabel() for name in ("measured", "relays closed", "last block", "disk", "left behind")}
        self._form = QFormLayout()
        self._alarms, self._remarks = QLabel(), QLabel()
        self._lay_out()
        self.set_theme(theme)
        self.set_sizes(sizes)

    def show_scene(self, scene: Scene, condition: Condition, manifest: Mapping[str, Any]) -> None:
        """Tell how a run stands now."""
        told = wording.headline(condition)
        self._write(self._headline, told.text[:1].upper() + told.text[1:], told.mood)
        self._show_run(scene, manifest)
        self._show_progress(scene, condition)
        self._values.show_lines(list(scene.lines.values()), is_now=condition.stage.is_played)
        self._show_facts(scene, condition)
        self._write(self._alarms, _listed(scene.alarms), Mood.ALARM)
        self._write(self._remarks, _listed(list(scene.remarks)), Mood.NOTE)

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = self._values.theme = theme
        done = QColor(theme.curves[0])
        self._bar.setStyleSheet(
            f"QProgressBar {{ border: 1px solid {theme.grid}; border-radius: 4px; background: {theme.panel}; "
            f"color: {theme.text}; text-align: center }}"
            f"QProgressBar::chunk {{ background: rgba({done.red()}, {done.green()}, {done.blue()}, 100); "
            "border-radius: 3px }"
        )

    def set_sizes(self, sizes: Sizes) -> None:
        """Write in other sizes."""
        self._values.sizes = sizes
        resize_type(self._headline, sizes.large, bold=True)
        resize_type(self._bar, sizes.base)

    def _lay_out(self) -> None:
        self._bar.setRange(0, _STEPS)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(4)
        for widget in (self._headline, self._what, self._step, self._bar, self._time, self._values):
            column.addWidget(widget)
        column.addLayout(self._form)
        column.addWidget(self._alarms)
        column.addWidget(self._remarks)
        column.addStretch(1)
        self._fill_form()
        for label in (self._what, self._step, self._time, self._alarms, self._remarks):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _fill_form(self) -> None:
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(2)
        for name, label in self._facts.items():
            self._form.addRow(name, label)
            label.setWordWrap(True)

    def _show_run(self, scene: Scene, manifest: Mapping[str, Any]) -> None:
        info = info_from_json(manifest)
        where = " on ".join(filter(None, (info.chip, info.bench)))
        write(self._what, ": ".join(filter(None, (info.name, where))))
        write(self._step, f"step {scene.progress.label}" if scene.progress.label else "")

    def _show_progress(self, scene: Scene, condition: Condition) -> None:
        progress, done = scene.progress, fraction(scene.progress)
        self._bar.setVisible(done is not None)
        if done is not None:
            share = 1.0 if condition.status == "finished" else done
            self._bar.setValue(round(_STEPS * share))
            self._bar.setFormat(f"{100 * share:.0f} %")
        write(self._time, wording.of_time(condition, progress))

    def _show_facts(self, scene: Scene, condition: Condition) -> None:
        progress, disk, verdict = scene.progress, condition.disk, condition.verdict
        self._fact("measured", Told(Mood.PLAIN, wording.counted(progress)))
        self._fact("relays closed", None if progress.relays is None else Told(Mood.PLAIN, str(progress.relays)))
        self._fact("last block", wording.of_silence(condition) if condition.stage.is_played else None)
        room = disk and Told(Mood.ALARM if disk.is_short else Mood.PLAIN, wording.of_disk(disk))
        self._fact("disk", room if condition.stage.is_played else None)
        self._fact("left behind", verdict and Told(_SAFETY[verdict.safety], verdict.safety.value))

    def _fact(self, name: str, told: Told | None) -> None:
        label = self._facts[name]
        self._form.setRowVisible(label, told is not None)
        if told is not None:
            self._write(label, told.text, told.mood)

    def _write(self, label: QLabel, text: str, mood: Mood) -> None:
        write(label, text, colour_of(mood, self._theme))


def _listed(marks: Sequence[Mark]) -> str:
    """The newest comes first."""
    newest = [mark.text for mark in reversed(marks[-_LISTED:])]
    return "\n".join([*newest, *([f"and {len(marks) - _LISTED} more"] if len(marks) > _LISTED else [])])
