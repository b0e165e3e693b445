"""From recordings to the stochastic rate-balance law of a two-terminal chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nwlab.analysis.chip_limits import chip_limits
from nwlab.analysis.chip_writer import quantity
from nwlab.analysis.fit import Estimate, Fit
from nwlab.analysis.given import given_number
from nwlab.analysis.identify import FitOptions
from nwlab.analysis.rate_balance.all_levels import NAMES, OWN, Whole, fit_all
from nwlab.analysis.rate_balance.calibration import calibration
from nwlab.analysis.rate_balance.chance import RATE, chance_of
from nwlab.analysis.rate_balance.first_guess import ENOUGH
from nwlab.analysis.rate_balance.lines import BEYOND, Points, lines, points_of
from nwlab.analysis.rate_balance.one_level import Level, fit_level
from nwlab.analysis.rate_balance.pieces import Steps, steps_of
from nwlab.analysis.rate_balance.refusals import check_held, check_spread, check_varies
from nwlab.analysis.rate_balance.remarks import Bounds, on_calibration, remarks
from nwlab.analysis.rate_balance.tables import tables
from nwlab.analysis.recording import Recording, Trace
from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError

GIVEN = {"g_min": "S", "g_max": "S", "jump_size": "S", "jumps": "1", "read_noise": "A"}
"""What may be given: bounds of the conductance, the size above which jumps count, whether there are any, read noise."""

KEPT = ("g_min", "g_max", "read_noise")
"""Those of them that are parameters."""


def fit(recordings: Sequence[Recording], options: FitOptions) -> Fit:
    """Fit the law to all recordings together.

    First each voltage by itself (θ, attractor, σ, jumps and read noise together), then the lines of ln K over voltage,
    then all readings at once by one likelihood. Raises UsageError where the record does not allow it.
    """
    if options.map != "exact":
        raise UsageError("the stochastic law has no map of older codes; fit it without --map, or take a network's law")
    given = _given(options)
    for recording in recordings:
        check_held(recording, options)
    traces = [recording.trace(options.source, options.sink) for recording in recordings]
    stretches = [stretch for trace in traces for stretch in trace.stretches()]
    if not stretches:
        raise UsageError("no conductance was read in any recording: a reading needs a voltage and a current")
    steps = steps_of(stretches)
    check_varies(steps)
    levels = _levels(steps, given)
    points = points_of(levels)
    bounds = _bounds(points, given, steps)
    candidates = lines(points, bounds.g_min, bounds.g_max, (float(steps.reading.min()), float(steps.reading.max())))
    richest = max(levels, key=lambda level: level.steps)
    has_jumps = any(level.chance.has_jumps for level in levels)
    chance = chance_of(richest.guess, steps.level, richest.voltage, jumps=has_jumps, stated=given.get("jump_size"))
    largest = max(level.chance.largest for level in levels)
    chance = replace(chance, largest=largest, read=given.get("read_noise"))
    whole = fit_all(steps, levels, candidates, chance, (bounds.g_min is None, bounds.g_max is None))
    bounds = replace(bounds, ended=whole.ended, vague=whole.vague)
    return _fit(recordings, options, traces, steps, levels, bounds, whole)


def _given(options: FitOptions) -> dict[str, float]:
    for key in options.given:
        if key not in GIVEN:
            raise UsageError(f"{key!r} cannot be given to this law; what can: {', '.join(GIVEN)}")
    given = {key: given_number(key, text, GIVEN[key]) for key, text in options.given.items()}
    allowed = {
        "jump_size": (given.get("jump_size", 1.0) > 0, "the size above which jumps count is more than 0 S"),
        "jumps": (given.get("jumps", 0.0) in (0.0, 1.0), "0 is without jumps, 1 with those that the record shows"),
        "read_noise": (given.get("read_noise", 0.0) >= 0, "the size of a noise is at least 0 A"),
    }
    for key, (is_allowed, rule) in allowed.items():
        if not is_allowed:
            raise UsageError(f"--set {key}: {rule}, not {options.given[key]}")
    return given


def _levels(steps: Steps, given: dict[str, float]) -> list[Level]:
    """Fit each level that was held long enough; raises UsageError when none was."""
    wanted = None if given.get("jumps", 1.0) else False
    levels: list[Level] = []
    for place in range(steps.level.size):
        own = steps.only(place)
        if int(np.sum(~own.opens[2:] & ~own.opens[1:-1])) >= ENOUGH:
            check_spread(own.reading, float(steps.level[place]))
            levels.append(fit_level(own, jumps=wanted, stated=given.get("jump_size"), read=given.get("read_noise")))
    if not levels:
        longest = max(int(np.sum(steps.at == place)) for place in range(steps.level.size))
        raise UsageError(
            f"no voltage was held for {ENOUGH} readings in a row (at most {longest} readings share one), so that "
            "neither θ nor g̃ can be told at any; record a staircase of holds, or fit --law mean-field"
        )
    return levels


def _bounds(points: Points, given: dict[str, float], steps: Steps) -> Bounds:
    """Bounds are given, or found from three voltages on; otherwise they are chosen, and it is said."""
    g_min, g_max = given.get("g_min"), given.get("g_max")
    lowest, highest = float(points.goal.min()), float(points.goal.max())
    errors = BEYOND * points.goal_sd
    if g_min is not None and not 0 <= g_min < float(np.min(points.goal + errors)):
        raise UsageError(f"g_min is {g_min:g} S, but the chip goes to {lowest:g} S at {points.voltage[0]:g} V")
    if g_max is not None and not g_max > max(float(np.max(points.goal - errors)), g_min or 0.0):
        raise UsageError(f"g_max is {g_max:g} S, but the chip goes to {highest:g} S")
    missing = (g_min is None) + (g_max is None)
    if 2 * points.count >= 4 + missing:
        return Bounds(g_min, g_max, (), tuple(key for key in KEPT if key in given))
    chosen = tuple(key for key in ("g_min", "g_max") if key not in given)
    top = 2.0 * highest if points.count == 1 else 1.5 * max(highest, float(steps.reading.max()))
    known = tuple(key for key in KEPT if key in given)
    return Bounds(0.0 if g_min is None else g_min, top if g_max is None else g_max, chosen, known)


def _fit(
    recordings: Sequence[Recording],
    options: FitOptions,
    traces: Sequence[Trace],
    steps: Steps,
    levels: Sequence[Level],
    bounds: Bounds,
    whole: Whole,
) -> Fit:
    parameters = _parameters(whole, bounds, steps)
    told = whole.optimum.told
    tables_ = _tables(parameters, recordings[0].pair(options.source, options.sink), chip_limits(recordings, traces))
    extra: dict[str, Any] = {"levels": [_level(level) for level in levels]}
    if whole.chance.has_jumps:
        extra |= _jumps(steps, whole)
    covariance = _padded(whole, bounds, parameters)
    is_found = whole.optimum.converged and not whole.falls_short
    meter = calibration(steps, whole) if is_found else {}
    extra["calibration"] = {key: quantity(sd, parameters[key].unit) for key, sd in meter.items()}
    return Fit(
        "rate-balance",
        parameters,
        covariance,
        steps.time,
        steps.reading,
        told.predicted,
        tables_,
        (*remarks(steps, levels, whole, bounds), *on_calibration(parameters, meter)),
        extra,
        course=_course(steps, whole),
        error=np.sqrt(told.variance),
        falls_short=whole.falls_short,
    )


def _jumps(steps: Steps, whole: Whole) -> dict[str, Any]:
    """What was seen of jumps."""
    optimum = whole.optimum
    rate_above = float(np.exp(optimum.corrected[OWN + RATE]))
    sd = float(np.sqrt(optimum.covariance[OWN + RATE, OWN + RATE])) * rate_above
    ups, downs = optimum.told.jumped[:, 0], optimum.told.jumped[:, 1]
    return {
        "jump_size": quantity(whole.chance.stated, "S"),
        "jump_rate_above": quantity(rate_above, "1/s"),
        "jump_rate_above_error": quantity(sd, "1/s"),
        "jumps_seen": float(ups.sum() + downs.sum()),
        "jumps_towards_attractor": _towards(steps, whole, ups, downs),
    }


def _parameters(whole: Whole, bounds: Bounds, steps: Steps) -> dict[str, Estimate]:
    values = [float(np.real(each)) for each in whole.told(whole.optimum.corrected)]
    sd = np.sqrt(np.maximum(np.diag(whole.covariance()), 0.0))
    found = {
        key: Estimate(value, bounds.sd(key, float(error)), NAMES[key])
        for key, value, error in zip(NAMES, values, sd, strict=False)
    }
    if "jump_largest" in found:  # the largest there was: larger ones would not show
        found["jump_largest"] = replace(found["jump_largest"], sd=float("nan"))
    read = found["read_noise"].value / max(float(steps.level[steps.at[0]]), 1e-3)
    return {**found, "start_conductance": Estimate(float(steps.reading[0]), read, "S")}


def _padded(whole: Whole, bounds: Bounds, parameters: dict[str, Estimate]) -> FloatArray:
    covariance = np.zeros((len(parameters), len(parameters)))
    covariance[:-1, :-1] = whole.covariance()
    covariance[-1, -1] = parameters["start_conductance"].sd ** 2
    return covariance


def _tables(parameters: dict[str, Estimate], pair: tuple[str, str], limits: dict[str, str]) -> dict[str, Any]:
    law = ("kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max", "noise")
    model: dict[str, Any] = {
        "kind": "two-terminal",
        "law": "rate-balance",
        "parameters": {key: quantity(parameters[key].value, NAMES[key]) for key in law},
    }
    if "jump_rate" in parameters:
        names = ("rate", "exponent", "smallest", "largest")
        model["jumps"] = {key: quantity(parameters[f"jump_{key}"].value, NAMES[f"jump_{key}"]) for key in names}
    return {
        "terminals": list(pair),
        "limits": limits,
        "model": model,
        "start": {"conductance": quantity(parameters["start_conductance"].value, "S")},
    }


def _level(level: Level) -> dict[str, Any]:
    """One voltage by itself."""
    world = level.world
    rate = float(world.rate[0])
    return {
        "voltage": quantity(level.voltage, "V"),
        "steps": level.steps,
        "rate": quantity(rate, "1/s"),
        "rate_error": quantity(rate * level.log_rate_sd, "1/s"),
        "attractor": quantity(float(world.goal[0]), "S"),
        "attractor_error": quantity(level.goal_sd, "S"),
        "noise": float(np.sqrt(world.diffusion)),
    }


def _towards(steps: Steps, whole: Whole, ups: FloatArray, downs: FloatArray) -> float:
    """Which part of the jumps seen went towards the attractor."""
    goal = np.real(whole.optimum.problem.make(whole.optimum.corrected).goal)[steps.at]
    below = np.append(steps.reading[0], steps.reading[:-1]) < goal
    return float(np.sum(np.where(below, ups, downs)) / max(float(np.sum(ups + downs)), 1e-300))


def _course(steps: Steps, whole: Whole) -> FloatArray:
    """The law's own course from the first reading, without noise and jumps."""
    world = whole.optimum.problem.make(whole.optimum.corrected)
    move = np.real(tables(steps, world._replace(jump_rate=0.0)).move)
    out, state = np.empty(steps.reading.size), 0.0
    for k, (kind, opens) in enumerate(zip(steps.kind, steps.opens, strict=True)):
        if opens:
            out[k] = state = float(steps.reading[k])
            continue
        a, b, c, h = move[kind, :4]
        out[k], state = c + h * state, a + b * state
    return out
