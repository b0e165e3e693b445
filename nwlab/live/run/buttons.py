"""Stop, Pause and Continue."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.run.condition import Condition, Stage
from nwlab.live.run.lettering import resize_type
from nwlab.live.run.stop_keys import Twice

_RED, _DARK_RED = "#B3261E", "#7F1A14"  # in every theme, as on an instrument


class RunButtons(QWidget):
    """Offers what makes sense now; what comes of it is up to whoever listens."""

    stop_asked = Signal()
    pause_asked = Signal()
    continue_asked = Signal()

    def __init__(self, theme: Theme, sizes: Sizes) -> None:
        super().__init__()
        self._twice = Twice()
        self._stop, self._pause, self._continue = QPushButton(), QPushButton("Pause"), QPushButton("Continue")
        self._stop.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for button, signal, about in (
            (self._stop, self.stop_asked, "ends the run after its present block, then makes the bench safe"),
            (self._pause, self.pause_asked, "waits after the present drive, with the chip at rest"),
            (self._continue, self.continue_asked, "ends the pause"),
        ):
            button.clicked.connect(signal)
            button.setToolTip(about)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self._stop, 0, 0, 1, 2)
        grid.addWidget(self._pause, 1, 0)
        grid.addWidget(self._continue, 1, 1)
        self.set_theme(theme)
        self.set_sizes(sizes)

    @property
    def enabled(self) -> dict[str, bool]:
        """What can be asked for now: "stop", "pause", "go_on"."""
        buttons = {"stop": self._stop, "pause": self._pause, "go_on": self._continue}
        return {name: button.isEnabled() for name, button in buttons.items()}

    def press_escape(self) -> None:
        """Take a press of Esc; the second one within a second stops the run."""
        if self._stop.isEnabled() and self._twice.press():
            self.stop_asked.emit()

    def show_condition(self, condition: Condition) -> None:
        """Offer what makes sense as the run stands."""
        stage = condition.stage
        self._stop.setEnabled(stage.is_played and (stage is not Stage.STOPPING or condition.asked is not None))
        self._pause.setEnabled(stage is Stage.RUNNING)
        self._continue.setEnabled(stage in (Stage.PAUSED, Stage.PAUSING))
        for button in (self._pause, self._continue):
            button.setVisible(stage.is_played or stage is Stage.WAITING)
        text = self._stop_text(stage)
        if self._stop.text() != text:
            self._stop.setText(text)

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._stop.setStyleSheet(
            f"QPushButton {{ background: {_RED}; color: white; border: none; border-radius: 6px; font-weight: bold }}"
            f"QPushButton:pressed {{ background: {_DARK_RED} }}"
            f"QPushButton:focus {{ border: 2px solid {theme.text} }}"
            f"QPushButton:disabled {{ background: {theme.grid}; color: {theme.quiet} }}"
        )
        for button in (self._pause, self._continue):
            button.setStyleSheet(f"QPushButton:disabled {{ color: {theme.quiet} }}")

    def set_sizes(self, sizes: Sizes) -> None:
        """Write in other sizes."""
        resize_type(self._stop, sizes.large, bold=True)
        for button in (self._pause, self._continue):
            resize_type(button, 1.2 * sizes.base)
        self._stop.setMinimumHeight(round(1.9 * self._stop.fontMetrics().height()))

    def _stop_text(self, stage: Stage) -> str:
        if stage is Stage.STOPPING:
            return "Stopping…"
        if not stage.is_played:
            return "Stop"
        return "Esc once more: STOP" if self._twice.is_armed else "STOP  (Esc Esc)"
