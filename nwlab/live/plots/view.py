"""The columns of a picture that are seen now."""

from __future__ import annotations

from dataclasses import dataclass

_STRIDE = 32  # columns by which what is painted moves on at once, while what is seen moves on column by column


@dataclass(frozen=True, slots=True)
class View:
    """Columns from `left` on, counted from the moment 0; a picture moves on by whole columns."""

    column: float  # s that one column takes
    left: int
    width: int  # px
    step: float  # s between grid lines

    @property
    def begin(self) -> float:
        """Moment of the left edge in s."""
        return self.left * self.column

    @property
    def end(self) -> float:
        """Moment of the right edge in s."""
        return (self.left + self.width) * self.column

    def in_stride(self) -> View:
        """Return these columns and some more, the same ones as long as the picture has not moved on by much."""
        return View(self.column, self.left - self.left % _STRIDE, self.width + _STRIDE, self.step)


def view_of(begin: float, length: float, width: int, step: float) -> View:
    """Return `width` columns that show `length` s from about `begin` on."""
    column = length / width
    return View(column, round(begin / column), width, step)
