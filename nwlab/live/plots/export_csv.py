"""The samples of what is seen, as a table."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.live.scene.column import Pair
from nwlab.live.scene.detail import Detail
from nwlab.live.scene.line import Line
from nwlab.live.scene.trace import Points, Trace

HEADER = ("line", "time (s)", "conductance (S)", "voltage (V)", "current (A)")
_ALL = 1 << 62  # points

Row = tuple[str, float, float, float, float]
"""Name of a line, and what the header says; NaN where it is not known."""


def write_csv(path: Path, rows: Iterable[Row]) -> int:
    """Write one sample a row and return how many there are; what is not known stays empty. Raises OSError.

    The file has its name only when it is whole.
    """
    count, part = 0, path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(HEADER)
        for name, *numbers in rows:
            sheet.writerow([name, *("" if math.isnan(number) else number for number in numbers)])
            count += 1
    part.replace(path)
    return count


def recorded(detail: Detail, names: Mapping[Pair, str], begin: float, end: float) -> Iterator[Row]:
    """Yield every sample from `begin` to `end` s that the record has of the lines in `names`.

    Raises FileError and StorageError.
    """
    for taken in detail(begin, end):
        column = taken.column
        if taken.pair in names:
            seen = (column.time >= begin) & (column.time <= end)
            arrays = (column.time, column.conductance, column.voltage, column.current)
            yield from _rows(names[taken.pair], *(array[seen] for array in arrays))


def remembered(line: Line, begin: float, end: float) -> Iterator[Row]:
    """Yield what memory has from `begin` to `end` s: every sample where nothing has been thinned out yet."""
    current, conductance, voltage = (
        _inside(trace, begin, end) for trace in (line.current, line.conductance, line.voltage)
    )
    time = np.union1d(current.time, conductance.time)
    if line.voltage.keeps(begin):
        step = np.searchsorted(voltage.time, time, side="right") - 1
        volts = np.where(step >= 0, voltage.value[step], np.nan) if voltage.time.size else np.full(time.size, np.nan)
    else:
        time = np.union1d(time, voltage.time)
        volts = _at(voltage, time)
    yield from _rows(line.name, time, _at(conductance, time), volts, _at(current, time))


def _inside(trace: Trace, begin: float, end: float) -> Points:
    points = trace.view(begin, end, _ALL)
    seen = (points.time >= begin) & (points.time <= end)
    return Points(points.time[seen], points.value[seen], points.after_rest[seen])


def _at(points: Points, time: FloatArray) -> FloatArray:
    """Return values at the moments where there are any."""
    values = np.full(time.size, np.nan)
    values[np.searchsorted(time, points.time)] = points.value
    return values


def _rows(name: str, *columns: FloatArray) -> Iterator[Row]:
    time, conductance, voltage, current = (column.tolist() for column in columns)
    yield from zip([name] * len(time), time, conductance, voltage, current, strict=True)
