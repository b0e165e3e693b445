"""Where current over voltage is a conductance, for everyone who shows one."""

from __future__ import annotations

import numpy as np
import pytest

from nwlab.core.conductance import conductance

SINE = np.sin(np.linspace(0, 2 * np.pi, 101))


@pytest.mark.parametrize("peak", [1e-3, 1.0, 200.0])
def test_a_rounded_zero_of_a_voltage_is_no_level(peak: float) -> None:
    levels = peak * SINE
    assert 0 < abs(levels[50]) < 1e-12  # as sines and sweeps come out
    offset = 3e-6  # V, of the meter
    found = conductance(levels + offset, 1e-5 * levels + 1e-12, levels, forces_current=False)
    assert np.flatnonzero(np.isnan(found)).tolist() == [0, 50, 100]


def test_small_currents_are_levels() -> None:
    levels = 1e-9 * SINE
    found = conductance(levels / 1e-5, levels, levels, forces_current=True)
    assert np.flatnonzero(np.isnan(found)).tolist() == [0, 50, 100]
    assert found[1:50] == pytest.approx(1e-5)


def test_each_sample_by_what_was_forced() -> None:
    levels = np.array([1e-10, 1e-10])
    found = conductance(levels, levels, levels, forces_current=np.array([False, True]))
    assert np.isnan(found).tolist() == [True, False]
