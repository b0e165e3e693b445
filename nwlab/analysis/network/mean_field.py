"""A film as one junction: the rate balance between two terminals, without chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from nwlab.analysis.fit import Fit
from nwlab.analysis.identify import FitOptions
from nwlab.analysis.network.coordinates import NAMES, Coordinates
from nwlab.analysis.network.curves import PopulationCurve
from nwlab.analysis.network.descent import Task, best_of
from nwlab.analysis.network.outcome import chip_tables, conclude, distinct_levels, level_remarks
from nwlab.analysis.network.setting import Setting, scattered, setting
from nwlab.analysis.network.sureness import covariance, error_of, variance
from nwlab.analysis.network.weighing import weighed
from nwlab.analysis.recording import Recording
from nwlab.core.drive import FloatArray
from nwlab.core.units import show

PARAMETERS = NAMES[:6]
_STARTS, _LOOKS, _PATIENT = 11, 120, 400


def fit(recordings: Sequence[Recording], options: FitOptions) -> Fit:
    """Fit κ_P0, κ_D0, η_P, η_D, G_min, G_max and the starting conductance of each recording.

    Raises UsageError for recordings that say nothing of a conductance.
    """
    about = setting(recordings, options, PARAMETERS)
    coordinates = about.coordinates(PARAMETERS, about.highest, distinct_levels(about)[0])
    curve = PopulationCurve(about.records, coordinates, np.zeros((3, 1)), is_legacy=about.is_legacy)
    centre = coordinates.unknowns(about.fixed(about.centre(), PARAMETERS))
    task = Task(curve, about.measured, about.scale, centre, coordinates.is_free)
    found = best_of(task, scattered(centre, task.is_free, _STARTS, about.seed), _LOOKS)[0]
    parts = [record.time.size for record in about.records]
    task, found = weighed(task, found, parts, _PATIENT)
    spread = covariance(task, found, variance(task, found, parts))
    told = [] if about.is_legacy else _levels(about, coordinates, found.unknowns, spread)
    tables = chip_tables(about, coordinates.parameters(found.unknowns), "two-terminal")
    more = (*level_remarks(about), *told)
    return conclude("mean-field", PARAMETERS, about, coordinates, task, found, tables, more)


def _levels(about: Setting, coordinates: Coordinates, unknowns: FloatArray, spread: FloatArray) -> list[str]:
    """Say what holds at each of a few voltages: rates and final conductances are what a record really fixes."""
    levels = distinct_levels(about)
    if len(levels) > 4:
        return []

    def rate(at: FloatArray, volts: float) -> float:
        up, down = _ways(coordinates, at, volts)
        return up + down

    def final(at: FloatArray, volts: float) -> float:
        up, down = _ways(coordinates, at, volts)
        low, high = coordinates.parameters(at)[4:6]
        return float(low + (high - low) * up / (up + down))

    found: list[str] = []
    for volts in levels:
        rates, finals = partial(rate, volts=volts), partial(final, volts=volts)
        off, away = error_of(rates, unknowns, spread), error_of(finals, unknowns, spread)
        found.append(
            f"at {show(volts, 'V')} the rate is {rates(unknowns):.4g} ± {off:.2g} /s, "
            f"the final conductance {show(finals(unknowns), 'S')} ± {show(away, 'S', 2)}"
        )
    return found


def _ways(coordinates: Coordinates, unknowns: FloatArray, volts: float) -> tuple[float, float]:
    kp0, kd0, eta_p, eta_d = coordinates.parameters(unknowns)[:4]
    return float(kp0 * math.exp(eta_p * volts)), float(kd0 * math.exp(-eta_d * volts))
