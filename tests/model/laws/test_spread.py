from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from nwlab.core.errors import UsageError
from nwlab.model.laws.spread import Spread


def test_factors_are_log_normal_of_median_one() -> None:
    factors = Spread((0.3, 1.0)).draw(20_000, np.random.default_rng(1))
    for row, deviation in zip(factors, (0.3, 1.0), strict=True):
        assert stats.kstest(np.log(row), "norm", (0, deviation)).pvalue > 1e-3


def test_what_does_not_spread_is_exactly_alike() -> None:
    assert (Spread.of(("a", "b"), {"b": 0.5}).draw(9, np.random.default_rng(1))[0] == 1).all()


def test_widening_one_leaves_the_others() -> None:
    one = Spread.of(("a", "b"), {"b": 0.5}).draw(9, np.random.default_rng(1))
    two = Spread.of(("a", "b"), {"a": 0.2, "b": 0.5}).draw(9, np.random.default_rng(1))
    np.testing.assert_array_equal(one[1], two[1])


@pytest.mark.parametrize("wrong", [-0.1, math.inf, math.nan])
def test_impossible_spreads_are_refused(wrong: float) -> None:
    with pytest.raises(UsageError, match="standard deviation"):
        Spread((wrong,))
