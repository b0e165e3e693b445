"""The columns of a picture that are seen now."""

from __future__ import annotations

from dataclasses import dataclass


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


def view_of(begin: float, end: float, width: int, step: float) -> View:
    """Return `width` columns that show from about `begin` to about `end` s."""
    column = (end - begin) / width
    return View(column, round(begin / column), width, step)
