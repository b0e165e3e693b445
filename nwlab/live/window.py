"""The window: plots, the chip, images, and how the run stands.

Theory of operation. One timer ticks thirty times a second. Each tick takes what is new of the run, for a few
milliseconds at most, and has the parts of the window repaint what has changed; so the window stays responsive however
long the record is that it has to catch up with. A part that fails is left out and told; the rest, and above all the
button that stops the run, goes on.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox, QWidget

from nwlab.core.errors import NwlabError
from nwlab.core.record import info_from_json
from nwlab.live.arrangement import Arrangement
from nwlab.live.chip.chip_map import ChipMap
from nwlab.live.chip.reader import ChipReader
from nwlab.live.chip.tables import ImagePanel
from nwlab.live.controls import Controls
from nwlab.live.faults import Faults
from nwlab.live.look.chosen_theme import chosen_theme
from nwlab.live.look.memory import Memory
from nwlab.live.look.palette import dress, write_in
from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.plots.plots import PlotArea
from nwlab.live.run import wording
from nwlab.live.run.banner import Banner
from nwlab.live.run.report_opener import ReportOpener
from nwlab.live.run.run_panel import RunPanel
from nwlab.live.run.watched import Watched
from nwlab.live.scene.detail import RecordDetail
from nwlab.runs.requests import Request

TICK = 33
"""Ms between two looks at the run."""
_SLOW = 5  # ticks between two updates of what people read, and of the plots while there is much to catch up
_ABOUT = (
    "nwlab {version}\n\nInstruments, models and protocols for memristive nanowire networks.\n\n"
    "This window only reads the record of a run. Closing it, or its end, does nothing to the run.\n\n"
    "Stop ends a run by software; it is no safety function in the sense of the instruments' manuals."
)


class LiveWindow(QMainWindow):
    """Shows one run."""

    def __init__(self, watched: Watched, version: str = "") -> None:
        """`version` is that of the program, for those who report a fault."""
        super().__init__()
        self._version = version
        self.watched, self.faults, self._memory = watched, Faults(), Memory()
        self._theme, self._sizes, self._ticks = self._chosen_theme(), self._memory.sizes, 0
        self._reader: ChipReader | None = None
        self.panel, self.banner = RunPanel(self._theme), Banner(self._theme)
        self.plots, self.chip_map, self.images = PlotArea(self._theme), ChipMap(self._theme), ImagePanel(self._theme)
        self._views: list[PlotArea | ChipMap | ImagePanel] = [self.plots, self.chip_map, self.images]
        self.controls, self._arrangement = Controls(self, self._memory), Arrangement(self, self._memory)
        self._report = ReportOpener(watched.folder, self)
        self._connect()
        self.use_theme(self._theme)
        self.use_sizes(self._sizes)
        tabs: dict[str, QWidget] = {"Chip": self.chip_map, "Matrix and images": self.images}
        self._arrangement.lay_out(self.banner, self.plots, self.panel, tabs)
        self._arrangement.restore()
        self.plots.span, self.plots.scale = self._memory.span, self._memory.scale
        self.plots.detail = RecordDetail(watched.folder, watched.index)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._timer.start(TICK)
        self.tick()

    def tick(self) -> None:
        """Take what is new of the run, and show it."""
        is_new = self.faults.guard("the run", self.watched.look)
        is_slow = self._ticks % _SLOW == 0
        self._ticks += 1
        if is_slow:
            self._tell()
        if is_slow or (is_new and self.watched.condition.share == 1.0):
            for view in list(self._views):
                self._show(view)

    def use_theme(self, theme: Theme) -> None:
        """Paint everything in the colours of a theme."""
        self._theme = theme
        dress(theme)
        for part in (self.panel, self.banner, *self._views):
            part.set_theme(theme)

    def use_sizes(self, sizes: Sizes) -> None:
        """Write everything in these sizes."""
        self._sizes = self._memory.sizes = sizes
        write_in(sizes)
        self.plots.set_sizes(sizes)
        self.panel.set_sizes(sizes)

    def export_to(self, path: Path) -> None:
        """Write what is seen of the plots to a file; the status bar tells what became of it."""
        try:
            self.plots.export(path)
        except (NwlabError, OSError) as error:
            self._say(f"{path} could not be written: {error}")

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Remember how the window lay, and let go of the run's files."""
        self._timer.stop()
        self._arrangement.keep()
        self.plots.end()
        if self._reader is not None:
            self._reader.close()
        self.watched.close()
        super().closeEvent(event)

    def _show(self, view: PlotArea | ChipMap | ImagePanel) -> None:
        """Have a part show what is new; one that fails is left out from then on."""
        if self.faults.guard(type(view).__name__, lambda: view.show_scene(self.watched.scene)) is None:
            self._views.remove(view)

    def _connect(self) -> None:
        panel, controls, plots = self.panel, self.controls, self.plots
        for source, request in (
            (panel.stop_asked, Request.STOP),
            (controls.stop, Request.STOP),
            (panel.pause_asked, Request.PAUSE),
            (controls.pause, Request.PAUSE),
            (panel.continue_asked, Request.CONTINUE),
            (controls.go_on, Request.CONTINUE),
        ):
            source.connect(lambda request=request: self._ask(request))
        for source, slot in (
            (controls.escape, self._escape),
            (controls.follow, self._use_follow),
            (controls.span, self._use_span),
            (controls.scale, self._use_scale),
            (controls.theme, self._choose_theme),
            (controls.size, self._change_size),
            (controls.export, self._export),
            (controls.report, self._report.open),
            (controls.about, self._tell_about),
            (plots.hovered, self.statusBar().showMessage),
            (plots.followed, self._note_follow),
            (plots.exported, self._say),
            (self._report.told, self._say),
            (QGuiApplication.styleHints().colorSchemeChanged, self._follow_system),
        ):
            source.connect(slot)

    def _tell(self) -> None:
        watched = self.watched
        condition, scene = watched.condition, watched.scene
        self.faults.guard("RunPanel", lambda: self.panel.show_scene(scene, condition, watched.manifest))
        told = wording.notices(condition, scene, watched.manifest, watched.folder)
        self.banner.tell([*self.faults.told, *told])
        self.controls.show_buttons(**self.panel.enabled)
        self.setWindowTitle(f"{watched.name} \N{EN DASH} {wording.headline(condition).text} \N{EN DASH} nwlab")
        self.faults.guard("ChipReader", self._show_chip)

    def _show_chip(self) -> None:
        watched = self.watched
        if self._reader is None and watched.manifest and watched.scene.terminals:
            chip = info_from_json(watched.manifest).documents.get("chip")
            self._reader = ChipReader(chip, watched.scene.terminals)
        layout = None if self._reader is None else self._reader.poll()
        if layout is not None:
            self.chip_map.set_chip(layout)

    def _ask(self, request: Request) -> None:
        self.watched.ask(request)
        self._tell()

    def _escape(self) -> None:
        self.panel.press_escape()
        self._tell()

    def _use_follow(self, follow: bool) -> None:
        self.plots.follow = follow

    def _note_follow(self, follow: bool) -> None:
        self.controls.show_follow(follow=follow)

    def _use_span(self, span: float | None) -> None:
        self.plots.span = self._memory.span = span
        self.plots.follow = True
        self.controls.show_follow(follow=True)

    def _use_scale(self, scale: str) -> None:
        self.plots.scale = self._memory.scale = scale

    def _choose_theme(self, name: str) -> None:
        self._memory.theme = name
        self.use_theme(self._chosen_theme())

    def _follow_system(self) -> None:
        self.use_theme(self._chosen_theme())

    def _chosen_theme(self) -> Theme:
        return chosen_theme(self._memory)

    def _change_size(self, direction: int) -> None:
        sizes = self._sizes
        self.use_sizes(sizes.larger() if direction > 0 else sizes.smaller() if direction < 0 else Sizes())

    def _export(self) -> None:
        proposed = str(self.watched.folder / f"{self.watched.name}.png")
        kinds = "Picture (*.png);;Drawing (*.svg);;Table of what is seen (*.csv)"
        path, kind = QFileDialog.getSaveFileName(self, "Export what is seen", proposed, kinds)
        if path:
            suffix = kind.rpartition("*")[2].rstrip(")")
            self.export_to(Path(path) if Path(path).suffix else Path(path + suffix))

    def _tell_about(self) -> None:
        QMessageBox.about(self, "About nwlab", _ABOUT.format(version=self._version))

    def _say(self, text: str) -> None:
        self.statusBar().showMessage(text, 15_000)
