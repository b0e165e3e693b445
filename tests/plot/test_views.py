"""What a picture draws, as arrays."""

from __future__ import annotations

import numpy as np
import pytest

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.reading import Reading
from nwlab.core.rows import Rows, stack, tabulate
from nwlab.plot.decimation import decimate
from nwlab.plot.scales import prefixed, time_axis
from nwlab.plot.views import bands, broken, curves, resistive, staircase

TERMINALS = ("A", "B", "C")


def table(levels: list[float], starts: list[float], limited: list[int] | None = None) -> Rows:
    """One row per drive-step of 1 s at A against B on 10 kOhm, and an ammeter at C; a new drive at each start."""
    parts: list[Rows] = []
    steps = len(levels) // len(starts)
    for index, start in enumerate(starts):
        mine = np.array(levels[index * steps : (index + 1) * steps])
        forces = (Force(0, Quantity.VOLTAGE, mine, 1e-3, low=1), Force(2, Quantity.VOLTAGE, 0 * mine, 1e-3))
        onset, voltage = np.arange(steps, dtype=float), np.stack([mine, 0 * mine + 1e-6], axis=1)
        flags = np.array((limited or [0] * len(levels))[index * steps : (index + 1) * steps], bool)
        flags = np.stack([flags, np.zeros(steps, bool)], axis=1)
        time = np.stack([onset + 0.5] * 2, axis=1)
        current = np.stack([mine / 1e4, -mine / 1e4], axis=1)
        reading = Reading(start, onset, time, np.ones((steps, 2)), voltage, current, flags, flags & False)
        parts.append(tabulate(index, Drive(np.ones(steps), forces), 0, reading, 0.0))
    return stack(parts)


def test_one_curve_for_each_pair_of_terminals() -> None:
    drawn = curves(table([1, 2, 0, -1], [0.0]), TERMINALS)
    assert [curve.name for curve in drawn] == ["A → B", "C"]
    np.testing.assert_array_equal(drawn[0].voltage, [1, 2, 0, -1])
    np.testing.assert_allclose(drawn[0].conductance, [1e-4, 1e-4, np.nan, 1e-4])


def test_ammeter_has_no_conductance() -> None:
    """Its 0 V are a microvolt of offset: the quotient would be a huge number about nothing."""
    assert [resistive(curve) for curve in curves(table([1, 2], [0.0]), TERMINALS)] == [True, False]


def test_staircase_holds_each_level_and_breaks_at_rests() -> None:
    curve = curves(table([1, 2, 3, 4], [0.0, 10.0]), TERMINALS)[0]
    time, voltage = staircase(curve)
    np.testing.assert_allclose(time, [0, 1, 2, 10, 11, 12])
    np.testing.assert_allclose(voltage, [1, 2, np.nan, 3, 4, np.nan])


def test_level_that_is_passed_on_is_not_broken() -> None:
    curve = curves(table([1, 2, 3, 4], [0.0, 2.0]), TERMINALS)[0]
    assert np.isnan(broken(curve, curve.current)[1]).sum() == 1


def test_bands_cover_the_time_in_compliance() -> None:
    drawn = curves(table([1, 2, 2, 1, 2, 1], [0.0], [0, 1, 1, 0, 1, 0]), TERMINALS)
    assert bands(drawn) == [(1.0, 3.0), (4.0, 5.0)]


def test_bands_end_at_a_rest() -> None:
    drawn = curves(table([2, 2], [0.0, 10.0], [1, 1]), TERMINALS)
    assert bands(drawn) == [(0.0, 1.0), (10.0, 11.0)]


def test_nothing_played_is_nothing_to_draw() -> None:
    assert curves(stack([]), TERMINALS) == []
    assert bands([]) == []


@pytest.mark.parametrize("place", [0, 1, 77_777, 123_456, 999_998, 999_999])
def test_single_spike_in_a_million_points_stays(place: int) -> None:
    values = np.sin(np.linspace(0, 50, 1_000_000))
    values[place] = 5.0
    time, fewer = decimate(np.arange(1e6), values, 4000)
    assert fewer.size <= 4100
    assert fewer.max() == 5.0
    assert time[fewer.argmax()] == place
    assert (np.diff(time) >= 0).all()


def test_envelope_is_the_same_in_every_stretch() -> None:
    values = np.random.default_rng(3).normal(size=10_007)
    time, fewer = decimate(np.arange(10_007.0), values, 500)
    for first in range(0, 10_007, 41):
        part = (time >= first) & (time < first + 41)
        assert fewer[part].min() == values[first : first + 41].min()
        assert fewer[part].max() == values[first : first + 41].max()


def test_few_points_are_left_alone_and_gaps_stay_gaps() -> None:
    values = np.array([1.0, np.nan, 2.0])
    np.testing.assert_array_equal(decimate(np.arange(3.0), values, 100)[1], values)
    long = np.ones(10_000)
    long[3000:6000] = np.nan
    assert np.isnan(decimate(np.arange(1e4), long, 100)[1]).any()


@pytest.mark.parametrize(
    ("largest", "factor", "unit"),
    [(1.2e-5, 1e-6, "µS"), (0.99e-6, 1e-9, "nS"), (3.0, 1.0, "S"), (0.0, 1.0, "S"), (np.nan, 1.0, "S")],
)
def test_prefix_gives_one_to_three_digits(largest: float, factor: float, unit: str) -> None:
    assert prefixed([np.array([0.0, -largest])], "S") == (factor, unit)


def test_long_runs_are_drawn_in_minutes_and_hours() -> None:
    assert [time_axis(span)[1] for span in (0.01, 30.0, 1000.0, 1e4)] == ["ms", "s", "min", "h"]
