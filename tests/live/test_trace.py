"""A trace of bounded size draws like all of its samples, at any zoom, however they came."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from nwlab.live.scene.trace import KEPT, Trace


def grown(values: np.ndarray, portion: int = 977, rate: float = 1e3) -> Trace:
    trace = Trace()
    time = np.arange(values.size) / rate
    for first in range(0, values.size, portion):
        trace.append(time[first : first + portion], values[first : first + portion])
    return trace


@pytest.mark.parametrize("size", [1, 5, 100, 5_000, 300_000])
def test_few_points_have_the_envelope_of_all(size: int) -> None:
    values = np.random.default_rng(1).normal(size=size)
    points = grown(values).view(0.0, size / 1e3, 2000)
    assert points.time.size <= 2000 + 2 + 243 * 20
    assert points.value.min() == values.min()
    assert points.value.max() == values.max()
    assert points.value[-1] == values[-1]
    assert np.all(np.diff(points.time) >= 0)


@given(place=some.integers(0, 199_999), portion=some.integers(500, 20_000))
@settings(max_examples=25, deadline=None)
def test_a_spike_of_one_sample_is_seen_wherever_it_is_and_however_it_came(place: int, portion: int) -> None:
    values = np.zeros(200_000)
    values[place] = 1.0
    trace = grown(values, portion)
    points = trace.view(0.0, 200.0, 1000)
    (seen,) = np.flatnonzero(points.value)
    assert points.time[seen] == place / 1e3
    assert np.count_nonzero(trace.view(place / 1e3 - 0.5, place / 1e3 + 0.5, 1000).value) == 1


def test_what_is_new_is_there_to_the_last_sample() -> None:
    values = np.sin(np.arange(100_000) / 50)
    points = grown(values).view(99.0, 100.0, 2000)
    inside = (points.time >= 99.0) & (points.time <= 100.0)
    assert np.count_nonzero(inside) == 1000
    assert np.array_equal(points.value[inside], values[99_000:])


def test_what_is_long_past_is_there_coarsely() -> None:
    values = np.arange(1_000_000.0)
    points = grown(values, 10_000).view(100.0, 200.0, 2000)
    inside = points.value[(points.time >= 100.0) & (points.time <= 200.0)]
    assert inside.size > 100
    assert inside[0] == pytest.approx(100_000, rel=0.02)
    assert inside[-1] == pytest.approx(200_000, rel=0.02)
    assert np.allclose(inside, points.time[(points.time >= 100.0) & (points.time <= 200.0)] * 1e3)


def test_room_does_not_grow_with_the_samples() -> None:
    trace = grown(np.zeros(3_000_000), 10_000)
    assert all(level.time.size <= 4 * KEPT for level in trace._levels)  # pyright: ignore[reportPrivateUsage]
    assert len(trace._levels) < 24  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("portion", [1, 3, 64, 10_000])
def test_rests_survive_on_every_level(portion: int) -> None:
    trace, time = Trace(), np.arange(portion) * 1e-3
    count = -(-20_000 // portion)
    for number in range(count):
        trace.append(time + number * 10.0, np.sin(time + number), after_rest=number % 2 == 1)
    for most in (4000, 500, 100):
        points = trace.view(-1.0, count * 10.0, most)
        # Of pieces that are drawn one by one, each second one was taken after a rest.
        wanted = np.unique(np.floor(points.time / 10.0 + 1e-9))
        assert points.after_rest.sum() <= count // 2
        if wanted.size == count and portion > 4:
            assert points.after_rest.sum() == count // 2


def test_nearest_finds_what_a_hand_points_at() -> None:
    trace = Trace()
    assert trace.nearest(1.0) is None
    assert trace.span() is None
    trace.append(np.array([1.0, 2.0, 4.0]), np.array([10.0, 20.0, 40.0]))
    assert trace.span() == (1.0, 4.0)
    assert trace.nearest(0.0) == (1.0, 10.0)
    assert trace.nearest(2.9) == (2.0, 20.0)
    assert trace.nearest(9.0) == (4.0, 40.0)


@given(lengths=some.lists(some.integers(1, 400), min_size=20, max_size=120), most=some.sampled_from([100, 300, 4000]))
@settings(max_examples=40, deadline=None)
def test_no_line_leads_across_a_rest_at_any_zoom(lengths: list[int], most: int) -> None:
    trace, begin = Trace(), 0.0
    for number, length in enumerate(lengths):
        time = begin + np.arange(length) * 1e-3
        trace.append(time, np.random.default_rng(number).normal(size=length), after_rest=number > 0)
        begin = float(time[-1]) + 10.0
    points = trace.view(-1.0, begin, most)
    assert np.array_equal(np.diff(points.time) > 5.0, points.after_rest[1:])


def test_what_memory_has_thinned_out_is_known() -> None:
    trace = grown(np.arange(1_000_000.0), 10_000)
    assert trace.keeps(999.0)
    assert not trace.keeps(500.0)
    assert trace.beyond(0.0, 1000.0, 2000) == 0  # more would not fit
    assert trace.beyond(999.0, 1000.0, 2000) == 0  # all of it is there
    assert trace.beyond(100.0, 101.0, 2000) == pytest.approx(1000, rel=0.3)
    assert trace.few(999.5, 999.6, 150)
    assert not trace.few(999.5, 999.6, 50)
    assert not trace.few(100.0, 100.1, 150)
    assert not trace.few(2000.0, 2001.0, 150)
