"""Pictures of fits: recordings stand one after another, and the title says what its goodness is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nwlab.analysis.fit import Fit
from nwlab.plot.fit_picture import figure
from nwlab.plot.in_turn import in_turn

TIME = np.arange(5.0)
WALK = np.array([1.0, 2.0, 3.0, 2.0, 1.0])


def fit(time: np.ndarray = TIME, measured: np.ndarray = WALK, **more: object) -> Fit:
    return Fit("rate-balance", {}, np.zeros((0, 0)), time, measured, measured - 0.1, {}, **more)


def test_one_recording_keeps_its_times() -> None:
    axis = in_turn(TIME + 7.0)
    np.testing.assert_array_equal(axis.time, TIME + 7.0)
    np.testing.assert_array_equal(axis.broken(WALK), WALK)
    assert axis.label == "time"


def test_a_recording_begins_where_time_goes_back_and_stands_after_the_one_before() -> None:
    axis = in_turn(np.concatenate([TIME + 100.0, TIME, 2.0 * TIME]))
    values = axis.broken(np.arange(15.0))
    assert np.flatnonzero(np.isnan(values)).tolist() == [5, 11]
    assert (np.diff(axis.time[~np.isnan(values)]) > 0).all()
    np.testing.assert_allclose(np.diff(axis.time[12:]), 2.0)
    assert axis.time[6] - axis.time[4] == pytest.approx(0.03 * 16.0)


def test_no_line_leads_from_one_recording_to_the_next() -> None:
    drawn = figure(fit(np.tile(TIME, 2), np.tile(WALK, 2)), "two")
    for line in (*drawn.axes[0].lines[:2], drawn.axes[1].lines[0]):
        assert np.isnan(np.asarray(line.get_ydata(), float)[5])
        assert (np.diff(np.asarray(line.get_xdata(), float)) >= 0).all()
    assert drawn.axes[1].get_xlabel() == "time, one recording after another (s)"


def test_the_title_says_that_a_fit_which_follows_readings_is_one_ahead_and_nothing_of_one_that_falls_short() -> None:
    titles = [
        figure(each, "mine").axes[0].get_title(loc="left")
        for each in (fit(), fit(course=WALK), fit(course=WALK, falls_short=True))
    ]
    assert titles == [
        "mine: rate-balance, rmse 100 mS, r² 0.9821",
        "mine: rate-balance, one reading ahead: rmse 100 mS, r² 0.9821",
        "mine: rate-balance, one reading ahead: rmse 100 mS",
    ]


def test_a_course_has_a_goodness_of_its_own() -> None:
    found = fit(course=np.full(5, WALK.mean()))
    assert found.course_r2 == pytest.approx(0.0)
    assert found.course_rmse == pytest.approx(np.std(WALK))
    assert found.rmse == pytest.approx(0.1)
    assert math.isnan(fit().course_rmse)
    assert math.isnan(fit().course_r2)
