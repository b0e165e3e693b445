from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import solve_ivp

from nwlab.core.errors import UsageError
from nwlab.model.laws.device import Device
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.randomness import stream

CELL = Device(g_min=1e-6, g_max=1e-4, v_up=0.8, v_down=1.0, rate_up=20.0, rate_down=50.0, eta=3.0)
SPAN = CELL.g_max - CELL.g_min


def _cells(parameters: Device, weights: list[float] | np.ndarray) -> tuple[JunctionLaw, np.ndarray]:
    state = np.zeros((3, len(weights)))
    state[0] = weights
    return JunctionLaw.uniform(parameters, len(weights)), state


@pytest.mark.parametrize("bend", [0.0, 0.5, 1.0, 1.0 + 1e-9, 2.0, 3.7])
@pytest.mark.parametrize("voltage", [1.1, -1.3])
def test_writing_solves_its_equation(bend: float, voltage: float) -> None:
    cell = replace(CELL, bend_up=bend, bend_down=bend)

    def slope(_: float, w: np.ndarray) -> np.ndarray:
        if voltage > 0:
            return 20.0 * math.exp(3 * (voltage - 0.8)) * np.maximum(1 - w, 0) ** bend
        return -50.0 * math.exp(3 * (-voltage - 1.0)) * np.maximum(w, 0) ** bend

    starts = np.array([0.2, 0.5, 0.7])
    law, state = _cells(cell, starts)
    for duration in (1e-4, 1.5e-3, 5e-3):
        exact = solve_ivp(slope, (0, duration), starts, rtol=1e-10, atol=1e-12).y[:, -1]
        exact = np.clip(exact, 0, 1)  # a straight line ends at the bound
        np.testing.assert_allclose(law.step(state, np.full(3, voltage), duration)[0], exact, atol=1e-8)


def test_two_half_steps_are_one() -> None:
    rng = np.random.default_rng(1)
    cell = replace(CELL, bend_up=2.0, bend_down=0.5, nu=0.05, levels=8)
    law, state = _cells(cell, rng.random(600))
    state[1], state[2] = rng.normal(0, 0.01, 600), rng.exponential(100, 600)
    voltage = rng.uniform(-1.5, 1.5, 600)
    for duration in (1e-5, 1e-3, 0.1, 100.0):
        halves = law.step(law.step(state, voltage, duration / 2), voltage, duration / 2)
        np.testing.assert_allclose(halves, law.step(state, voltage, duration), rtol=1e-9, atol=1e-12)


def test_between_the_thresholds_nothing_is_written() -> None:
    law, state = _cells(replace(CELL, error=0.1), [0.3, 0.3, 0.3])
    read = law.live(state, np.array([0.8, -1.0, 0.05]), 1e5, stream(np.random.default_rng(0)))
    np.testing.assert_array_equal(read[:2], state[:2])
    np.testing.assert_array_equal(read[2], 1e5)
    np.testing.assert_array_equal(law.conductance(read), law.conductance(state))


def test_polarity_and_asymmetry() -> None:
    law, state = _cells(CELL, [0.5, 0.5])
    up, down = law.step(state, np.array([1.0, -1.2]), 1e-3)[0]
    dose = 1e-3 * math.exp(3 * 0.2)
    assert up == pytest.approx(1 - 0.5 * math.exp(-20 * dose), rel=1e-12)
    assert down == pytest.approx(0.5 * math.exp(-50 * dose), rel=1e-12)


def test_pulses_saturate_at_the_bounds() -> None:
    for bend in (0.0, 1.0, 2.0):
        law, state = _cells(replace(CELL, bend_up=bend, bend_down=bend), [0.4, 0.4])
        steps = []
        for _ in range(10):
            after = law.step(state, np.array([1.0, -1.2]), 2e-3)
            steps.append(abs(after[0] - state[0]))
            state = after
        assert (np.diff(steps, axis=0) <= 1e-15).all()
        assert (state[0] >= 0).all()
        assert (state[0] <= 1).all()


def test_levels_are_all_that_it_conducts() -> None:
    law, state = _cells(replace(CELL, levels=5), np.linspace(0, 1, 1001))
    found = np.unique(np.round((law.conductance(state) - CELL.g_min) / SPAN, 12))
    np.testing.assert_allclose(found, [0, 0.25, 0.5, 0.75, 1])
    law, state = _cells(replace(CELL, levels=5), [0.0])
    for _ in range(40):  # each pulse is too weak for a level, together they are not
        state = law.step(state, np.array([0.81]), 5e-4)
    assert law.conductance(state)[0] == pytest.approx(CELL.g_min + 0.25 * SPAN)


