from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nwlab.model import randomness
from nwlab.model.randomness import fill_normals, stream


def _normals(count: int, seed: int = 1) -> np.ndarray:
    out = np.empty(count)
    fill_normals(stream(np.random.default_rng(seed)), out, count)
    return out


def test_normals_are_normal() -> None:
    normals = _normals(1_000_000)
    assert stats.kstest(normals, "norm").pvalue > 1e-3
    assert abs(normals.mean()) < 4 / 1e3
    assert normals.var() == pytest.approx(1, abs=4 * (2 / 1e6) ** 0.5)
    assert stats.skew(normals) == pytest.approx(0, abs=4 * (6 / 1e6) ** 0.5)
    assert stats.kurtosis(normals) == pytest.approx(0, abs=4 * (24 / 1e6) ** 0.5)


def test_tails_reach_five_standard_deviations() -> None:
    normals = np.abs(_normals(20_000_000, seed=2))
    for bound in (3.0, 4.0, 4.5, 5.0):
        expected = normals.size * 2 * stats.norm.sf(bound)
        assert np.count_nonzero(normals > bound) == pytest.approx(expected, abs=4 * expected**0.5)


def test_two_of_a_pair_and_neighbours_are_independent() -> None:
    normals = _normals(1_000_000, seed=3)
    half = normals.size // 2
    one, two = normals[:half], normals[half:]
    bound = 4 / half**0.5
    for first, second in ((one, two), (one[1:], one[:-1]), (two[1:], one[:-1])):
        assert abs(np.mean(first * second)) < bound
        assert abs(np.mean((first**2 - 1) * (second**2 - 1))) < 2 * bound
    sectors = np.histogram(np.arctan2(two, one), bins=64, range=(-np.pi, np.pi))[0]
    assert stats.chisquare(sectors).pvalue > 1e-3


def test_uniform_numbers_are_uniform() -> None:
    start = stream(np.random.default_rng(4))
    numbers = np.array([randomness.uniform(start) for _ in range(100_000)])
    assert stats.kstest(numbers, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 4 / numbers.size**0.5


def test_one_stream_goes_on_and_others_differ() -> None:
    start = stream(np.random.default_rng(5))
    pieces = np.empty(8)
    fill_normals(start, pieces, 8)
    following = np.empty(8)
    fill_normals(start, following, 8)
    again = _normals(8, seed=5)
    np.testing.assert_array_equal(pieces, again)
    assert not np.intersect1d(pieces, following).size
    assert not np.intersect1d(pieces, _normals(8, seed=6)).size


def test_own_exp_and_log_are_exact() -> None:
    x = np.linspace(-699, 699, 20_001)
    own = np.array([randomness.exp(float(value)) for value in x])
    np.testing.assert_allclose(own, np.exp(x), rtol=5e-16)
    y = np.exp(np.random.default_rng(6).uniform(-60, 60, 20_000))
    np.testing.assert_allclose([randomness.log(float(value)) for value in y], np.log(y), rtol=1e-14, atol=1e-15)
    assert np.isfinite(randomness.exp(1e9))
