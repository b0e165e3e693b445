"""Numbers at the axes: round, in a unit that fits, as many as there is room for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from nwlab.live.plots.ticks import of_decades, of_time, of_values


def texts(ticks: object) -> list[str]:
    return [tick.text for tick in ticks.ticks]  # type: ignore[attr-defined]


def test_time_is_written_in_ms_s_min_and_h() -> None:
    assert (texts(of_time(0, 0.1, 5)), of_time(0, 0.1, 5).unit) == (["0", "20", "40", "60", "80", "100"], "ms")
    assert (texts(of_time(0, 10, 5)), of_time(0, 10, 5).unit) == (["0", "2", "4", "6", "8", "10"], "s")
    assert (texts(of_time(0, 3000, 5)), of_time(0, 3000, 5).unit) == (["0", "10", "20", "30", "40", "50"], "min")
    assert (texts(of_time(0, 36000, 5)), of_time(0, 36000, 5).unit) == (["0", "2", "4", "6", "8", "10"], "h")


def test_a_short_stretch_late_in_a_run_is_told_in_s() -> None:
    ticks = of_time(5000.2, 5000.3, 5)
    assert ticks.unit == "s"
    assert texts(ticks)[:2] == ["5000.20", "5000.22"]


def test_values_have_the_prefix_that_fits() -> None:
    ticks = of_values(-2e-5, 4e-5, 6, "A")
    assert (texts(ticks), ticks.unit) == (["−20", "−10", "0", "10", "20", "30", "40"], "µA")
    assert [tick.place for tick in ticks.ticks][-1] == pytest.approx(4e-5)
    assert of_values(0, 0.3, 5, "G₀").unit == "mG₀"


def test_decades_have_a_prefix_each_and_few_have_steps_between() -> None:
    assert texts(of_decades(-9, -5, 6, "S")) == ["1 nS", "10 nS", "100 nS", "1 µS", "10 µS"]
    assert texts(of_decades(-5.05, -3.95, 6, "S")) == ["10 µS", "20 µS", "50 µS", "100 µS"]
    assert texts(of_decades(-15, -3, 4, "S")) == ["1 fS", "1 pS", "1 nS", "1 µS", "1 mS"]


@given(
    low=some.floats(-1e6, 1e6),
    height=some.floats(1e-9, 1e6),
    most=some.integers(2, 12),
)
def test_ticks_are_inside_evenly_spaced_and_not_too_many(low: float, height: float, most: int) -> None:
    high = low + max(height, 1e-9 * abs(low))
    ticks = of_values(low, high, most, "1")
    places = np.array([tick.place for tick in ticks.ticks])
    slack = 1e-6 * (high - low)
    assert np.all((places >= low - slack) & (places <= high + slack))
    assert len(places) <= 2 * most
    assert np.diff(places) == pytest.approx(np.full(max(places.size - 1, 0), ticks.step), rel=1e-3)
    assert len(set(texts(ticks))) == places.size
