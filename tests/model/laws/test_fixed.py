from __future__ import annotations

import numpy as np
import pytest

from nwlab.core.errors import UsageError
from nwlab.model.laws.fixed import Fixed
from nwlab.model.laws.junction_law import JunctionLaw


def test_neither_time_nor_voltage_changes_it() -> None:
    law = JunctionLaw(Fixed(1e-3), np.array([[1.0, 2.0]]))
    state = law.start(np.array([1e-3, 2e-3]))
    np.testing.assert_array_equal(law.step(state, np.array([5.0, -5.0]), 1e6), state)
    np.testing.assert_allclose(law.conductance(state), [1e-3, 4e-3])


def test_it_conducts_at_least_nothing() -> None:
    assert Fixed(0.0).rest == 0.0
    with pytest.raises(UsageError, match="at least 0 S"):
        Fixed(-1e-3)
