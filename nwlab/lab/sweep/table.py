"""The table of a sweep: a row for each point in the order of the grid, units in the columns' heads."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nwlab.lab.sweep.following import TOLD
from nwlab.lab.sweep.order import SweepOrder
from nwlab.lab.sweep.point import MEASURED

_OWN = ("point", "chip", "repetition", "seed", "status", "chip_time", "reason")
"""Columns that a protocol's parameter of the same name must not be taken for."""
Rows = Mapping[int, Mapping[str, Any]]
"""Points by number, as they were kept."""


def write(path: Path, order: SweepOrder, rows: Rows) -> None:
    """Replace the table by that of the points there are; raises OSError. Numbers come back to the last bit."""
    temporary = path.with_name(f".{path.name}.part")
    names, pairs, results = _chips(order), _pairs(rows), _results(rows)
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            sheet = csv.writer(file)
            sheet.writerow(name if unit == "1" else f"{name} ({unit})" for name, unit in columns(order, rows))
            sheet.writerows(list(_cells(order, rows[number], names, results, pairs)) for number in sorted(rows))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def columns(order: SweepOrder, rows: Rows) -> list[tuple[str, str]]:
    """Return the columns in order, each with its unit; "1" = a plain number or words."""
    chip = ["chip"] if len(order.chips) > 1 else []
    repetition = ["repetition"] if order.repetitions > 1 else []
    axes = [(f"protocol.{axis.key}" if axis.key in _OWN else axis.key, axis.unit or "1") for axis in order.axes]
    measured = [(f"{key} {pair}", unit) for pair in _pairs(rows) for key, (unit, _) in MEASURED.items()]
    twin = [(name, "1") for name in TOLD if order.twin is not None]
    plain = [[(name, "1") for name in names] for names in (["point", *chip], [*repetition, "seed", "status"])]
    return [*plain[0], *axes, *plain[1], ("chip_time", "s"), *_results(rows), *measured, *twin, ("reason", "1")]


def _pairs(rows: Rows) -> list[str]:
    """Return the pairs of terminals of all points, in the order in which the grid meets them."""
    return list(dict.fromkeys(pair for number in sorted(rows) for pair in rows[number].get("pairs", ())))


def _results(rows: Rows) -> list[tuple[str, str]]:
    """Return the heads of what steps have found out, with their units, in the order in which the grid meets them."""
    found = (rows[number].get("results", {}) for number in sorted(rows))
    return list(dict.fromkeys((head, cell["unit"]) for cells in found for head, cell in cells.items()))


def _result(row: Mapping[str, Any], head: str, unit: str) -> object:
    cell = row.get("results", {}).get(head, {})
    return cell.get("value") if cell.get("unit") == unit else None


def _chips(order: SweepOrder) -> list[str]:
    """Name the chips by their files, without the folders where that tells them apart."""
    paths = [Path(each.path) for each in order.chips]
    is_clear = len({path.stem for path in paths}) == len(paths)
    return [path.stem if is_clear else str(path) for path in paths]


def _cells(
    order: SweepOrder, row: Mapping[str, Any], names: list[str], results: list[tuple[str, str]], pairs: list[str]
) -> Iterator[object]:
    point = order.point(row["point"])
    yield point.number
    if len(order.chips) > 1:
        yield names[point.chip]
    yield from point.values
    if order.repetitions > 1:
        yield point.repetition
    yield from (point.seed, row["status"], row.get("chip_time"))
    yield from (_result(row, head, unit) for head, unit in results)
    for pair in pairs:
        found = row.get("pairs", {}).get(pair, {})
        yield from (found.get(key) for key in MEASURED)
    if order.twin is not None:
        yield from (row.get("twin", {}).get(name) for name in TOLD)
    yield row.get("reason")
