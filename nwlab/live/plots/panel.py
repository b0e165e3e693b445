"""One plot: which values it shows, and its curves as they have been painted so far."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass

from PySide6.QtGui import QPainter

from nwlab.live.plots.chart import Chart
from nwlab.live.plots.heights import Heights
from nwlab.live.plots.kinds import CONDUCTANCE, Kind
from nwlab.live.plots.sheet import Lattice, Look, Sheet
from nwlab.live.plots.strip import Piece, Strip
from nwlab.live.plots.survey import survey
from nwlab.live.plots.ticks import Tick, Ticks, of_decades, of_values, written
from nwlab.live.plots.view import View
from nwlab.live.scene.line import Line
from nwlab.live.scene.trace import Trace

_SELDOM = 60  # pictures between looks at all values that are seen
_MARGIN = 3  # px before what is new that may look different because of it


@dataclass(frozen=True, slots=True)
class Setting:
    """What is asked of a picture of one plot."""

    view: View
    height: int  # px
    look: Look
    key: Hashable  # everything is painted afresh when it changes


class Panel:
    """One of the plots that share the time axis."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.strip = kind, Strip()
        self.scale = kind.scale("linear")
        self.heights = Heights(self.scale.least)
        self.rows = 5  # numbers that the axis has room for
        self._sparse: frozenset[int] = frozenset()
        self._known: dict[tuple[int, int], tuple[int, float]] = {}  # of each trace: samples, time of the last
        self._wait = 0  # pictures until the next look at all values
        self.version = -1  # of the scene that was painted
        self._state: Hashable = None  # how it was painted

    def set_scale(self, name: str) -> None:
        """Plot conductance another way."""
        scale = self.kind.scale(name)
        if scale != self.scale:
            self.scale = scale
            self.heights.restart(scale.least)
            self.look_again()

    def look_again(self) -> None:
        """Look at all values before the next picture."""
        self._wait = 0

    def ticks(self) -> Ticks:
        """Return the numbers at the axis; none before there is anything to be seen."""
        heights, usual = self.heights, self.kind.ticks
        if not heights.known:
            return Ticks((), "")
        if usual and heights.height <= 3 * (usual[-1] - usual[0]):
            seen = (place for place in usual if heights.low <= place <= heights.high)
            return Ticks(tuple(Tick(place, written(place, "1")) for place in seen), "")
        of = of_decades if self.scale.logarithmic else of_values
        return of(heights.low, heights.high, self.rows, self.scale.unit)

    def chart(self, column: float, left: float, height: float) -> Chart:
        """Return where everything lies in a plot that is `height` px high; see `Chart` for `column` and `left`."""
        heights, scale = self.heights, self.scale
        return Chart(column, left, heights.high, height / heights.height, scale.value, scale.logarithmic)

    def sheet(self, lines: tuple[Line, ...], view: View, look: Look) -> Sheet:
        """Return what paints any stretch of the plot."""
        lattice = Lattice(view.step, tuple(tick.place for tick in self.ticks().ticks))
        return Sheet(self.kind, lines, self._sparse, lattice, look)

    def refresh(self, lines: tuple[Line, ...], setting: Setting, version: int, *, patient: bool) -> int:
        """Paint what is new since the last picture, or everything when the setting has changed.

        Return the first column that was painted, or one beyond the last. Where only `version` has changed, a `patient`
        plot may wait for the next picture.
        """
        if self._wait > 0 and self._same(setting) == self._state and (patient or version == self.version):
            return setting.view.left + setting.view.width
        self.strip.spoil(self._changed(lines, setting.view))
        if self._wait <= 0:
            self._survey(lines, setting.view)
        first, left = self._paint(lines, setting)
        if left:
            self._survey(lines, setting.view)
            first = min(first, self._paint(lines, setting)[0])
        self._wait -= 1
        self._state, self.version = self._same(setting), version
        return first

    def _same(self, setting: Setting) -> Hashable:
        return setting, self.scale, self.heights.low, self.heights.high, self.rows

    def _survey(self, lines: tuple[Line, ...], view: View) -> None:
        """Look at all values that are seen, and make room for them."""
        found = survey(self.kind, self.scale, lines, view.begin, view.end, view.width)
        if found is not None:
            self.heights.fit(found.low, found.high)
            self._sparse = found.sparse
        # The first values may be far smaller than an empty plot is high, and would not leave it.
        self._wait = _SELDOM if self.heights.known else 0

    def _paint(self, lines: tuple[Line, ...], setting: Setting) -> tuple[int, bool]:
        """Return the first column painted, and whether a curve has left the picture although it should not."""
        view, height, heights, strip = setting.view, setting.height, self.heights, self.strip
        same = setting.look, setting.key, view.column, view.step, self._sparse, self.scale, self.rows
        strip.suit(view.width, height, (*same, heights.low, heights.high))
        gaps = strip.renew(view.left, view.left + view.width)
        if not gaps:
            return view.left + view.width, False
        sheet, chart = self.sheet(lines, view, setting.look), self.chart(view.column, view.left, height)
        with QPainter(strip.image) as painter:
            pieces = (piece for gap in gaps for piece in strip.pieces(*gap))
            left = [_paint_piece(painter, sheet, chart, piece, height) for piece in pieces]
        return gaps[0][0], any(left) and heights.automatic

    def _changed(self, lines: tuple[Line, ...], view: View) -> int:
        """Return the first column in which something may have changed since the last call."""
        earliest = math.inf
        for line in lines:
            for place, trace in enumerate(self._traces(line)):
                if trace.samples:
                    earliest = min(earliest, self._news((line.number, place), trace))
        return view.left + view.width if earliest == math.inf else math.floor(earliest / view.column) - _MARGIN

    def _news(self, name: tuple[int, int], trace: Trace) -> float:
        """Return from when in s on a trace has news."""
        samples, last = self._known.get(name, (0, trace.first))
        self._known[name] = trace.samples, trace.last
        return math.inf if samples == trace.samples else last

    def _traces(self, line: Line) -> tuple[Trace, ...]:
        if self.kind is CONDUCTANCE:
            return line.conductance, line.lower, line.upper
        return (self.kind.trace(line),)


def _paint_piece(painter: QPainter, sheet: Sheet, chart: Chart, piece: Piece, height: int) -> bool:
    width = piece.last - piece.first
    painter.save()
    painter.setClipRect(piece.place, 0, width, height)
    painter.translate(piece.place, 0)
    left = sheet.paint(painter, chart.moved(piece.first), width, height)
    painter.restore()
    return left
