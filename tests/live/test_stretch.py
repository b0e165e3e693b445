"""Which time and which values are seen: the newest and all of them, steadily, until a hand takes hold."""

from __future__ import annotations

import numpy as np
import pytest

from nwlab.live.plots.heights import Heights
from nwlab.live.plots.stretch import Stretch


def test_everything_is_seen_with_room_to_grow_into() -> None:
    stretch, changes, before = Stretch(), 0, (0.0, 0.0)
    for now in np.arange(1, 10_000) * 0.01:
        stretch.follow_to(float(now), is_over=False)
        assert stretch.begin < 0
        assert now < stretch.end < 1.15 * now or now < 0.02
        changes += (stretch.begin, stretch.end) != before
        before = stretch.begin, stretch.end
    assert changes < 150
    stretch.follow_to(100.0, is_over=True)
    assert stretch.end == pytest.approx(101.0)


def test_a_run_that_is_shorter_than_the_one_before_fills_the_plots_as_well() -> None:
    stretch = Stretch()
    stretch.follow_to(1000.0, is_over=True)
    stretch.follow_to(1.0, is_over=False)
    assert stretch.end < 1.2


def test_zooming_keeps_the_moment_under_the_hand_and_has_ends() -> None:
    stretch = Stretch()
    stretch.follow_to(10.0, is_over=True)
    stretch.zoom(0.5, at=2.0)
    assert stretch.begin < 2.0 < stretch.end
    assert (2.0 - stretch.begin) / stretch.width == pytest.approx((2.0 + 0.1) / 10.2)
    for _ in range(200):
        stretch.zoom(0.5, at=2.0)
    assert stretch.begin < stretch.end
    for _ in range(400):
        stretch.zoom(2.0, at=2.0)
    assert np.isfinite(stretch.width)


def test_heights_stay_while_values_fit_and_follow_when_they_do_not() -> None:
    heights = Heights(1e-9)
    heights.fit(1.0, 2.0)
    low, high = heights.low, heights.high
    assert low < 1.0
    assert high > 2.0
    heights.fit(1.1, 1.9)
    assert (heights.low, heights.high) == (low, high)
    heights.fit(1.0, 2.2)
    assert heights.high > 2.2
    heights.fit(1.0, 1.1)
    assert heights.height < 0.2


@pytest.mark.parametrize("value", [0.0, 0.5, -3e-6])
def test_values_that_are_all_the_same_have_a_height(value: float) -> None:
    heights = Heights(1e-9)
    heights.fit(value, value)
    assert heights.low < value < heights.high
    before = heights.low, heights.high
    heights.fit(value, value)
    assert (heights.low, heights.high) == before


def test_a_stretch_that_moves_on_keeps_its_length_to_the_last_bit() -> None:
    stretch = Stretch()
    stretch.span = 30.0
    widths = set[float]()
    for now in np.random.default_rng(1).uniform(10, 1e5, 200):
        stretch.follow_to(float(now), is_over=False)
        widths.add(stretch.width)
        assert stretch.end == pytest.approx(now + 0.3)
    stretch.pan(0.3)
    assert widths == {stretch.width}
