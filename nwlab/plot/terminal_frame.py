"""What stands on a terminal while a run is played: conductance over time, the last numbers, how far it is."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.envelope import Envelope
from nwlab.core.ticks import Scale, scale
from nwlab.core.units import show
from nwlab.plot.braille import Letters
from nwlab.plot.terminal import Line, Size, Span, columns, fit
from nwlab.plot.text_panel import QUIET, TextCurve, area, beside, marks, time_axis
from nwlab.plot.watched_pair import WatchedPair

COLOURS = (*(f"38;5;{number}" for number in (33, 166, 36, 175, 178)), "39")
"""As in pictures, from the 256 colours of terminals, seen on black and on white; the last is that of the text."""
WARNING = "30;43"
_LIMITED = "limited"
_TALLEST, _WIDEST = 30, 200  # characters that are used of a large terminal
_LEAST_ROWS, _LEAST_COLUMNS = 3, 24  # of a diagram
_NARROW = 60  # characters


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What is to be shown."""

    pairs: Sequence[WatchedPair]
    limited: Envelope  # not NaN where any pair was in compliance
    standing: str  # how far the run is


@dataclass(frozen=True, slots=True)
class Style:
    """What a terminal can show."""

    letters: Letters
    has_colours: bool

    @property
    def together(self) -> int:
        """How many curves can be told apart in one panel."""
        return len(COLOURS) if self.has_colours else 1


