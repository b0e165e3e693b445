"""Dry runs as a person makes them up: begun by a press or after a pause in typing, shown as they come."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from nwlab.core.errors import FileError
from nwlab.live.run.condition import Stage
from nwlab.live.run.pace import fraction
from nwlab.live.run.watched import Watched
from nwlab.live.scene.scene import Scene
from nwlab.live.start.draft import Draft
from nwlab.live.start.outcome import Outcome
from nwlab.live.start.preview import Preview
from nwlab.live.start.rehearsal import Rehearsal, stamp_of

PAUSE = 700
"""Ms without a key after which a dry run begins by itself."""


class Rehearsals(QObject):
    """Keeps a preview up to date; `tick` is to be called several times a second."""

    changed = Signal()
    """A dry run has begun or ended."""

    def __init__(self, preview: Preview, parent: QObject) -> None:
        super().__init__(parent)
        self.rehearsal = Rehearsal()
        self.is_busy = False  # whether a run is played, beside which no dry run begins by itself
        self._preview, self._draft = preview, None
        self._watched: Watched | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._begin_by_itself)
        preview.asked.connect(self.begin)
        preview.automatic.toggled.connect(self._pause.start)

    def edit(self, draft: Draft) -> None:
        """Take what the form says now."""
        self._draft: Draft | None = draft
        self._pause.start()
        self._tell()

    def begin(self) -> None:
        """Begin a dry run of what the form says now, if it can be made."""
        self._pause.stop()
        draft = self._draft
        if draft is None or draft.complaint():
            return
        self._let_go()
        try:
            self.rehearsal.begin(draft)
        except OSError as error:
            self._preview.show_outcome(Outcome(refused=(f"the dry run cannot be started: {error.strerror}",)))
        self.changed.emit()
        self._tell()

    def tick(self) -> None:
        """Show what is new."""
        if self.rehearsal.look():
            outcome = self.rehearsal.outcome
            self._preview.show_outcome(outcome)
            if outcome is not None and not outcome.samples:
                self._preview.show_scene(Scene())
            self.changed.emit()
        self._watch()
        self._tell()

    def close(self) -> None:
        """End what is under way."""
        self._pause.stop()
        self._let_go()
        self.rehearsal.close()

    def _begin_by_itself(self) -> None:
        draft = self._draft
        if draft is None or self.is_busy or not self._preview.automatic.isChecked():
            return
        if self.rehearsal.stamp != stamp_of(draft):
            self.begin()

    def _watch(self) -> None:
        if self._watched is None and self.rehearsal.is_under_way:
            folder = self.rehearsal.folder
            try:
                self._watched = None if folder is None else Watched(folder)
            except FileError:
                return  # its folder has gone in this moment
        watched = self._watched
        if watched is None:
            return
        watched.look()
        self._preview.show_scene(watched.scene)
        if watched.condition.stage is Stage.OVER and not self.rehearsal.is_under_way:
            self._preview.fit()
            self._let_go()

    def _let_go(self) -> None:
        if self._watched is not None:
            self._watched.close()
            self._watched = None

    def _tell(self) -> None:
        draft, rehearsal = self._draft, self.rehearsal
        if draft is None:
            return
        self._preview.button.setEnabled(not draft.complaint())
        self._preview.show_under_way(is_under_way=rehearsal.is_under_way)
        is_same = rehearsal.stamp == stamp_of(draft)
        if rehearsal.is_under_way:
            done = None if self._watched is None else fraction(self._watched.scene.progress)
            self._preview.tell("under way…" if done is None else f"under way… {100 * done:.0f} %")
        elif rehearsal.outcome is None:
            self._preview.tell("none yet")
        elif is_same:
            self._preview.tell("of exactly these settings")
        else:
            self._preview.tell("of other settings than these", is_stale=True)
