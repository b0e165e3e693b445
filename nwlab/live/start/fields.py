"""A field for each parameter of a protocol: its value as it is typed, what it means, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from nwlab.live.look.theme import Theme
from nwlab.live.start.box import CalmBox
from nwlab.live.start.draft import Draft, bounds
from nwlab.live.start.label import bold, label, mark, write
from nwlab.protocol.parameters import TERMINAL, Parameter


class Field:
    """Name, editor and words of one parameter, for a row of a grid."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter
        self.name, self.words = QLabel(parameter.name), label()
        self.editor: QLineEdit | CalmBox = CalmBox() if parameter.unit == TERMINAL else QLineEdit()
        self.name.setBuddy(self.editor)
        self.editor.setObjectName(parameter.name)
        self.editor.setAccessibleName(parameter.name)
        self.editor.setAccessibleDescription(self.hint)
        self.editor.setToolTip(f"{self.hint or parameter.name}; default: {parameter.shown()}")
        self.text = parameter.shown()

    @property
    def hint(self) -> str:
        """What the parameter is, and between what it must be."""
        return "; ".join(filter(None, (self.parameter.help, bounds(self.parameter))))

    @property
    def text(self) -> str:
        """What stands in the editor."""
        return self.editor.text() if isinstance(self.editor, QLineEdit) else self.editor.currentText()

    @text.setter
    def text(self, text: str) -> None:
        with QSignalBlocker(self.editor):
            if isinstance(self.editor, QLineEdit):
                self.editor.setText(text)
                self.editor.setCursorPosition(0)
                return
            if self.editor.findText(text) < 0:
                self.editor.addItem(text)
            self.editor.setCurrentText(text)

    def offer(self, terminals: tuple[str, ...]) -> None:
        """Offer these terminals; one that was chosen and is none of them stays until a person chooses another."""
        box, text = self.editor, self.text
        if isinstance(box, QLineEdit) or not terminals:
            return
        wanted = terminals if text in terminals else (text, *terminals)
        if tuple(box.itemText(index) for index in range(box.count())) != wanted:
            with QSignalBlocker(box):
                box.clear()
                box.addItems(wanted)
            self.text = text

    def show(self, fault: str, theme: Theme) -> None:
        """Show what is wrong with the value, or what it means."""
        write(self.words, fault or self.hint, theme.alarm if fault else theme.quiet)
        bold(self.name, is_bold=self.text != self.parameter.shown())
        mark(self.editor, theme.alarm if fault else "")


class Fields(QWidget):
    """The fields of the protocol that is chosen."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Field] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 2)
        self._grid.setColumnStretch(2, 3)

    def show_parameters(self, parameters: Mapping[str, Parameter], texts: Mapping[str, str]) -> None:
        """Make fields for other parameters, with these texts where there are any."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.fields = {name: Field(each) for name, each in parameters.items()}
        for row, (name, field) in enumerate(self.fields.items()):
            self._grid.addWidget(field.name, row, 0, Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(field.editor, row, 1, Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(field.words, row, 2, Qt.AlignmentFlag.AlignVCenter)
            if name in texts:
                field.text = texts[name]
            signal = (
                field.editor.textChanged if isinstance(field.editor, QLineEdit) else field.editor.currentTextChanged
            )
            signal.connect(self.edited)

    def texts(self) -> dict[str, str]:
        """Return what stands in the fields, by name."""
        return {name: field.text for name, field in self.fields.items()}

    def show_draft(self, draft: Draft, theme: Theme) -> None:
        """Show what is wrong with the values, and offer the terminals of the chip."""
        faults = draft.faults()
        for name, field in self.fields.items():
            field.offer(draft.terminals)
            field.show(faults.get(name, ""), theme)
