"""A curve in one line of a terminal."""

from __future__ import annotations

import numpy as np

from nwlab.plot.sparkline import sparkline


def dots(text: str) -> int:
    return sum((ord(letter) - 0x2800).bit_count() for letter in text if 0x2800 <= ord(letter) <= 0x28FF)


def test_ends_carry_the_extremes_with_units() -> None:
    text = sparkline(np.array([8e-6, 1e-5, 2e-5]), unit="S")
    assert text.startswith("8 uS ")
    assert text.endswith(" 20 uS")


def test_ramp_climbs_from_the_lowest_to_the_highest_dot() -> None:
    curve = sparkline(np.arange(80.0), width=10).split()[1]
    assert len(curve) == 10
    assert curve[0] == "⣀"
    assert curve[-1] == "⠉"


def test_spike_of_one_sample_is_drawn() -> None:
    values = np.full(100_000, 0.1)
    values[:50_000] = 0.0
    values[77_777] = 5.0
    quiet = sparkline(np.where(values > 1, 0.1, values) + np.where(np.arange(100_000) == 0, 5.0, 0.0))
    assert dots(sparkline(values)) > 120
    assert len(sparkline(values)) == len(quiet)


def test_gaps_are_blank_and_no_number_is_no_curve() -> None:
    values = np.ones(40)
    values[10:30] = np.nan
    assert "⠀" in sparkline(values, width=20)
    assert sparkline(np.array([np.nan])) == "no numbers to draw"
    assert sparkline(np.array([5.0]), unit="V") == "5 V ⡀ 5 V"
