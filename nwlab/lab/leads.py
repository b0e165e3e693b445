"""Resistance between a chip's terminals and what drives them: a bench knows it, a chip's own file does not."""

from __future__ import annotations

from nwlab.core.chip import Chip
from nwlab.lab.bench_file import parse_bench_file
from nwlab.lab.open_chip import OpenChip


def leads_of(chip: Chip) -> tuple[float, ...]:
    """Return Ohm before each terminal, that of a closed crosspoint with its leads; empty where there is no bench.

    A run on record has that of its own bench. Raises FileError for the file of a bench that nobody can read.
    """
    bench = chip.about.documents.get("bench") if isinstance(chip, OpenChip) else None
    if bench is None:
        return ()
    grids = parse_bench_file(bench.text, bench.path).mount(chip.terminals).grids
    found = {place: grid.lead_resistance for grid in grids for place in grid.columns.values()}
    return tuple(found.get(terminal, 0.0) for terminal in chip.terminals)
