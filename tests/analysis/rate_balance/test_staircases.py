"""All voltages together: staircases of few voltages, of which some saturate or are faster than they are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from analysis.rate_balance.records import CALM, SPAN

from nwlab.analysis.fit import Fit
from nwlab.analysis.identify import FitOptions
from nwlab.analysis.rate_balance.all_levels import G_MAX, OWN, Whole, fit_all
from nwlab.analysis.rate_balance.chance import chance_of
from nwlab.analysis.rate_balance.fitting import fit
from nwlab.analysis.rate_balance.likelihood import evaluate
from nwlab.analysis.rate_balance.lines import lines, points_of
from nwlab.analysis.rate_balance.maximum import maximise
from nwlab.analysis.rate_balance.one_level import Level, fit_level
from nwlab.analysis.rate_balance.pieces import Steps, steps_of
from nwlab.analysis.rate_balance.remarks import Bounds, remarks
from nwlab.analysis.recording import Recording, Trace
from nwlab.core.errors import UsageError
from nwlab.model.paths import path

READ = 1e-9
"""S, read noise."""
FITTED = Bounds(None, None, (), ())


def stair(volts: list[float], count: int, step: float, seed: int) -> Trace:
    """Hold one voltage after another."""
    rng = np.random.default_rng(seed)
    voltage = np.repeat(volts, count)
    state = path(CALM, float(CALM.attractor(volts[0])), voltage, np.full(voltage.size, step), rng)
    current = (CALM.conductance(state) + READ * rng.standard_normal(voltage.size)) * voltage
    time = step * np.arange(1.0, voltage.size + 1)
    return Trace(time - step, time, np.zeros(time.size), voltage, current)


def whole(trace: Trace) -> tuple[Steps, list[Level], Whole]:
    """Fit a record without jumps."""
    steps = steps_of([trace])
    levels = [fit_level(steps.only(place), jumps=False) for place in range(steps.level.size)]
    richest = max(levels, key=lambda level: level.steps)
    chance = chance_of(richest.guess, steps.level, richest.voltage, jumps=False)
    seen = (float(steps.reading.min()), float(steps.reading.max()))
    return steps, levels, fit_all(steps, levels, lines(points_of(levels), None, None, seen), chance, (True, True))


def truth(found: Whole) -> np.ndarray:
    """The numbers of the chip that was recorded."""
    middle, unit = found.lines.middle, found.chance.unit
    up, down = np.log(CALM.kp0) + CALM.eta_p * middle, np.log(CALM.kd0) - CALM.eta_d * middle
    own = [up, down, CALM.eta_p, CALM.eta_d, CALM.g_min, CALM.g_max]
    return np.array([*own, 2.0 * np.log(CALM.noise * SPAN / unit), (READ / unit) ** 2])


@pytest.mark.parametrize(
    ("volts", "count", "step", "seed"),
    [
        ([3.0, 3.6, 5.0], 400, 0.63, 1),
        ([3.0, 4.0, 9.0], 150, 1.0, 1),
        ([3.0, 4.0, 9.0], 150, 1.0, 11),
        ([3.0, 4.0, 6.5], 150, 1.0, 2),
        ([3.0, 3.5, 8.0], 100, 0.63, 7),
    ],
)
def test_three_voltages_of_which_one_saturates(volts: list[float], count: int, step: float, seed: int) -> None:
    steps, levels, found = whole(stair(volts, count, step, seed))
    best, true = found.optimum, truth(found)
    assert best.told.log_likelihood > evaluate(steps, best.problem.make, true, best.problem.lean).log_likelihood - 1.0
    assert best.converged
    assert not found.falls_short
    sd = np.sqrt(np.diag(best.covariance))[:OWN]
    assert (np.abs(best.corrected - true)[:OWN] < 4.0 * sd).all()
    assert sd[G_MAX] < 0.05 * SPAN
    assert not any("log likelihood" in text for text in remarks(steps, levels, found, FITTED))


@pytest.mark.parametrize(("volts", "seed"), [([3.0, 3.6, 4.2, 6.0], 4), ([1.0, 2.0, 3.0, 4.0, 5.0], 5)])
def test_more_voltages_tell_all_of_it(volts: list[float], seed: int) -> None:
    *_, found = whole(stair(volts, 200, 0.63, seed))
    sd = np.sqrt(np.diag(found.optimum.covariance))[:OWN]
    off = np.abs(found.optimum.corrected - truth(found))[:OWN]
    assert (off < 4.0 * sd).all()
    assert (sd[:4] < [0.02, 0.1, 0.05, 0.1]).all()


def test_a_law_that_does_not_hold_at_all_voltages_is_remarked() -> None:
    steps = steps_of([stair([3.0, 4.0], 150, 1.0, 12)])
    levels = [fit_level(steps.only(place), jumps=False) for place in range(2)]
    chance = chance_of(levels[0].guess, steps.level, 3.0, jumps=False)
    drawn = lines(points_of(levels), 0.0, 1e-4, (0.0, 1e-4))
    right = fit_all(steps, levels, drawn, chance, (False, False))
    # Nothing fits with an upper bound below what is read at the higher voltage.
    wrong = fit_all(steps, levels, [replace(drawn[0], g_max=4.5e-5)], chance, (False, False))
    assert not right.falls_short
    assert wrong.falls_short
    assert any("no law was found that fits all voltages" in text for text in remarks(steps, levels, wrong, FITTED))


def test_a_climb_that_does_not_come_to_its_end_says_so() -> None:
    steps = steps_of([stair([3.6], 100, 1.0, 1)])
    problem = fit_level(steps, jumps=False).optimum.problem
    assert maximise(steps, problem).converged
    slow = replace(problem, start=problem.start + 1.0, scale=1e-3 * problem.scale)
    assert not maximise(steps, slow).converged


def recorded(trace: Trace) -> Recording:
    off = np.zeros(trace.time.size)
    voltage, current = np.column_stack([trace.voltage, off]), np.column_stack([trace.current, -trace.current])
    return Recording(("A", "B"), trace.onset, trace.time, trace.aperture, voltage, current, Path("stair"), "test", "0")


def test_voltages_that_the_chip_set_itself_are_refused() -> None:
    forced = replace(recorded(stair([3.0, 4.0, 6.5], 150, 1.0, 2)), forced=("A",))
    with pytest.raises(UsageError, match="at A the current was forced, or at its limit, so that the chip"):
        fit([forced], FitOptions())


def test_what_ends_at_a_bound_is_told_with_an_infinite_error() -> None:
    told: Fit = fit([recorded(stair([3.0, 4.0, 6.5], 150, 1.0, 2))], FitOptions())
    assert told.parameters["g_min"].value == 0.0
    assert told.parameters["g_min"].sd == np.inf
    assert any("g_min ended at 0 S" in text for text in told.remarks)
    place = list(told.parameters).index("g_min")
    assert 0.0 < told.covariance[place, place] < SPAN**2  # the others' errors are not those of a g_min that is known
    assert 0.0 < told.parameters["g_max"].sd < SPAN


def test_rates_that_only_a_long_way_leads_to_are_not_told() -> None:
    told = fit([recorded(stair([3.0, 4.0, 9.0], 150, 1.0, 1))], FitOptions())
    for name in ("kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max"):
        assert abs(told.parameters[name].value - getattr(CALM, name)) < 4.0 * told.parameters[name].sd, name
    assert told.parameters["kp0"].sd == np.inf
    assert any("kp0 is not told" in text or "kp0 and kd0 are not told" in text for text in told.remarks)


def test_a_level_faster_than_it_was_read_tells_no_rate() -> None:
    steps = steps_of([stair([8.0], 100, 20.0, 5)])
    level = fit_level(steps, jumps=False)
    assert level.optimum.at_bound[0]
    assert level.log_rate_sd == np.inf
    chance = chance_of(level.guess, steps.level, 8.0, jumps=False)
    drawn = lines(points_of([level]), 0.0, 1e-4, (0.0, 1e-4))
    found = fit_all(steps, [level], drawn, chance, (False, False))
    texts = remarks(steps, [level], found, FITTED)
    assert any("at 8 V the chip relaxes faster than it was read: θ is at least about 0.15 /s" in text for text in texts)


def test_known_bounds_may_lie_within_the_errors_of_an_attractor() -> None:
    trace = stair([3.0, 4.0, 9.0], 150, 1.0, 1)  # at 9 V the attractor is found above the upper bound
    options = FitOptions(given={"g_max": f"{CALM.g_max!r} S"})
    told = fit([recorded(trace)], options)
    assert told.parameters["g_max"].value == CALM.g_max
    assert np.isnan(told.parameters["g_max"].sd)


def at(conductance: np.ndarray) -> Recording:
    """Some conductances, 100 of them at each of three voltages."""
    voltage = np.repeat([3.0, 3.4, 3.8], 100)
    time, current = np.arange(300.0), conductance * voltage
    levels, currents = np.column_stack([voltage, 0.0 * voltage]), np.column_stack([current, -current])
    return Recording(("A", "B"), time, time, 0.0 * time, levels, currents, Path("resistor"), "played", "0" * 64)


def test_a_resistor_is_told_as_such_with_and_without_a_meters_noise() -> None:
    for noise in (0.0, 1e-6):
        drawn = 1e-4 * (1.0 + noise * np.random.default_rng(1).standard_normal(300))
        with pytest.raises(UsageError, match=r"the conductance does not change: it stays at 100 uS within"):
            fit([at(drawn)], FitOptions())


def test_a_voltage_at_which_the_meter_sees_no_noise_is_named() -> None:
    trace = stair([3.0, 3.4, 3.8], 100, 0.63, 1)
    coarse = np.where(trace.voltage == 3.0, trace.conductance[0], trace.conductance)
    with pytest.raises(UsageError, match=r"at 3 V all 100 readings are .* uS: the conductance does not change there"):
        fit([at(coarse)], FitOptions())
