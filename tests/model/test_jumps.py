from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from nwlab.core.errors import UsageError
from nwlab.model.jumps import Jumps

PUBLISHED = Jumps(rate=0.08243, exponent=2.78, smallest=6.3709e-4, largest=1.0194e-2)


def _cumulative(jumps: Jumps, size: np.ndarray) -> np.ndarray:
    if jumps.exponent == 1:
        return np.log(size / jumps.smallest) / np.log(jumps.largest / jumps.smallest)
    power = 1 - jumps.exponent
    return (size**power - jumps.smallest**power) / (jumps.largest**power - jumps.smallest**power)


def test_moments_of_the_publication() -> None:
    assert PUBLISHED.mean == pytest.approx(1.2960e-3, abs=5e-8)
    assert PUBLISHED.mean_square**0.5 == pytest.approx(1.6673e-3, abs=5e-8)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.0 + 1e-12, 1.5, 2.0, 2.78, 3.0, 6.0])
def test_moments_are_those_of_the_density(exponent: float) -> None:
    jumps = Jumps(1.0, exponent, 0.01, 0.5)
    norm, first, second = (
        integrate.quad(lambda a, k=k: a ** (k - exponent), 0.01, 0.5, epsrel=1e-12)[0] for k in (0, 1, 2)
    )
    assert jumps.mean == pytest.approx(first / norm, rel=1e-9)
    assert jumps.mean_square == pytest.approx(second / norm, rel=1e-9)


@pytest.mark.parametrize("exponent", [1.0, 2.0, 2.78])
def test_sizes_follow_the_bounded_power_law(exponent: float) -> None:
    jumps = Jumps(1.0, exponent, 6.3709e-4, 1.0194e-2)
    sizes = jumps.sizes(np.random.default_rng(3).random(200_000))
    assert sizes.min() >= jumps.smallest * (1 - 1e-12)
    assert sizes.max() <= jumps.largest * (1 + 1e-12)
    assert stats.kstest(sizes, lambda a: _cumulative(jumps, a)).pvalue > 1e-3


def test_one_size_only() -> None:
    jumps = Jumps(1.0, 2.78, 0.01, 0.01)
    assert jumps.mean == pytest.approx(0.01)
    np.testing.assert_allclose(jumps.sizes(np.array([0.1, 0.9])), 0.01)


@pytest.mark.parametrize("sizes", [(0.0, 1.0), (0.2, 0.1), (0.1, float("inf"))])
def test_impossible_sizes_are_refused(sizes: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="sizes"):
        Jumps(1.0, 2.0, *sizes)
