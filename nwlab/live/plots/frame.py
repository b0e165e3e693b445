"""Where the plots lie in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QFont, QFontMetrics

from nwlab.live.plots.kinds import Kind

_WIDEST = "−8888.88"  # the longest number that an axis writes as a rule


@dataclass(frozen=True, slots=True)
class Frame:
    """Rectangles in px."""

    plots: tuple[QRect, ...]  # one for each kind, from above
    text: int  # height of a line of text
    size: QSize  # of everything

    @property
    def inside(self) -> QRect:
        """All plots and what is between them."""
        return self.plots[0].united(self.plots[-1])

    @property
    def margins(self) -> list[QRect]:
        """Everything that is no plot."""
        inside, width, height = self.inside, self.size.width(), self.size.height()
        rows = [0, *(edge for plot in self.plots for edge in (plot.top(), plot.bottom() + 1)), height]
        between = [QRect(0, top, width, below - top) for top, below in zip(rows[::2], rows[1::2], strict=True)]
        right = inside.right() + 1
        return [QRect(0, 0, inside.left(), height), QRect(right, 0, width - right, height), *between]

    @property
    def columns(self) -> int:
        """How many numbers the time axis has room for."""
        return max(2, self.plots[0].width() // (8 * self.text))

    def rows(self, index: int) -> int:
        """How many numbers the axis of a plot has room for."""
        return max(2, round(self.plots[index].height() / (2.2 * self.text)))

    def plot_at(self, y: float) -> int:
        """Return which plot a height lies in, or the one that is nearest."""
        return min(
            range(len(self.plots)),
            key=lambda index: max(self.plots[index].top() - y, y - self.plots[index].bottom(), 0.0),
        )


def frame_of(size: QSize, kinds: Sequence[Kind], font: QFont) -> Frame:
    """Divide a space among plots; `font` is what the axes are written in."""
    metrics = QFontMetrics(font)
    text = metrics.height()
    left = metrics.horizontalAdvance(_WIDEST) + round(1.6 * text)
    right, above, below, between = round(0.8 * text), round(0.4 * text), round(1.4 * text), round(0.5 * text)
    width = max(size.width() - left - right, 16)
    height = max(size.height() - above - below - between * (len(kinds) - 1), 16 * len(kinds))
    shares, y = sum(kind.share for kind in kinds), above
    plots: list[QRect] = []
    for kind in kinds:
        share = int(height * kind.share / shares)
        plots.append(QRect(left, y, width, share))
        y += share + between
    return Frame(tuple(plots), text, size)
