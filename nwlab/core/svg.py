"""Small diagrams as SVG text: for notebooks, without a plotting package."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.envelope import Envelope
from nwlab.core.markup import escaped
from nwlab.core.ticks import Scale, labels, moments, scale

HUES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Of Wong, Nature Methods 8, 441 (2011), those that are seen on black and on white."""
WIDTH = 640
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 12, 20, 30  # px around the panels, _TOP above each
_POINTS = 8000
"""Of all curves together: about 80 kB of text at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Curves on one axis."""

    title: str
    unit: str
    curves: Sequence[tuple[str, Envelope]]  # name and values
    height: int = 90  # px


def chart(panels: Sequence[Panel], span: float, shaded: Envelope | None = None) -> str:
    """Return an SVG of panels above each other, over the time up to `span` s; empty where there is nothing to draw.

    Behind them is shaded where `shaded` has a value. Colours of text and axes are those of what is around it.
    """
    drawn = [panel for panel in panels if any(values.range() for _, values in panel.curves)]
    if not drawn or not span > 0:
        return ""
    count = sum(len(panel.curves) for panel in drawn)
    columns = max(16, min(WIDTH - _LEFT - _RIGHT, _POINTS // (2 * count)))
    parts, top = list[str](), 0
    for panel in drawn:
        parts += _panel(panel, top + _TOP, columns, span)
        top += _TOP + panel.height
    bands = "" if shaded is None else _bands(shaded, top, columns, span)
    body = "\n".join([bands, *parts, *_time_axis(top, span)])
    height = top + _BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="11" fill="currentColor" style="max-width:100%">\n{body}\n</svg>'
    )


def _panel(panel: Panel, top: int, columns: int, span: float) -> list[str]:
    axis = scale(found for _, values in panel.curves if (found := values.range()) is not None)
    parts = [_title(panel, top), *_value_axis(axis, panel, top)]
    for index, (_, values) in enumerate(panel.curves):
        low, high = (1 - axis.place(ends) for ends in values.columns(columns, span))
        line = path(_across(columns), top + panel.height * high, top + panel.height * low)
        look = f'fill="none" stroke="{HUES[index % len(HUES)]}" stroke-linejoin="round" stroke-linecap="round"'
        parts.append(f'<path d="{line}" {look}/>')
    return parts


def _title(panel: Panel, top: int) -> str:
    names = [
        f'<tspan dx="8" fill="{HUES[index % len(HUES)]}">{escaped(name)}</tspan>'
        for index, (name, _) in enumerate(panel.curves[: len(HUES)])
    ]
    more = f'<tspan dx="8">and {len(panel.curves) - len(names)} more</tspan>' if len(panel.curves) > len(names) else ""
    return f'<text x="{_LEFT}" y="{top - 6}">{escaped(panel.title)}{"".join(names)}{more}</text>'


def _value_axis(axis: Scale, panel: Panel, top: int) -> list[str]:
    ticks = axis.ticks(max(2, panel.height // 18))
    heights = top + panel.height * (1 - axis.place(np.array(ticks)))
    parts = [_line(_LEFT, top, _LEFT, top + panel.height)]
    for y, label in zip(heights.tolist(), labels(ticks, panel.unit), strict=True):
        parts.append(_line(_LEFT - 4, y, _LEFT, y))
        parts.append(f'<text x="{_LEFT - 7}" y="{_number(y + 4)}" text-anchor="end">{escaped(_micro(label))}</text>')
    return parts


def _time_axis(top: int, span: float) -> list[str]:
    parts, width = [_line(_LEFT, top, WIDTH - _RIGHT, top)], WIDTH - _LEFT - _RIGHT
    for time, label in zip(*moments(span, 8), strict=True):
        x = _LEFT + width * time / span
        parts.append(_line(x, top, x, top + 4))
        parts.append(f'<text x="{_number(x)}" y="{top + 17}" text-anchor="middle">{escaped(_micro(label))}</text>')
    return parts


def _bands(shaded: Envelope, height: int, columns: int, span: float) -> str:
    there = np.isfinite(shaded.columns(columns, span)[0])
    width = (WIDTH - _LEFT - _RIGHT) / columns
    turns = np.flatnonzero(np.diff(there.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    places = (_LEFT + turns * width).tolist()
    return "".join(
        f'<rect x="{_number(begin)}" y="0" width="{_number(end - begin)}" height="{height}" fill="#E69F00" '
        'fill-opacity="0.25"/>'
        for begin, end in places
    )


def path(x: FloatArray, top: FloatArray, bottom: FloatArray) -> str:
    """Return a line through both ends of each column, (columns,) px each, the nearer first; NaN breaks it."""
    commands: list[str] = []
    last: float | None = None
    for at, *ends in zip(x.tolist(), top.tolist(), bottom.tolist(), strict=True):
        if math.isnan(ends[0]):
            last = None
            continue
        begun = ends[0] if last is None else last
        for height in dict.fromkeys(sorted(ends, key=lambda end: abs(end - begun))):
            commands.append(f"{'M' if last is None else 'L'}{_number(at)} {_number(height)}")
            # A round end makes a point of a line without length.
            commands.append("h0" if last is None else "")
            last = height
    return "".join(commands)


def _across(columns: int) -> FloatArray:
    return _LEFT + (np.arange(columns, dtype=np.float64) + 0.5) * ((WIDTH - _LEFT - _RIGHT) / columns)


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    ends = f'x1="{_number(x)}" y1="{_number(y)}" x2="{_number(to_x)}" y2="{_number(to_y)}"'
    return f'<line {ends} stroke="currentColor" stroke-opacity="0.5"/>'


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _micro(label: str) -> str:
    return label.replace(" u", " µ")
