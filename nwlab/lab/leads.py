"""Resistance between a chip's terminals and what drives them: a bench knows it, a chip's own file does not."""

from __future__ import annotations

from typing import NamedTuple

from nwlab.core.chip import Chip
from nwlab.core.wiring import COMMON
from nwlab.lab.bench_file import parse_bench_file
from nwlab.lab.open_chip import OpenChip


class Leads(NamedTuple):
    """Of a closed crosspoint each, Ohm."""

    terminals: tuple[float, ...]  # before each terminal; empty where there is no bench
    common: float  # before common


def leads_of(chip: Chip) -> Leads:
    """Return the leads of the bench that a chip is on; a run on record has those of its own.

    Raises FileError for the file of a bench that nobody can read.
    """
    bench = chip.about.documents.get("bench") if isinstance(chip, OpenChip) else None
    if bench is None:
        return Leads((), 0.0)
    grids = parse_bench_file(bench.text, bench.path).mount(chip.terminals).grids
    found = {place: grid.lead_resistance for grid in grids for place in grid.columns.values()}
    return Leads(tuple(found.get(terminal, 0.0) for terminal in chip.terminals), found.get(COMMON, 0.0))
