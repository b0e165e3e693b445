"""The newest values in large figures, to be read from the probe station."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from nwlab.core.units import show
from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.scene.line import Line

_SHORT = 12  # characters
_MOST = 4  # pairs of terminals


class Values(QLabel):
    """Conductance, voltage and current of the pairs of terminals that were measured last."""

    def __init__(self, theme: Theme, sizes: Sizes) -> None:
        super().__init__()
        self.theme, self.sizes = theme, sizes
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)  # long names wrap; numbers have spaces that do not break
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def show_lines(self, lines: Sequence[Line], *, is_now: bool = True) -> None:
        """Show the newest values of the last few lines; those that are not of now stand back."""
        newest = sorted(sorted(lines, key=lambda line: -line.ended)[:_MOST], key=lambda line: line.number)
        rows = [self._row(line, large=len(lines) == 1, is_now=is_now) for line in newest]
        if len(lines) > _MOST:
            rows.append(f'<tr><td colspan=4 style="color:{self.theme.quiet}">and {len(lines) - _MOST} more</td></tr>')
        text = f'<table cellspacing=0 cellpadding=2 width="100%">{"".join(rows)}</table>' if rows else ""
        if text != self.text():
            self.setText(text)

    def _row(self, line: Line, *, large: bool, is_now: bool) -> str:
        colour = self.theme.curves[line.number % len(self.theme.curves)]
        size = self.sizes.large if large else 1.2 * self.sizes.base
        conductance, voltage, current = (_shown(line, unit) for unit in ("S", "V", "A"))
        limited = f' style="color:{self.theme.limited}"' if line.is_limited else ""
        ink = "" if is_now else f' style="color:{self.theme.quiet}"'
        name = f'<td style="color:{colour}"><b>{escape(_short(line.name))}</b></td>'
        value = f'<td align=right style="font-size:{size:.1f}pt"><b>{conductance}</b></td>'
        rest = f"<td align=right>{voltage}</td><td align=right{limited}>{current}</td>"
        return f"<tr valign=middle{ink}>{name}{value}{rest}</tr>"


def _short(name: str) -> str:
    """A short name stays in one line."""
    return name.replace(" ", "\N{NO-BREAK SPACE}") if len(name) <= _SHORT else name


def _shown(line: Line, unit: str) -> str:
    if unit not in line.last:
        return "\N{EN DASH}"
    number, _, symbol = show(line.last[unit], unit).partition(" ")
    # As many figures as ever, so that the eye finds them at the same place.
    text = f"{float(number):#.4g}\N{NO-BREAK SPACE}{symbol.replace('u', 'µ')}"
    return text.replace("-", "\N{MINUS SIGN}")
