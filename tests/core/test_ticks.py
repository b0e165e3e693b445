"""Marks of axes."""

from __future__ import annotations

import numpy as np
import pytest

from nwlab.core.ticks import labels, linear, moments, scale


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0.0, 10.0, 5, [0, 5, 10]),
        (0.0, 10.0, 6, [0, 2, 4, 6, 8, 10]),
        (-1.0, 1.0, 5, [-1, -0.5, 0, 0.5, 1]),
        (-1.0, 1.0, 4, [-1, 0, 1]),
        (1.23e-5, 1.27e-5, 4, [1.24e-5, 1.26e-5]),
        (3.1, 3.9, 1, [3.5]),
    ],
)
def test_round_values(low: float, high: float, most: int, expected: list[float]) -> None:
    assert linear(low, high, most) == pytest.approx(expected)


@pytest.mark.parametrize("most", [1, 2, 3, 10])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.7e-9, 1.1e3), (99.0, 101.0), (1e-12, 1.001e-12), (-5, -2)])
def test_never_too_many_and_never_outside(low: float, high: float, most: int) -> None:
    found = linear(low, high, most)
    room = 1e-6 * (high - low)
    assert 1 <= len(found) <= most
    assert all(low - room <= each <= high + room for each in found)


def test_neighbours_have_different_labels_with_prefix_and_unit() -> None:
    assert labels([0.0, 5e-6, 1e-5], "S") == ["0 S", "5 uS", "10 uS"]
    assert labels([1.23362e-5, 1.23364e-5], "S") == ["12.3362 uS", "12.3364 uS"]
    assert labels([9e-7, 1e-6], "A") == ["900 nA", "1 uA"]


def test_values_that_span_decades_have_a_logarithmic_axis() -> None:
    axis = scale([(1e-9, 2e-9), (1e-6, 1e-3)])
    assert axis.is_log
    np.testing.assert_allclose(axis.place(np.array([1e-9, 1e-6, 1e-3])), [0.0, 0.5, 1.0])
    assert axis.ticks(10) == pytest.approx([1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3])
    assert axis.ticks(3) == pytest.approx([1e-9, 1e-6, 1e-3])
    assert np.isnan(axis.place(np.array([np.nan]))).all()


@pytest.mark.parametrize("ranges", [[(-1e-9, 1e-3)], [(0.0, 1.0)], [(1.0, 50.0)]])
def test_others_have_a_linear_one(ranges: list[tuple[float, float]]) -> None:
    axis = scale(ranges)
    assert not axis.is_log
    np.testing.assert_allclose(axis.place(np.array(ranges[0])), [0.0, 1.0])


@pytest.mark.parametrize("value", [1e-4, -3.0, 0.0])
def test_a_constant_lies_in_the_middle(value: float) -> None:
    axis = scale([(value, value)])
    assert axis.place(np.array([value]))[0] == pytest.approx(0.5)
    assert len(axis.ticks(4)) >= 1


@pytest.mark.parametrize(
    ("span", "last"), [(5e-4, "500 us"), (10.0, "10 s"), (599.0, "500 s"), (3600.0, "60 min"), (43_200.0, "12 h")]
)
def test_times_are_round_in_their_unit(span: float, last: str) -> None:
    times, texts = moments(span, 7)
    assert (times[0], texts[-1]) == (0.0, last)
    assert times[-1] <= span * (1 + 1e-9)
