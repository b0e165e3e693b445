"""The way of a film under a source that drives no more than a current and a voltage, against a solver of equations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from twin.records import LAW

from nwlab.twin.course import Source, go, line, within


def solved(begin: float, source: Source, lasts: float) -> tuple[float, float, float]:
    """End, mean conductance, and mean current over mean voltage."""

    def speed(_: float, values: np.ndarray) -> list[float]:
        volts = min(source.voltage, source.current / values[0])
        goal = float(LAW.conductance(LAW.attractor(volts)))
        return [float(LAW.rate(volts)) * (goal - values[0]), values[0], volts, volts * values[0]]

    last = solve_ivp(speed, (0.0, lasts), [begin, 0.0, 0.0, 0.0], rtol=1e-10, atol=1e-16, max_step=lasts / 200).y[:, -1]
    return float(last[0]), float(last[1] / lasts), float(last[3] / last[2])


@pytest.mark.parametrize(
    ("begin", "current", "limit", "lasts"),
    [
        (1.5e-5, 1e-4, 20.0, 0.63),  # twice as much is driven all at once
        (4e-5, 5e-5, 20.0, 2.0),  # half as much
        (1.9e-5, 1e-4, 5.0, 0.2),  # the limit ends to act in between
        (6e-5, 2e-4, 3.2, 2.0),  # and begins to
        (2e-7, 1e-6, 5.0, 0.5),
        (2.8e-5, math.inf, 3.9, 5.0),  # a voltage is held
    ],
)
def test_a_film_goes_where_a_solver_says(begin: float, current: float, limit: float, lasts: float) -> None:
    way = go(LAW, begin, Source(current, limit), lasts)
    end, mean, read = solved(begin, Source(current, limit), lasts)
    moved = abs(end - begin)
    assert way.end == pytest.approx(end, abs=4e-3 * moved)
    assert way.mean == pytest.approx(mean, abs=4e-3 * moved)
    assert way.mean / way.read == pytest.approx(mean / read, abs=2e-3)


@pytest.mark.parametrize("lasts", [0.1, 2.0])
def test_what_is_left_of_a_deviation_is_told(lasts: float) -> None:
    source, apart = Source(1e-4, 20.0), 1e-9
    here, there = (go(LAW, 2.5e-5 + each, source, lasts) for each in (0.0, apart))
    assert here.kept == pytest.approx((there.end - here.end) / apart, rel=0.06)
    assert here.felt == pytest.approx((there.mean - here.mean) / apart, rel=0.06)


def test_a_line_runs_with_the_law_and_is_six_times_as_fast_as_a_free_film() -> None:
    source, begin, lasts = Source(1e-4, 20.0), 2.5e-5, 0.3
    end, mean, _ = solved(begin, source, lasts)
    found = line(LAW, begin, end, source)
    assert found.end(begin, lasts) == pytest.approx(end, abs=1e-3 * (end - begin))
    assert found.mean(begin, lasts) == pytest.approx(mean, abs=3e-3 * (end - begin))
    assert found.rate > 5.0 * float(LAW.rate(1e-4 / mean))


def test_no_current_is_too_small_and_no_film_outside_its_bounds() -> None:
    """A reading below the least conductance, or above the largest, is one of these."""
    for current in (1e-12, 1e-9, 1e-3):
        for begin in (0.0, 1e-9, 1e-3):
            here = within(LAW, begin)
            way = go(LAW, here, Source(current, 200.0), 0.5)
            assert LAW.g_min <= way.end <= LAW.g_max
            assert line(LAW, here, way.end, Source(current, 200.0)).rate > 0.0
