"""A film as many junctions side by side whose rates are spread: it relaxes along a stretched exponential.

One junction has one rate; measured films go on relaxing over decades of time. Here the rates κ_P0 and κ_D0 of the
junctions have log-normal factors, whose spread is fitted with the other parameters. The factors are those that a chip
file with the same seed draws, so that the chip file is the very film that was fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nwlab.analysis.fit import Fit
from nwlab.analysis.identify import FitOptions
from nwlab.analysis.network.coordinates import NAMES, Coordinates
from nwlab.analysis.network.curves import PopulationCurve
from nwlab.analysis.network.descent import Task, best_of, descend
from nwlab.analysis.network.outcome import chip_tables, conclude, level_remarks, single
from nwlab.analysis.network.setting import EXACT, Setting, scattered, setting, thinned
from nwlab.analysis.network.weighing import weighed
from nwlab.analysis.recording import Recording
from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.laws.spread import Spread

PARAMETERS = NAMES[:8]
SPREADS = NAMES[6:8]
JUNCTIONS = 400
_STARTS, _GOES_ON, _LOOKS = 15, 2, 40
_CHEAP = 240
"""Stages up to which starts are tried on all junctions."""


def fit(recordings: Sequence[Recording], options: FitOptions) -> Fit:
    """Fit the rate balance with spreads of κ_P0 and κ_D0; conductances are those of one junction of `JUNCTIONS`.

    Many starts are tried on few samples, the best go on with all. Raises UsageError for recordings that say nothing of
    a conductance.
    """
    if options.map != EXACT:
        raise UsageError("the legacy map belongs to films of one rate; fit it with --law mean-field or grid")
    about = _of_all(setting(recordings, options, PARAMETERS))
    coordinates = about.coordinates(PARAMETERS, about.highest)
    normals = drawn(JUNCTIONS, about.seed)
    centre = coordinates.unknowns(about.fixed(about.centre(), PARAMETERS))
    few = _few(about, coordinates, normals, centre)
    starts = best_of(few, scattered(centre, few.is_free, _STARTS, about.seed), 60)[:_GOES_ON]
    curve = PopulationCurve(about.records, coordinates, normals)
    task = Task(curve, about.measured, about.scale, centre, coordinates.is_free)
    found = min((descend(task, start.unknowns, _LOOKS) for start in starts), key=lambda found: found.cost)
    task, found = weighed(task, found, [record.time.size for record in about.records], _LOOKS)
    tables = population_tables(about, coordinates.parameters(found.unknowns), SPREADS)
    return conclude("stretched", PARAMETERS, about, coordinates, task, found, tables, level_remarks(about), JUNCTIONS)


def _of_all(about: Setting) -> Setting:
    """Turn conductances that are given, which are those of one junction as they are told, into those of the film."""
    whole = {name: value * (JUNCTIONS if _is_conductance(name) else 1) for name, value in about.given.items()}
    return replace(about, given=whole)


def _is_conductance(name: str) -> bool:
    return name.startswith(("g_", "start_"))


def drawn(junctions: int, seed: int) -> FloatArray:
    """Return the normal numbers behind the factors that a chip file of this seed draws, (3, junctions)."""
    return np.log(Spread((1.0, 1.0, 1.0)).draw(junctions, np.random.default_rng(seed)))


def population_tables(about: Setting, parameters: FloatArray, spreads: tuple[str, ...]) -> dict[str, Any]:
    """Return a chip of junctions side by side: two columns of points, each of which one terminal shorts."""
    network = {"rows": JUNCTIONS, "columns": 2, "diagonals": "none", "seed": about.seed}
    terminals = [
        {"name": name, "node": list(range(first, first + JUNCTIONS))}
        for name, first in ((about.source, 0), (about.sink, JUNCTIONS))
    ]
    return chip_tables(about, single(parameters, JUNCTIONS), "grid", spreads, network=network, terminal=terminals)


def _few(about: Setting, coordinates: Coordinates, normals: FloatArray, centre: FloatArray) -> Task:
    """Return the task with some of the samples, and of the junctions where levels are many."""
    if sum(record.level.size for record in about.records) > _CHEAP:
        normals = np.ascontiguousarray(normals[:, ::4])
    parts = [thinned(record) for record in about.records]
    records, shares = [part[0] for part in parts], np.concatenate([part[1] for part in parts])
    curve = PopulationCurve(records, coordinates, normals)
    measured = np.concatenate([record.measured for record in records])
    return Task(curve, measured, about.scale / np.sqrt(shares), centre, coordinates.is_free)