def test_a_full_write_misses_by_the_programming_error() -> None:
    law, state = _cells(replace(CELL, error=0.02), np.full(20_001, 0.2))
    written = law.live(state, np.full(20_001, 2.0), 1.0, stream(np.random.default_rng(1)))
    missed = (law.conductance(written) - CELL.g_max) / SPAN
    assert stats.kstest(missed, "norm", (0, 0.02)).pvalue > 1e-3
    quiet = law.step(state, np.full(20_001, 2.0), 1.0)
    np.testing.assert_allclose(law.conductance(quiet), CELL.g_max, rtol=1e-9)


def test_error_of_weak_pulses_does_not_depend_on_their_cutting() -> None:
    law, state = _cells(replace(CELL, error=0.02), np.full(20_000, 0.2))
    numbers, voltage = stream(np.random.default_rng(2)), np.full(20_000, 0.9)
    many = state
    for _ in range(10):
        many = law.live(many, voltage, 1e-3, numbers)
    once = law.live(state, voltage, 1e-2, numbers)
    np.testing.assert_allclose(many[0], once[0], rtol=1e-12)
    dose = 20 * math.exp(0.3) * 1e-2
    for errors in (many[1], once[1]):
        assert stats.kstest(errors, "norm", (0, 0.02 * math.sqrt(1 - math.exp(-2 * dose)))).pvalue > 1e-3


def test_drift_is_a_power_law_of_the_time_since_the_last_write() -> None:
    law, state = _cells(replace(CELL, nu=0.06, t0=2.0), [0.5])
    conductance = [law.conductance(law.step(state, np.zeros(1), time))[0] for time in (0.0, 2e3, 2e5, 2e7)]
    assert conductance[0] == pytest.approx(CELL.g_min + 0.5 * SPAN)
    slopes = np.diff(np.log(conductance[1:])) / math.log(100)
    np.testing.assert_allclose(slopes, -0.06, rtol=1e-3)
    assert conductance[1] == pytest.approx(conductance[0] * 1001**-0.06, rel=1e-12)


def test_the_next_write_starts_from_what_drift_has_left() -> None:
    law, state = _cells(replace(CELL, nu=0.06), [0.5])
    old = law.step(state, np.zeros(1), 1e4)
    touched = law.step(old, np.array([0.81]), 1e-12)
    assert touched[2, 0] == 0.0
    assert law.conductance(touched)[0] == pytest.approx(law.conductance(old)[0], rel=1e-9)


def test_each_cell_is_its_own() -> None:
    spread = np.array([[1.0, 3.0], [1.0, 2.0], [1.0, 2.0], [1.0, 0.5]])
    law = JunctionLaw(replace(CELL, nu=0.1), spread)
    state = np.zeros((3, 2))
    state[0] = 0.5
    left = 1 - law.step(state, np.full(2, 1.0), 1e-3)[0]
    assert math.log(left[1] / 0.5) == pytest.approx(3 * math.log(left[0] / 0.5), rel=1e-9)
    left = law.step(state, np.full(2, -1.1), 1e-3)[0]
    assert math.log(left[1] / 0.5) == pytest.approx(2 * math.log(left[0] / 0.5), rel=1e-9)
    fallen = law.conductance(law.step(state, np.zeros(2), 99.0)) / law.conductance(state)
    np.testing.assert_allclose(fallen, [100**-0.1, 100**-0.2], rtol=1e-12)
    assert law.conductance(state)[1] == pytest.approx(0.5 * law.conductance(state)[0])


def test_cells_start_as_told() -> None:
    law = JunctionLaw.uniform(CELL, 3)
    told = np.array([1e-6, 5e-5, 1e-4])
    np.testing.assert_allclose(law.conductance(law.start(told)), told, rtol=1e-12)
    with pytest.raises(UsageError, match="between"):
        law.start(np.array([2e-4]))


@pytest.mark.parametrize(
    "wrong",
    [{"levels": 1}, {"levels": -2}, {"t0": 0.0}, {"g_min": 1.0}, {"nu": -0.1}, {"rate_up": math.inf}],
)
def test_impossible_cells_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        replace(CELL, **wrong)
