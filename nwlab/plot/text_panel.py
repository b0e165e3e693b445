"""A diagram in lines of text: curves over time with marks at its axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.ticks import Scale, labels, moments
from nwlab.plot.braille import Letters, MaskArray, dots
from nwlab.plot.terminal import Line, Span

QUIET = "90"
"""Colour of axes."""
_EMPTY = "\u2800"  # braille without dots, which not every font draws as wide as the others


@dataclass(frozen=True, slots=True, eq=False)
class TextCurve:
    """The ends of each column of dots of a curve, NaN = none, and its colour."""

    low: FloatArray
    high: FloatArray
    colour: str = ""


def marks(axis: Scale, unit: str, rows: int, letters: Letters) -> list[str]:
    """Return what stands beside each of `rows` rows, from above."""
    ticks = axis.ticks(max(2, rows // 2))
    heights = np.rint((1 - axis.place(np.array(ticks))) * (rows * letters.rows - 1)).astype(int) // letters.rows
    found = [""] * rows
    for row, label in zip(heights.tolist(), labels(ticks, unit), strict=True):
        found[row] = label
    return found


def area(curves: Sequence[TextCurve], axis: Scale, rows: int, letters: Letters) -> list[Line]:
    """Return `rows` rows, from above, that show one curve or more."""
    height = rows * letters.rows
    masks = [letters.masks(dots(axis.place(curve.low), axis.place(curve.high), height)) for curve in curves]
    return [_row([mask[row] for mask in masks], curves, letters) for row in range(rows)]


def beside(written: Sequence[str], drawn: Sequence[Line], margin: int, letters: Letters) -> list[Line]:
    """Return rows with their axis; `margin` is the width of the longest mark."""
    plain, marked = letters.rule[1], letters.rule[3]
    return [
        [Span(f"{mark:>{margin}} {marked if mark else plain}", QUIET), *line]
        for mark, line in zip(written, drawn, strict=True)
    ]


def time_axis(span: float, width: int, margin: int, letters: Letters) -> list[Line]:
    """Return a rule of `width` characters and below it round times, for `span` > 0 s."""
    rule, below = [letters.rule[0]] * width, [" "] * (margin + 2 + width)
    for time, text in zip(*moments(span, max(3, width // 12)), strict=True):
        at = min(width - 1, int(time / span * width))
        rule[at] = letters.rule[4]
        first = max(0, min(at + margin + 2 - len(text) // 2, len(below) - len(text)))
        if not "".join(below[max(0, first - 1) : first + len(text)]).strip():
            below[first : first + len(text)] = text
    return [
        [Span(f"{'':>{margin}} {letters.rule[2]}{''.join(rule)}", QUIET)],
        [Span("".join(below), QUIET)],
    ]


def _row(masks: Sequence[MaskArray], curves: Sequence[TextCurve], letters: Letters) -> Line:
    """Letters of all curves, each in the colour of the last curve that it shows; neighbours of one colour together."""
    together, owner = np.bitwise_or.reduce(masks), np.zeros(masks[0].size, np.int64)
    for index, mask in enumerate(masks):
        owner[mask > 0] = index
    cuts = np.flatnonzero(np.diff(owner)) + 1
    parts = zip(np.split(together, cuts), np.split(owner, cuts), strict=True)
    return [Span(letters.text(part).replace(_EMPTY, " "), curves[int(whose[0])].colour) for part, whose in parts]
