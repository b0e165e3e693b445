"""Dots as letters."""

from __future__ import annotations

import numpy as np
import pytest

from nwlab.plot.braille import ASCII, BRAILLE, Letters, dots


def drawn(low: list[float], high: list[float], rows: int, letters: Letters) -> list[str]:
    masks = letters.masks(dots(np.array(low), np.array(high), rows * letters.rows))
    return [letters.text(row) for row in masks]


def test_each_dot_is_the_one_that_unicode_names() -> None:
    places = {(0, 0): "⠁", (1, 0): "⠂", (2, 0): "⠄", (3, 0): "⡀", (0, 1): "⠈", (1, 1): "⠐", (2, 1): "⠠", (3, 1): "⢀"}
    for place, letter in places.items():
        one = np.zeros((4, 2), np.bool_)
        one[place] = True
        assert BRAILLE.text(BRAILLE.masks(one)[0]) == letter


def test_a_ramp_climbs_from_the_lower_left_to_the_upper_right() -> None:
    ramp = np.linspace(0, 1, 8).tolist()
    assert drawn(ramp, ramp, 2, BRAILLE) == ["⠀⠀⡠⠊", "⡠⠊⠀⠀"]
    assert drawn(ramp[::2], ramp[::2], 2, ASCII) == ["  .'", ".'  "]


def test_a_steep_curve_holds_together() -> None:
    found = dots(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 1.0, 1.0, 0.0]), 9)
    assert found[:, 0].sum() == 1
    assert found[:, 1].sum() == 8
    assert found[:, 2].sum() == 1
    assert found[:, 3].sum() == 8


def test_a_gap_stays_empty_and_is_not_bridged() -> None:
    found = dots(np.array([0.0, np.nan, 1.0]), np.array([0.0, np.nan, 1.0]), 8)
    assert found.sum(axis=0).tolist() == [1, 0, 1]


@pytest.mark.parametrize("letters", [BRAILLE, ASCII])
def test_the_whole_range_of_a_column_is_filled(letters: Letters) -> None:
    found = letters.masks(dots(np.zeros(6), np.ones(6), 3 * letters.rows))
    assert (found == len(letters.alphabet) - 1).all()
