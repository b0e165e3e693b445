"""Minimum and maximum over time in bounded room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nwlab.core.envelope import Envelope


def held(levels: np.ndarray, dwell: float, block: int, start: float = 0.0, bins: int = 2048) -> Envelope:
    """Levels of equal length, taken in block by block."""
    envelope = Envelope(bins)
    begin = start + np.arange(levels.size) * dwell
    for first in range(0, levels.size, block):
        part = slice(first, first + block)
        envelope.add(begin[part], begin[part] + dwell, levels[part])
    return envelope


def test_a_spike_of_one_sample_in_a_million_stays() -> None:
    levels = np.full(1_000_000, 1.0)
    levels[777_777] = 9.0
    low, high = held(levels, 1e-3, 1000).columns(100, 1000.0)
    np.testing.assert_array_equal(low, np.ones(100))
    assert np.flatnonzero(high == 9.0).tolist() == [77]
    assert (high[np.arange(100) != 77] == 1.0).all()


@pytest.mark.parametrize("dwell", [1e-7, 1e-3, 3.0, 7200.0])
def test_a_level_fills_the_time_that_it_stood(dwell: float) -> None:
    low, high = held(np.arange(10.0), dwell, 1).columns(1000, 10 * dwell)
    expected = np.repeat(np.arange(10.0), 100)
    inner = np.arange(1000) % 100
    inside = (inner > 3) & (inner < 96)
    np.testing.assert_array_equal(low[inside], expected[inside])
    np.testing.assert_array_equal(high[inside], expected[inside])


def test_rests_and_missing_values_are_gaps() -> None:
    levels = np.ones(300)
    levels[100:200] = np.nan
    envelope = held(levels, 1.0, 7)
    envelope.add(np.array([900.0]), np.array([1000.0]), np.array([2.0]))
    low, _ = envelope.columns(100, 1000.0)
    there = np.isfinite(low)
    assert there[:10].all()
    assert not there[11:20].any()  # a column beside a gap may show the edge of its neighbour
    assert there[20:30].all()
    assert not there[31:90].any()
    assert there[90:].all()
    assert envelope.range() == (1.0, 2.0)


def test_time_without_a_value_counts() -> None:
    envelope = Envelope()
    envelope.add(np.array([0.0, 1.0]), np.array([1.0, 5.0]), np.array([np.nan, np.inf]))
    assert envelope.until == 5.0
    assert envelope.range() is None
    assert np.isnan(envelope.columns(10, 5.0)).all()


def test_a_time_that_is_none_is_passed_over() -> None:
    envelope = Envelope()
    envelope.add(np.array([0.0, np.nan, 2.0]), np.array([1.0, 2.0, np.inf]), np.array([1.0, 2.0, 3.0]))
    assert (envelope.range(), envelope.until) == ((1.0, 1.0), 1.0)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=300),
    st.floats(1e-6, 1e4),
    st.integers(1, 50),
    st.integers(1, 64),
)
def test_columns_hold_what_lies_in_them(values: list[float], dwell: float, block: int, count: int) -> None:
    """Whatever the blocks: each column spans what lies wholly inside, and nothing from beyond a bin's width."""
    levels = np.array(values)
    span = dwell * levels.size
    low, high = held(levels, dwell, block).columns(count, span)
    width, bin_ = span / count, 2 * span / 1024
    for column in range(count):
        edges = column * width, (column + 1) * width
        inside = levels[int(np.ceil(edges[0] / dwell)) : int(edges[1] / dwell)]
        near = levels[max(0, int((edges[0] - bin_) / dwell)) : int(np.ceil((edges[1] + bin_) / dwell))]
        assert low[column] <= inside.min(initial=np.inf)
        assert high[column] >= inside.max(initial=-np.inf)
        assert near.min() <= low[column] <= high[column] <= near.max()
