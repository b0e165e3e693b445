"""The form: which protocol on which bench and chip, with which parameters and options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nwlab.live.look.theme import Theme
from nwlab.live.start.box import EntryBox, PaceBox
from nwlab.live.start.catalogue import Catalogue
from nwlab.live.start.draft import Choices, Draft
from nwlab.live.start.fields import Fields
from nwlab.live.start.label import Line, group, mark, write
from nwlab.protocol.parameters import TERMINAL


class Form(QWidget):
    """Chooses and types; what that makes is a draft."""

    edited = Signal()

    def __init__(self, catalogue: Catalogue, theme: Theme) -> None:
        super().__init__()
        self._catalogue, self._theme = catalogue, theme
        self.protocol, self.bench = EntryBox(catalogue.protocols), EntryBox(catalogue.benches)
        self.chip = EntryBox(catalogue.chips, "as the bench has it")
        self.twin = EntryBox(catalogue.chips, "none")
        self.faults = EntryBox(catalogue.faults, "none")
        self.virtual, self.model = QCheckBox("simulate all"), QCheckBox("model alone")
        self.pace = PaceBox()
        self.seed, self.out, self.browse = QLineEdit(), QLineEdit(), QToolButton()
        self.fields, self.defaults = Fields(), QPushButton("Defaults")
        self._abouts = {name: Line() for name in ("protocol", "bench", "chip", "twin")}
        self._wrong = {name: Line() for name in ("seed", "out")}
        self.draft: Draft | None = None
        self._rows = _form()
        self._lay_out()
        self._connect()

    def fill(self, choices: Choices) -> None:
        """Have the form say these choices."""
        with QSignalBlocker(self):
            for box, entry in (
                (self.protocol, choices.protocol),
                (self.bench, choices.bench),
                (self.chip, choices.chip),
                (self.twin, choices.twin),
                (self.faults, choices.faults),
            ):
                box.choose(entry)
            self.virtual.setChecked(choices.virtual)
            self.model.setChecked(choices.model)
            self.pace.choose(choices.speed)
            self.seed.setText(choices.seed)
            self.out.setText(choices.out)
        self._renew(choices)

    def choices(self) -> Choices:
        """Return what is chosen and typed."""
        protocol, bench = self.protocol.entry, self.bench.entry
        assert protocol is not None
        assert bench is not None
        return Choices(
            protocol,
            bench,
            self.chip.entry,
            self.twin.entry,
            virtual=self.virtual.isChecked(),
            model=self.model.isChecked(),
            texts=self.fields.texts(),
            seed=self.seed.text(),
            faults=self.faults.entry,
            speed=self.pace.speed,
            out=self.out.text(),
        )

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        if self.draft is not None:
            self._show(self.draft)

    def look_again(self) -> None:
        """Read the files again: one of them has changed, perhaps its defaults."""
        typed = {
            name: field.text for name, field in self.fields.fields.items() if field.text != field.parameter.shown()
        }
        self._renew(replace(self.choices(), texts=typed))

    def _renew(self, choices: Choices) -> None:
        """Make fields for the parameters of the protocol, keeping the texts of those that it has."""
        draft = Draft(choices, self._catalogue)
        self.fields.show_parameters(draft.parameters, choices.texts)
        # Fields are made anew, and Tab would come to them last.
        editors = (field.editor for field in self.fields.fields.values())
        for before, after in pairwise((self.twin.file, *editors, self.defaults)):
            QWidget.setTabOrder(before, after)
        self._edit()

    def _edit(self) -> None:
        self.draft = Draft(self.choices(), self._catalogue)
        self._show(self.draft)
        self.edited.emit()

    def _show(self, draft: Draft) -> None:
        choices = draft.choices
        self.fields.show_draft(draft, self._theme)
        for box, enabled in (
            (self.bench, not choices.model),
            (self.virtual, draft.takes_virtual and not choices.model),
            (self.chip, draft.simulated),
            (self.faults, draft.takes_faults),
            (self.pace, draft.takes_speed),
        ):
            box.setEnabled(enabled)
        twin = "" if choices.twin is None else "follows each reading, and tells when the chip changes"
        abouts = {"protocol": choices.protocol.about, "bench": choices.bench.about, "chip": _chip(draft), "twin": twin}
        for name, place in self._abouts.items():
            fault = draft.file_faults.get(name, "")
            write(place, fault or abouts[name], self._theme.alarm if fault else self._theme.quiet)
            self._rows.setRowVisible(place, bool(place.text()))
        wrong, theme = draft.option_faults(), self._theme
        for name, place in self._wrong.items():
            write(place, wrong.get(name, ""), self._theme.alarm)
            place.setVisible(name in wrong)
            mark(self.seed if name == "seed" else self.out, theme.alarm if name in wrong else "")

    def _change_protocol(self) -> None:
        """Of another protocol's values only terminals stay: the chip is the same."""
        kept = {name: field.text for name, field in self.fields.fields.items() if field.parameter.unit == TERMINAL}
        self._renew(replace(self.choices(), texts=kept))

    def _lay_out(self) -> None:
        self.browse.setText("…")
        self.browse.setToolTip("choose the folder below which runs are kept")
        self.seed.setPlaceholderText("chip's own")
        self.virtual.setToolTip(
            "--virtual: every instrument is simulated; the same bench file, but no real instrument is touched"
        )
        self.twin.setToolTip(
            "--twin: a model of the chip, as nwlab fit makes one, that follows the run and tells of drift"
        )
        self.model.setToolTip("--model: the model of the chip without any instruments, not even simulated ones")
        self.pace.setToolTip("--speed: how much time simulated instruments take; in real time a run can be watched")
        self.defaults.setToolTip("all parameters as the protocol's file has them")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(group("What, and on what", self._choosing()))
        column.addWidget(group("Parameters", self._parameters()), 1)
        column.addWidget(group("Options", self._options()))

    def _choosing(self) -> QFormLayout:
        form = self._rows
        boxes = {"protocol": self.protocol, "bench": self.bench, "chip": self.chip, "twin": self.twin}
        for name, box in boxes.items():
            box.box.setObjectName(name)
            label = QLabel(f"&{name.capitalize()}")
            label.setBuddy(box.box)
            form.addRow(label, box)
            form.addRow(" ", self._abouts[name])
        return form

    def _parameters(self) -> QVBoxLayout:
        body, area = QWidget(), QScrollArea()
        inner = QVBoxLayout(body)
        inner.setContentsMargins(0, 0, 4, 0)
        inner.addWidget(self.fields)
        inner.addWidget(self.defaults, 0, Qt.AlignmentFlag.AlignRight)
        inner.addStretch(1)
        area.setWidget(body)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout()
        column.addWidget(area)
        return column

    def _options(self) -> QFormLayout:
        form, out, chance, checks = _form(), QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        faults, pace = QLabel("Fa&ults"), QLabel("P&ace")
        faults.setBuddy(self.faults.box)
        pace.setBuddy(self.pace)
        for row, widgets in (
            (checks, (self.virtual, self.model, pace, self.pace)),
            (chance, (self.seed, faults, self.faults)),
            (out, (self.out, self.browse)),
        ):
            for widget in widgets:
                row.addWidget(widget)
            row.setSpacing(8)
        checks.setStretchFactor(self.pace, 1)
        chance.setStretchFactor(self.faults, 2)
        chance.setStretchFactor(self.seed, 1)
        form.addRow(checks)
        for name, row, line, wrong in (("S&eed", chance, self.seed, "seed"), ("&Kept in", out, self.out, "out")):
            label = QLabel(name)
            label.setBuddy(line)
            form.addRow(label, row)
            form.addRow(self._wrong[wrong])
        return form

    def _connect(self) -> None:
        self.protocol.chosen.connect(self._guard(self._change_protocol))
        for box in (self.bench, self.chip, self.twin, self.faults):
            box.chosen.connect(self._guard(self._edit))
        self.pace.currentIndexChanged.connect(self._guard(self._edit))
        for check in (self.virtual, self.model):
            check.toggled.connect(self._guard(self._edit))
        for line in (self.seed, self.out):
            line.textChanged.connect(self._guard(self._edit))
        self.fields.edited.connect(self._edit)
        self.defaults.clicked.connect(lambda: self._renew(replace(self.choices(), texts={})))
        self.browse.clicked.connect(self._browse)

    def _guard(self, act: Callable[[], None]) -> Callable[..., None]:
        """While the form is filled, what changes in it is not a person's doing."""
        return lambda *_: None if self.signalsBlocked() else act()

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Where runs are kept", self.out.text())
        if folder:
            self.out.setText(folder)


def _chip(draft: Draft) -> str:
    if draft.chip is None:
        return ""
    real = "" if draft.simulated else ", as on the real bench"
    return f"{draft.chip.path.stem}{real}: terminals {', '.join(draft.terminals)}"


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(8)
    form.setVerticalSpacing(3)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form
