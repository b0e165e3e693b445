"""Resistance between a chip's terminals and what drives them: a bench knows it, a chip's own file does not."""

from __future__ import annotations

from typing import NamedTuple

from nwlab.core.chip import Chip
from nwlab.core.errors import FileError
from nwlab.core.wiring import COMMON
from nwlab.lab.bench_file import parse_bench_file
from nwlab.lab.open_chip import About, OpenChip


class Leads(NamedTuple):
    """Of a closed crosspoint each, Ohm."""

    terminals: tuple[float, ...]  # before each terminal; empty where there is no bench
    common: float  # before common


NONE = Leads((), 0.0)


def leads_of(chip: Chip) -> Leads:
    """Return the leads of the bench that a chip is on; a run on record has those of its own, where they can be read."""
    about = chip.about if isinstance(chip, OpenChip) else About()
    bench = about.documents.get("bench")
    if bench is None or (about.sources is None and "replay" not in about.documents):
        return NONE
    try:
        grids = parse_bench_file(bench.text, bench.path).mount(chip.terminals).grids
    except FileError:  # of another nwlab: a twin is a little off then, which is no reason to refuse
        return NONE
    found = {place: grid.lead_resistance for grid in grids for place in grid.columns.values()}
    return Leads(tuple(found.get(terminal, 0.0) for terminal in chip.terminals), found.get(COMMON, 0.0))
