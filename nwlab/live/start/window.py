"""The window in which runs are made up, rehearsed, started and found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QMainWindow,
    QMessageBox,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from nwlab.core.errors import NwlabError
from nwlab.live.faults import Faults
from nwlab.live.look.chosen_theme import chosen_theme
from nwlab.live.look.memory import Memory
from nwlab.live.look.palette import boxes, dress, write_in
from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.run.banner import Banner
from nwlab.live.run.lettering import em, resize_type
from nwlab.live.run.wording import Mood, Told
from nwlab.live.start.archive import Archive
from nwlab.live.start.catalogue import Catalogue
from nwlab.live.start.draft import Choices, Draft
from nwlab.live.start.form import Form
from nwlab.live.start.label import group
from nwlab.live.start.launch import Launch
from nwlab.live.start.menu import StartMenu
from nwlab.live.start.past import Past, choices_of, played_on
from nwlab.live.start.player import Begun, Over, Player, job_of
from nwlab.live.start.preview import Preview
from nwlab.live.start.queue import QueueList
from nwlab.live.start.rehearsal import files_now, refusal
from nwlab.live.start.rehearsals import Rehearsals
from nwlab.live.start.viewers import Viewers
from nwlab.live.start.words import told_of

TICK = 100
"""Ms between two looks at what is under way."""
_TOLD = 3  # things across the top
_SLOW = 20  # ticks between two looks at files and past runs


class StartWindow(QMainWindow):
    """Chooses, rehearses, starts, queues; a run that was started needs it no more."""

    def __init__(self, catalogue: Catalogue, out: str) -> None:
        super().__init__()
        self.setWindowTitle("nwlab")
        self._catalogue, self._out, self._memory = catalogue, out, Memory()
        self._theme, self._ticks = chosen_theme(self._memory), 0
        self._told: list[Told] = []
        self._files: object = None  # of the draft, as they were when it was read
        self._opens = False  # whether the next run that begins gets a window
        self._sizes = self._memory.sizes
        self.faults, self.player, self.viewers = Faults(), Player(), Viewers()
        self.form, self.preview, self.launch = Form(catalogue, self._theme), Preview(self._theme), Launch(self._theme)
        self.queue, self.banner = QueueList(self.player, self._theme), Banner(self._theme)
        self.archive, self.rehearsals = Archive(self._theme, self), Rehearsals(self.preview, self)
        self.noted = QPushButton("Noted")
        self.menu = StartMenu(self, self._memory)
        self._lay_out()
        self._connect()
        self.use_theme(self._theme)
        self.use_sizes(self._memory.sizes)
        self._remember()
        self.clear_form()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.tick)
        self._timer.start(TICK)
        self.tick()

    @property
    def draft(self) -> Draft:
        """What the form says now."""
        draft = self.form.draft
        assert draft is not None
        return draft

    def tick(self) -> None:
        """Look at what is under way."""
        for news in self.player.look():
            self._take(news)
        for told in self.viewers.look():
            self.tell(told)
        self.rehearsals.is_busy = self.player.playing is not None
        self.rehearsals.tick()
        self.archive.tick()
        if self._ticks % _SLOW == 0:
            self.archive.look(self.form.out.text())
            if files_now(self.draft.files) != self._files:
                self.form.look_again()
        self._ticks += 1
        self._refresh()

    def run(self) -> None:
        """Start what the form says, if it may be started."""
        if self._why_not() or self.player.playing is not None:
            return
        self._told = [told for told in self._told if told.mood is Mood.ALARM]
        self._opens = True
        self._attempt("the run", lambda: self.player.play(job_of(self.draft)))

    def add(self) -> None:
        """Put what the form says at the end of the queue, if it may be started."""
        if not self._why_not():
            self.player.waiting.append(job_of(self.draft))
            self._refresh()

    def clear_form(self) -> None:
        """Have the form as if nobody had touched it."""
        self.form.fill(Choices(self._catalogue.protocols[0], self._catalogue.usual_bench, out=self._out))

    def fill_again(self, past: Past) -> None:
        """Have the form say what a past run was asked for."""
        try:
            self.form.fill(choices_of(past, self._catalogue, self.form.out.text()))
        except NwlabError as error:
            self.tell(Told(Mood.ALARM, f"{past.folder.name} cannot be made up again: {error}"))

    def open_run(self, folder: Path) -> None:
        """Show a run in a window of its own."""
        self._attempt("the window on the run", lambda: self._show(folder))

    def tell(self, told: Told) -> None:
        """Say something: what matters across the top, the rest at the bottom."""
        if told.mood in (Mood.PLAIN, Mood.GOOD):
            self.statusBar().showMessage(told.text, 30_000)
            return
        self._told = [told, *self._told][:_TOLD]
        self._refresh()

    def use_theme(self, theme: Theme) -> None:
        """Paint everything in the colours of a theme."""
        self._theme = theme
        dress(theme)
        # A style sheet keeps the sizes of type from reaching what lies below it: boxes only.
        for box in self.findChildren(QCheckBox):
            box.setStyleSheet(boxes(theme))
        for part in (self.form, self.preview, self.launch, self.queue, self.banner, self.archive.list):
            part.set_theme(theme)

    def use_sizes(self, sizes: Sizes) -> None:
        """Write everything in these sizes."""
        self._sizes = self._memory.sizes = sizes
        write_in(sizes)
        for box in self.findChildren(QCheckBox):  # nor does it reach what has a style sheet of its own
            resize_type(box, sizes.base)
        self.preview.set_sizes(sizes)
        self.launch.set_sizes(sizes)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Follow what was chosen in another window of this program."""
        super().changeEvent(event)
        kinds = (QEvent.Type.ApplicationPaletteChange, QEvent.Type.ApplicationFontChange)
        if event.type() not in kinds or self._ticks == 0:
            return
        if chosen_theme(self._memory) is not self._theme:
            self.use_theme(chosen_theme(self._memory))
        if self._memory.sizes != self._sizes:
            self.use_sizes(self._memory.sizes)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Ask what is to become of the queue, when a person closes the window; then let go of everything."""
        if event.spontaneous() and not self._may_leave():
            event.ignore()
            return
        self._timer.stop()
        self._memory.keep_layout("start", self.saveGeometry())
        self._memory.keep_layout("start columns", self._columns.saveState())
        self.rehearsals.close()
        self.archive.close()
        self.player.close()
        self.preview.plots.end()
        super().closeEvent(event)

    def _may_leave(self) -> bool:
        count = len(self.player.waiting)
        if not count:
            return True
        runs = "1 run waits" if count == 1 else f"{count} runs wait"
        text = f"{runs} in the queue and will not be played when this window is closed. Close it?"
        return QMessageBox.question(self, "nwlab", text) is QMessageBox.StandardButton.Yes

    def _leave(self) -> None:
        if self._may_leave():
            self.close()

    def _why_not(self) -> str:
        draft = self.draft
        why = refusal(draft, self.rehearsals.rehearsal)
        if why or draft.simulated or draft.bench is None or self.player.playing is not None:
            return why
        other = played_on(draft.bench.path, self.archive.pasts)
        return (
            "" if other is None else f"{other.folder.name} is still played on this bench: wait for its end, or stop it"
        )

    def _refresh(self) -> None:
        draft, why = self.draft, self._why_not()
        playing = "" if self.player.playing is None else str(self.player.playing.order)
        self.launch.show_draft(draft, why, playing)
        self.menu.show_buttons(run=self.launch.run.isEnabled(), queue=self.launch.queue.isEnabled())
        self.queue.show_player()
        told = [*self.faults.told, *self._told]
        self.banner.tell(told)
        self.noted.setVisible(bool(told))

    def _note(self) -> None:
        self._told, self.faults = [], Faults()
        self._refresh()

    def _take(self, news: Begun | Over) -> None:
        if isinstance(news, Over):
            self.tell(told_of(news))
            if news.folder is not None:
                self.archive.choose(news.folder)
        elif self._opens or self.viewers.follows:
            self._opens = False
            self._attempt("the window on the run", lambda: self.viewers.follow(news.folder))
        self.archive.look(self.form.out.text())

    def _edit(self) -> None:
        draft = self.draft
        self._files = files_now(draft.files)
        self.rehearsals.edit(draft)
        self._refresh()

    def _go_on(self) -> None:
        self._opens = True
        self._attempt("the run", self.player.go_on)

    def _stop(self) -> None:
        self.player.stop()
        self._refresh()

    def _watch(self) -> None:
        if self.player.folder is not None:
            self.open_run(self.player.folder)

    def _attempt(self, what: str, start: Callable[[], None]) -> None:
        try:
            start()
        except OSError as error:
            self.tell(Told(Mood.ALARM, f"{what} cannot be started: {error.strerror}"))
        self._refresh()

    def _show(self, folder: Path) -> None:
        is_new = self.viewers.show(folder)
        self.statusBar().showMessage(f"{folder.name} {'opens' if is_new else 'is open already'} in a window", 10_000)

    def _lay_out(self) -> None:
        middle, right = QWidget(), QSplitter(Qt.Orientation.Vertical)
        inner = QVBoxLayout(middle)
        inner.setContentsMargins(0, 0, 0, 0)
        rehearsal, start = QVBoxLayout(), QVBoxLayout()
        rehearsal.addWidget(self.preview)
        start.addWidget(self.launch)
        inner.addWidget(group("Dry run", rehearsal), 1)
        inner.addWidget(group("Start", start))
        for title, widget in (("Queue", self.queue), ("Past runs", self.archive.list)):
            column = QVBoxLayout()
            column.addWidget(widget)
            right.addWidget(group(title, column))
        right.setStretchFactor(0, 1)
        right.setStretchFactor(1, 3)
        self._columns = QSplitter(Qt.Orientation.Horizontal)
        for number, widget in enumerate((self.form, middle, right)):
            self._columns.addWidget(widget)
            self._columns.setStretchFactor(number, (0, 1, 0)[number])
        for splitter in (right, self._columns):
            splitter.setChildrenCollapsible(False)
        body, column = QWidget(), QVBoxLayout()
        body.setLayout(column)
        column.setContentsMargins(6, 4, 6, 4)
        top = QHBoxLayout()
        top.addWidget(self.banner, 1)
        top.addWidget(self.noted, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(top)
        column.addWidget(self._columns, 1)
        self.setCentralWidget(body)
        self.statusBar().setSizeGripEnabled(False)

    def _connect(self) -> None:
        menu = self.menu
        for asked, act in (
            (self.launch.run_asked, self.run),
            (menu.run, self.run),
            (self.launch.queue_asked, self.add),
            (menu.queue, self.add),
            (menu.dry_run, self.rehearsals.begin),
            (menu.copy, self.launch.copy),
            (menu.fresh, self.clear_form),
            (menu.leave, self._leave),
            (self.form.edited, self._edit),
            (self.rehearsals.changed, self._refresh),
            (self.queue.watch_asked, self._watch),
            (self.queue.stop_asked, self._stop),
            (self.queue.go_on_asked, self._go_on),
        ):
            asked.connect(act)
        self.noted.clicked.connect(self._note)
        menu.theme.connect(self._choose_theme)
        menu.size.connect(self._change_size)
        self.preview.plots.hovered.connect(self.statusBar().showMessage)
        self.archive.told.connect(self.tell)
        self.archive.list.open_asked.connect(self._open_past)
        self.archive.list.again_asked.connect(self.fill_again)

    def _remember(self) -> None:
        screen = self.screen().availableGeometry()
        self.resize(min(1600, round(0.96 * screen.width())), min(1000, round(0.92 * screen.height())))
        self._share_width()
        for name, restore in (("start", self.restoreGeometry), ("start columns", self._columns.restoreState)):
            layout = self._memory.layout(name)
            if layout is not None:
                restore(layout)

    def _share_width(self) -> None:
        """Give form and lists the room that their words need, and the dry run the rest, but at least a third or so."""
        width = self.width()
        form, lists = min(27 * em(), round(0.36 * width)), min(24 * em(), round(0.26 * width))
        self._columns.setSizes([form, width - form - lists, lists])

    def _open_past(self, past: Past) -> None:
        self.open_run(past.folder)

    def _choose_theme(self, name: str) -> None:
        self._memory.theme = name
        self.use_theme(chosen_theme(self._memory))

    def _change_size(self, direction: int) -> None:
        sizes = self._sizes
        self.use_sizes(sizes.larger() if direction > 0 else sizes.smaller() if direction < 0 else Sizes())
        self._share_width()
