"""What lies on top of the chip: arrows and marks of the terminals, and their values, which change all the time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from nwlab.live.chip.labels import FAR, NEAR, Labels
from nwlab.live.chip.layout import ChipLayout
from nwlab.live.chip.marks import name_font, paint_mark, paint_name, paint_ways, reach_of
from nwlab.live.chip.plan import Plan
from nwlab.live.chip.state import ChipState, TerminalState
from nwlab.live.look.theme import Theme
from nwlab.live.scene.roles import Role

MOST_WAYS = 24
"""Arrows that can still be told apart; with more there are none."""

_LOUDEST = (Role.DRIVEN, Role.READ, Role.LOW, Role.GROUNDED, Role.SENSED, Role.OPEN)
_BEHIND = 215  # of 255: how much of what lies below a label is covered
_WIDEST = "−888 mV"


@dataclass(frozen=True, eq=False)
class Front:
    """Marks, arrows and room for values of a chip that has been laid out, as long as no role changes."""

    layout: ChipLayout
    laid: Plan
    state: ChipState
    theme: Theme
    font: QFont

    def paint_marks(self, painter: QPainter) -> None:
        """Paint arrows, and marks with their names."""
        if len(self.state.ways) <= MOST_WAYS:
            index = self.layout.names.index
            ways = [self._between(index(begin), index(end)) for begin, end in self.state.ways]
            paint_ways(painter, self.theme, ways, max(1.5, self._metrics.height() / 6))
        for index, name in enumerate(self.layout.names):
            state, at, reach = self.state.of(name), QPointF(*self._at(index)), float(self.laid.reach[index])
            paint_mark(painter, self.theme, state.role, at, reach, is_limited=state.is_limited)
            paint_name(painter, self.theme, state.role, at, reach, name, self.font)

    def paint_values(self, painter: QPainter, state: ChipState) -> None:
        """Write what was measured last, where there is room."""
        painter.setFont(self.font)
        background = QColor(self.theme.panel)
        background.setAlpha(_BEHIND)
        painter.setPen(QColor(self.theme.text))
        for index, (box, count) in self._places.items():
            name = self.layout.names[index]
            words = self._words(index, state.of(name))[:count]
            painter.fillRect(box, background)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "\n".join(words))

    @cached_property
    def _metrics(self) -> QFontMetricsF:
        return QFontMetricsF(self.font)

    @cached_property
    def _places(self) -> dict[int, tuple[QRectF, int]]:
        """Room for the label of each terminal, and how many lines it has; the most important ones choose first."""
        labels = Labels(self.laid.area)
        states = [self.state.of(name) for name in self.layout.names]
        for index, state in enumerate(states):
            labels.block(*self._at(index), self._reach(index, state))
        found = dict[int, tuple[QRectF, int]]()
        for index in sorted(range(len(states)), key=lambda index: _LOUDEST.index(states[index].role)):
            place = self._place(labels, index, states[index])
            if place is not None:
                found[index] = place
        return found

    def _place(self, labels: Labels, index: int, state: TerminalState) -> tuple[QRectF, int] | None:
        """Find room away from the middle of the chip; for fewer lines where it is short."""
        words, run = self._words(index, state), self.laid.centres[index] - self.laid.centres.mean(axis=0)
        widths = [self._metrics.horizontalAdvance(word) for word in (_WIDEST, *words)]
        for turns, count in product((NEAR, FAR), range(len(words), 0, -1)):
            size = max(widths) + 4, count * self._metrics.height()
            away, reach = math.atan2(run[1], run[0]), self._reach(index, state)
            box = labels.place(*self._at(index), reach, away, size, turns)
            if box is not None:
                return QRectF(box.left, box.top, box.width, box.height), count
        return None

    def _words(self, index: int, state: TerminalState) -> tuple[str, ...]:
        """The name where the mark has no room for it, and the values."""
        return state.values if index in self._named else (self.layout.names[index], *state.values)

    @cached_property
    def _named(self) -> set[int]:
        """The terminals whose marks have room for their names."""
        pairs = enumerate(zip(self.layout.names, self.laid.reach.tolist(), strict=True))
        return {index for index, (name, reach) in pairs if name_font(name, reach, self.font) is not None}

    def _reach(self, index: int, state: TerminalState) -> float:
        return reach_of(state.role, float(self.laid.reach[index]), is_limited=state.is_limited)

    def _at(self, index: int) -> tuple[float, float]:
        x, y = self.laid.centres[index].tolist()
        return x, y

    def _between(self, begin: int, end: int) -> tuple[QPointF, QPointF]:
        """Where an arrow from one mark to another begins and ends."""
        points, reach = self.laid.centres[[begin, end]], self.laid.reach[[begin, end]]
        run = points[1] - points[0]
        step = run / max(float(np.hypot(*run)), 1e-9)
        return QPointF(*(points[0] + step * reach[0])), QPointF(*(points[1] - step * (1.35 * reach[1] + 2)))