def frame(view: View, size: Size, style: Style) -> list[Line]:
    """Return the lines for a terminal of this size, one fewer than it has at most."""
    height, width = min(max(1, size.lines - 1), _TALLEST), min(size.columns - 1, _WIDEST)
    room = max((height - 1) // 3, min(3, height - 1 - _LEAST_ROWS - 2), min(1, height - 1))
    numbers = _numbers(view.pairs, width, room, style)
    plot = _plot(view, width, height - 1 - len(numbers), style)
    return [*plot, *numbers, [Span(view.standing)]]


def is_narrow(size: Size) -> bool:
    """Whether there is no room for what is only pleasant."""
    return size.columns < _NARROW


def _plot(view: View, width: int, height: int, style: Style) -> list[Line]:
    """Panels above each other over one time axis; nothing where there is no room or nothing to draw."""
    limited = view.limited.range() is not None
    room = height - 2 - limited
    if room < _LEAST_ROWS or width < _LEAST_COLUMNS:
        return []
    panels = _panels(view.pairs, room, style)
    if not panels:
        return []
    margin = max(len(mark) for panel in panels for mark in (*panel.marks, _LIMITED if limited else ""))
    span = max(pair.curve.until for pair in view.pairs)
    inner = width - margin - 2
    lines = [line for panel in panels for line in panel.lines(margin, inner, span)]
    if limited:
        lines.append(_flags(view.limited.columns(inner, span)[0], margin, style.letters))
    return [*lines, *time_axis(span, inner, margin, style.letters)]


def _panels(pairs: Sequence[WatchedPair], room: int, style: Style) -> list[_Panel]:
    """Return as many panels as fit into `room` rows, with headers where there is room for these, too."""
    resistive = [pair for pair in pairs if math.isfinite(pair.conductance)]  # an ammeter (0 V) has none
    most = max(1, room // (_LEAST_ROWS + 2)) * style.together
    drawn = [pair for pair in resistive[:most] if pair.curve.range() is not None]
    starts = range(0, len(drawn), style.together)
    rows = room // max(1, len(starts))
    headed = len(starts) > 1 or rows > _LEAST_ROWS + 1
    left_out = f" ({len(resistive) - len(drawn)} more are not drawn)" if len(resistive) > len(drawn) else ""
    titles = ["conductance" + (left_out if not first else "") if headed else "" for first in starts]
    return [
        _Panel(title, pairs, drawn[first : first + style.together], rows - headed, style)
        for title, first in zip(titles, starts, strict=True)
    ]


class _Panel:
    """Curves on one axis, with their names above where there is a title."""

    def __init__(
        self, title: str, known: Sequence[WatchedPair], pairs: Sequence[WatchedPair], rows: int, style: Style
    ) -> None:
        self._title, self._pairs, self._rows, self._letters = title, pairs, rows, style.letters
        self._colours = [COLOURS[known.index(pair) % len(COLOURS)] if style.has_colours else "" for pair in pairs]
        self._axis: Scale = scale(found for pair in pairs if (found := pair.curve.range()) is not None)
        self.marks = marks(self._axis, "S", rows, style.letters)

    def lines(self, margin: int, width: int, span: float) -> list[Line]:
        drawn = beside(self.marks, self._area(width, span), margin, self._letters)
        return [self._header(margin), *drawn] if self._title else drawn

    def _header(self, margin: int) -> Line:
        names = zip(self._pairs, self._colours, strict=True)
        return [Span(f"{'':>{margin}} {self._title}"), *(Span(f"  {pair.name}", colour) for pair, colour in names)]

    def _area(self, width: int, span: float) -> list[Line]:
        count = width * self._letters.columns
        ends = [pair.curve.columns(count, span) for pair in self._pairs]
        curves = [TextCurve(*pair, colour) for pair, colour in zip(ends, self._colours, strict=True)]
        return area(curves, self._axis, self._rows, self._letters)


def _flags(low: FloatArray, margin: int, letters: Letters) -> Line:
    marked = "".join("!" if each else " " for each in np.isfinite(low))
    parts = [Span(part, WARNING if part.strip() else "") for part in re.findall("!+| +", marked)]
    return [Span(f"{_LIMITED:>{margin}} {letters.rule[1]}", QUIET), *parts]


def _numbers(pairs: Sequence[WatchedPair], width: int, most: int, style: Style) -> Sequence[Line]:
    """Return up to `most` lines with the last numbers of each pair; where there are too many, of those driven now."""
    short = width < _NARROW or len(pairs) > most
    name = min(max((columns(pair.name) for pair in pairs), default=0), 16 if not short else max(4, width - 30))
    cells = [_cell(pair, index, name, short, style) for index, pair in enumerate(pairs)]
    beside_each_other = max(1, (width + 2) // (_length(cells[0]) + 2)) if cells else 1
    if len(cells) > most * beside_each_other:
        order = sorted(range(len(cells)), key=lambda index: not pairs[index].is_driven)
        shown = order[: max(1, most * beside_each_other - 1)]
        cells = [cells[index] for index in sorted(shown)]
        cells.append([Span(f"{len(pairs) - len(shown)} more pairs", QUIET)])
    starts = range(0, len(cells), beside_each_other)
    rows = [cells[first : first + beside_each_other] for first in starts][:most]
    return [[span for cell in row for span in (*cell, Span("  "))] for row in rows]


def _length(cell: Line) -> int:
    return sum(columns(span.text) for span in cell)


def _cell(pair: WatchedPair, index: int, name: int, short: bool, style: Style) -> Line:
    digits, flag = (3, "!") if short else (4, "COMPLIANCE")
    values = (pair.conductance, "S"), (pair.voltage, "V"), (pair.current, "A")
    numbers = "".join(f" {_number(*value, digits, overflow=pair.overflow):>{digits + 5}}" for value in values)
    shown = fit(pair.name, name)
    colour = COLOURS[index % len(COLOURS)] if style.has_colours else ""
    return [
        Span(shown + " " * (name - columns(shown)), colour),
        Span(f"{numbers} "),
        Span(flag, WARNING) if pair.in_compliance else Span(" " * len(flag)),
    ]


def _number(value: float, unit: str, digits: int, *, overflow: bool) -> str:
    return show(value, unit, digits) if math.isfinite(value) else "overflow" if overflow else "-"
