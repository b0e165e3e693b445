"""What a fit found, in the words that all laws share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nwlab.analysis.chip_writer import quantity
from nwlab.analysis.fit import Estimate, Fit, varies
from nwlab.analysis.network import sureness
from nwlab.analysis.network.coordinates import NAMES, SHARED, UNITS, Coordinates
from nwlab.analysis.network.descent import PRIOR_SD, Found, Task
from nwlab.analysis.network.setting import EXACT, LEGACY, MAPS, Setting
from nwlab.core.drive import FloatArray
from nwlab.core.units import show

_CONDUCTANCES = [4, 5]  # G_min and G_max
_OPEN = 0.5
"""Of the prior's standard deviation: an error beyond is the prior's own."""


def conclude(
    law: str,
    parameters: tuple[str, ...],
    setting: Setting,
    coordinates: Coordinates,
    task: Task,
    found: Found,
    tables: dict[str, Any],
    more: Sequence[str] = (),
    junctions: int = 1,
) -> Fit:
    """Return the fit; `parameters` are those of NAMES that the law has, `more` are remarks of its own.

    Where `junctions` side by side are the film, conductances are those of one, as in the chip file.
    """
    parts = [record.time.size for record in setting.records]
    per_sample = sureness.variance(task, found, parts)
    spread = sureness.covariance(task, found, per_sample)
    turn = single(coordinates.slope(found.unknowns), junctions)
    every = (*NAMES, *setting.names(()))
    chosen = [number for number, name in enumerate(every) if number >= SHARED or name in parameters]
    values, whole = single(coordinates.parameters(found.unknowns), junctions), turn @ spread @ turn.T
    estimates = {
        every[k]: Estimate(float(values[k]), _error(k, spread, whole, setting, every[k]), (*UNITS, *_siemens(k))[k])
        for k in chosen
    }
    open_ones = sureness.open_directions(task, found, per_sample, every)
    return Fit(
        law=law,
        parameters=estimates,
        covariance=whole[np.ix_(chosen, chosen)],
        time=np.concatenate([record.time for record in setting.records]),
        measured=task.measured,
        fitted=found.fitted,
        tables=tables,
        remarks=(*_unsettled(found), *more, *_open_remarks(open_ones)),
        extra={"map": LEGACY if setting.is_legacy else EXACT, **_goodness(task, found, per_sample)},
    )


def _goodness(task: Task, found: Found, per_sample: float) -> dict[str, float]:
    """Return Schwarz's criterion, over how many samples residuals are alike, and their size in parts of the range.

    There is no criterion where nothing is left over, and no range where nothing varies.
    """
    off, fitted = found.fitted - task.measured, int(task.is_free.sum())
    squares, samples = float(off @ off), off.size
    return {
        "bic": samples * math.log(squares / samples) + fitted * math.log(samples) if squares else -math.inf,
        "autocorrelation_samples": per_sample * (samples - fitted) / squares if squares else 1.0,
        "of_range": math.sqrt(squares / samples) / float(np.ptp(task.measured)) if varies(task.measured) else math.nan,
    }


def single(parameters: FloatArray, junctions: int) -> FloatArray:
    """Return the parameters (numbers, …) of one of so many junctions side by side."""
    found = parameters.copy()
    found[_CONDUCTANCES] /= junctions
    found[SHARED:] /= junctions
    return found


def chip_tables(
    setting: Setting, parameters: FloatArray, kind: str, spreads: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    """Return the tables of a chip of one law; `parameters` (SHARED + recordings,), `more` are network and terminals."""
    values = {name: quantity(float(parameters[k]), UNITS[k]) for k, name in enumerate(NAMES[:6])}
    model: dict[str, Any] = {"kind": kind, "law": MAPS[LEGACY if setting.is_legacy else EXACT], "parameters": values}
    if spreads:
        model["spread"] = {name.removeprefix("spread_"): float(parameters[NAMES.index(name)]) for name in spreads}
    return {
        "terminals": [setting.source, setting.sink],
        "limits": setting.limits,
        **more,
        "model": model,
        "start": {"conductance": quantity(float(parameters[SHARED]), "S")},
    }


def level_remarks(setting: Setting) -> tuple[str, ...]:
    """Say what too few voltages leave to the law's form."""
    levels = distinct_levels(setting)
    if len(levels) > 2:
        return ()
    shown = " and ".join(show(level, "V") for level in levels)
    first = f"the record holds {shown} only: it fixes a rate and a final conductance at each, no more; "
    return (first + "how they depend on the voltage between is the law's word, and needs a third voltage to be tested",)


def distinct_levels(setting: Setting) -> list[float]:
    """Return the magnitudes of voltage that were held, from the lowest up, those within 3 % as one."""
    found: list[float] = []
    for level in np.sort(np.abs(np.concatenate([record.level for record in setting.records]))):
        if not found or level > 1.03 * found[-1] + 1e-3 * setting.highest:
            found.append(float(level))
    return found


def _error(k: int, spread: FloatArray, whole: FloatArray, setting: Setting, name: str) -> float:
    """Return a standard error: NaN for what was given, infinite for what only the prior holds."""
    if name in setting.given:
        return math.nan
    return math.inf if spread[k, k] > (_OPEN * PRIOR_SD) ** 2 else math.sqrt(max(whole[k, k], 0.0))


def _siemens(k: int) -> tuple[str, ...]:
    return ("S",) * max(k + 1 - SHARED, 0)


def _unsettled(found: Found) -> tuple[str, ...]:
    return () if found.is_settled else ("the fit was still getting a little better when it was stopped",)


def _open_remarks(directions: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    if not directions:
        return ()
    names = ", ".join(dict.fromkeys(name for direction in directions for name in direction))
    many = "a combination" if len(directions) == 1 else f"{len(directions)} combinations"
    return (f"the record leaves {many} of {names} open: there the fit stays near where it began",)
