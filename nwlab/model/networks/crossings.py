"""Where straight wires cross: every pair of them, and how far along each.

Theory of operation
    Wires are entered into the square cells that they pass, so that only those which share a cell are compared: with
    cells of about a third of a wire, work and memory grow as wires and crossings do, not as pairs of wires. Two wires
    p + t·u and q + s·v cross where t = (q − p)×v / u×v and s = (q − p)×u / u×v both lie between 0 and 1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.networks.network import IntArray

Counts = NDArray[np.int64]

_CELLS = 3.0  # along a wire of mean length
_TOUCH = 1e-9  # of a wire's length: an end this near lies on the other wire, as in a T
_PARALLEL = 1e-12  # sine of the angle below which wires count as parallel
_USUAL = 8  # crossings per wire for which room is made at first


class Crossings(NamedTuple):
    """Crossings of wires, sorted by the two wires."""

    pairs: IntArray  # (crossings, 2) wires, the lower number first
    along: FloatArray  # (crossings, 2) where on each of the two: 0 at its first end, 1 at its second


class _Cells(NamedTuple):
    """A grid of squares over all wires, cell = column · rows + row."""

    left: float  # m
    bottom: float  # m
    side: float  # m
    pad: float  # m by which a wire reaches beyond its line, so that rounding loses no cell
    columns: int
    rows: int


def crossings(ends: FloatArray) -> Crossings:
    """Return all crossings of wires whose ends are (wires, 2, 2) m.

    Ends that touch count as crossings. Parallel wires have none, even where they lie on one another.
    """
    ends = np.ascontiguousarray(ends, dtype=np.float64)
    cells = _cells(ends)
    start, members = _enter(ends, cells)
    room = _USUAL * len(ends)
    while True:
        pairs, along = np.empty((room, 2), dtype=np.int32), np.empty((room, 2))
        found = _search(ends, cells, start, members, pairs, along)
        if found <= room:
            break
        room = found
    pairs, along = pairs[:found], along[:found]
    order = np.argsort(pairs[:, 0].astype(np.int64) * len(ends) + pairs[:, 1])
    return Crossings(pairs[order], along[order])


def _cells(ends: FloatArray) -> _Cells:
    """Choose cells: never more than a dozen per wire, however far apart wires lie."""
    low, high = ends.min(axis=(0, 1)), ends.max(axis=(0, 1))
    lengths, (width, height) = np.hypot(*(ends[:, 1] - ends[:, 0]).T), high - low
    most = 4 * len(ends)
    side = max(lengths.mean() / _CELLS, math.sqrt(width * height / most), max(width, height) / most)
    side = float(side) or 1.0
    pad = float(2 * _TOUCH * lengths.max())
    columns, rows = int(width / side) + 1, int(height / side) + 1
    return _Cells(float(low[0]), float(low[1]), side, pad, columns, rows)


@compiled
def _index(distance: float, cells: _Cells, count: int) -> int:
    """Return the column or row, of `count`, at a distance from the first one's border."""
    return min(max(math.floor(distance / cells.side), 0), count - 1)


@compiled
def _columns(ends: FloatArray, wire: int, cells: _Cells) -> tuple[int, int]:
    """Return the first column that a wire passes, and the one after its last."""
    low, high = min(ends[wire, 0, 0], ends[wire, 1, 0]), max(ends[wire, 0, 0], ends[wire, 1, 0])
    first = _index(low - cells.pad - cells.left, cells, cells.columns)
    return first, _index(high + cells.pad - cells.left, cells, cells.columns) + 1


@compiled
def _rows(ends: FloatArray, wire: int, column: int, cells: _Cells) -> tuple[int, int]:
    """Return the first row that a wire passes within a column, and the one after its last."""
    x, y = ends[wire, 0]
    run, rise = ends[wire, 1, 0] - x, ends[wire, 1, 1] - y
    one, two = 0.0, 1.0
    if abs(run) > cells.pad:
        border = cells.left + column * cells.side
        one = min(max((border - cells.pad - x) / run, 0.0), 1.0)
        two = min(max((border + cells.side + cells.pad - x) / run, 0.0), 1.0)
    low, high = y + min(one * rise, two * rise), y + max(one * rise, two * rise)
    first = _index(low - cells.pad - cells.bottom, cells, cells.rows)
    return first, _index(high + cells.pad - cells.bottom, cells, cells.rows) + 1


@compiled
def _enter(ends: FloatArray, cells: _Cells) -> tuple[Counts, IntArray]:
    """Return where each cell's members start, (cells + 1,), and the wires in all cells one after the other."""
    start: Counts = np.zeros(cells.columns * cells.rows + 1, dtype=np.int64)
    for wire in range(len(ends)):
        first_column, last_column = _columns(ends, wire, cells)
        for column in range(first_column, last_column):
            first_row, last_row = _rows(ends, wire, column, cells)
            for row in range(first_row, last_row):
                start[column * cells.rows + row] += 1
    start = np.cumsum(start)
    members = np.empty(start[-1], dtype=np.int32)
    for wire in range(len(ends) - 1, -1, -1):
        first_column, last_column = _columns(ends, wire, cells)
        for column in range(first_column, last_column):
            first_row, last_row = _rows(ends, wire, column, cells)
            for row in range(first_row, last_row):
                start[column * cells.rows + row] -= 1
                members[start[column * cells.rows + row]] = wire
    return start, members


@compiled
def _search(
    ends: FloatArray, cells: _Cells, start: Counts, members: IntArray, pairs: IntArray, along: FloatArray
) -> int:
    """Write crossings into `pairs` and `along` as far as there is room; return how many there are."""
    found, met = 0, np.full(len(ends), -1, dtype=np.int32)
    for wire in range(len(ends)):
        first_column, last_column = _columns(ends, wire, cells)
        for column in range(first_column, last_column):
            first_row, last_row = _rows(ends, wire, column, cells)
            for row in range(first_row, last_row):
                cell = column * cells.rows + row
                for place in range(start[cell], start[cell + 1]):
                    other = members[place]
                    if other <= wire or met[other] == wire:
                        continue
                    met[other] = wire
                    t, s = _cross(ends[wire], ends[other])
                    if t < 0:
                        continue
                    if found < len(pairs):
                        pairs[found, 0], pairs[found, 1] = wire, other
                        along[found, 0], along[found, 1] = t, s
                    found += 1
    return found


@compiled
def _cross(one: FloatArray, two: FloatArray) -> tuple[float, float]:
    """Return how far along each of two wires they cross, or −1, −1."""
    ux, uy = one[1, 0] - one[0, 0], one[1, 1] - one[0, 1]
    vx, vy = two[1, 0] - two[0, 0], two[1, 1] - two[0, 1]
    sine = ux * vy - uy * vx
    if abs(sine) <= _PARALLEL * math.sqrt((ux * ux + uy * uy) * (vx * vx + vy * vy)):
        return -1.0, -1.0
    wx, wy = two[0, 0] - one[0, 0], two[0, 1] - one[0, 1]
    t, s = (wx * vy - wy * vx) / sine, (wx * uy - wy * ux) / sine
    if min(t, s) < -_TOUCH or max(t, s) > 1 + _TOUCH:
        return -1.0, -1.0
    return min(max(t, 0.0), 1.0), min(max(s, 0.0), 1.0)
