"""What a meter that is off makes of a fit: foretold from the fit itself, and seen in one of readings that are off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from analysis.rate_balance.records import CALM
from analysis.rate_balance.test_staircases import stair, whole

from nwlab.analysis.rate_balance.all_levels import G_MAX, G_MIN, NAMES, OWN, Whole
from nwlab.analysis.rate_balance.calibration import AMPERES, RANGE, VOLTS, calibration
from nwlab.analysis.recording import Trace

RECORD = stair([3.0, 3.3, 3.6, 3.9, 4.3], 300, 0.63, 3)
FAULTS = [
    (AMPERES, 0.0, 0.0, 0.0),
    (0.0, RANGE * 1e-3, 0.0, 0.0),
    (0.0, 0.0, VOLTS, 0.0),
    (0.0, 0.0, 0.0, RANGE * 20.0),
]
"""Gain and offset of the current, which peaks at 0.26 mA, and of the voltage, as far off as a data sheet allows."""


def read_by(trace: Trace, gain: float, offset: float, volts: float, shift: float) -> Trace:
    return replace(trace, voltage=trace.voltage * (1 + volts) + shift, current=trace.current * (1 + gain) + offset)


def told(found: Whole) -> np.ndarray:
    return np.array(found.told(found.optimum.corrected)[:OWN])


def test_a_fit_of_readings_that_are_off_is_off_by_as_much_as_was_foretold() -> None:
    steps, _, found = whole(RECORD)
    off = np.array([told(whole(read_by(RECORD, *fault))[2]) - told(found) for fault in FAULTS])
    expected = np.array([calibration(steps, found)[name] for name in list(NAMES)[:OWN]])
    np.testing.assert_allclose(np.sqrt(np.sum(off**2, axis=0) / 3.0), expected, rtol=0.02)


def test_an_offset_weighs_where_little_is_conducted() -> None:
    """At 3 V an offset of 250 nA is 83 nS, which is half of the lower bound and a thousandth of the upper."""
    steps, _, found = whole(RECORD)
    errors = calibration(steps, found)
    sheet = RANGE * 1e-3 / np.sqrt(3.0)
    assert sheet / 4.3 < errors["g_min"] < 1.5 * sheet / 3.0
    assert errors["g_min"] > 0.2 * CALM.g_min


def test_what_a_bound_holds_is_not_shifted() -> None:
    steps, _, found = whole(RECORD)
    held = found.optimum.covariance.copy()
    held[[G_MIN, G_MAX]] = held[:, [G_MIN, G_MAX]] = 0.0
    given = replace(found, optimum=replace(found.optimum, covariance=held))
    errors = calibration(steps, given)
    assert errors["g_min"] == errors["g_max"] == 0.0
    assert errors["kp0"] > 0.0


@pytest.mark.parametrize(("peak", "end"), [(0.9e-3, 1e-3), (1e-3, 1e-3), (1.1e-3, 1e-2)])
def test_the_range_is_the_smallest_that_holds_the_largest_current(peak: float, end: float) -> None:
    """Where only an offset counts, what it adds to the first reading tells the range."""
    steps, _, found = whole(RECORD)
    scale = peak / float(np.max(steps.reading * steps.level[steps.at]))
    scaled = replace(steps, reading=steps.reading * scale)
    volts, reading = steps.level[steps.at[0]], float(scaled.reading[0])
    gain = np.hypot(AMPERES, VOLTS) * reading
    shift = np.hypot(RANGE * end / volts, RANGE * 20.0 * reading / volts)
    assert calibration(scaled, found)["start_conductance"] == pytest.approx(np.hypot(gain, shift) / np.sqrt(3.0))
