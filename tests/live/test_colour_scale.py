"""Values, colours and round numbers beside the bar."""

from __future__ import annotations

import numpy as np
import pytest

from nwlab.live.chip.labels import FAR, NEAR, Box, Labels
from nwlab.live.look.colour_scale import COLOURS, ColourScale, scale_of
from nwlab.live.look.words import quantity


def test_decades_are_equally_far_apart() -> None:
    scale = scale_of(np.array([1e-6, 1e-5, 1e-4, np.nan]), "S")
    assert scale.is_log
    np.testing.assert_allclose(scale.part(np.array([1e-6, 1e-5, 1e-4])), [0, 0.5, 1])
    assert scale.index(np.array([1e-9, 0.0, -1.0, 1.0, np.nan])).tolist() == [0, 0, 0, COLOURS - 1, COLOURS]


def test_values_of_both_signs_and_narrow_ones_have_a_linear_scale() -> None:
    assert scale_of(np.array([-1.0, 3.0]), "V") == ColourScale(-1, 3, False, "V")
    assert not scale_of(np.array([1.0, 9.0]), "V").is_log
    assert scale_of(np.array([1.0, 9.0]), "S", is_log=True).is_log


@pytest.mark.parametrize("values", [[np.nan], [0.0], [5.0, 5.0], [-3.0], [np.inf, 1.0]])
@pytest.mark.parametrize("is_log", [True, False])
def test_any_values_have_a_scale(values: list[float], is_log: bool) -> None:
    scale = scale_of(np.array(values), "S", is_log)
    assert scale.low < scale.high
    assert scale.ticks()
    assert all(0 <= part <= 1 for part, _ in scale.ticks())


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        (ColourScale(1e-6, 3e-3, True, "S"), ["1 µS", "10 µS", "100 µS", "1 mS"]),
        (ColourScale(6e-6, 2.5e-5, True, "S"), ["10 µS", "20 µS"]),
        (ColourScale(1e-9, 1.0, True, "S"), ["1 nS", "100 nS", "10 µS", "1 mS", "100 mS"]),
        (ColourScale(-1.0, 0.4, False, "V"), ["−1 V", "−500 mV", "0 V"]),
        (ColourScale(0.0, 1.0, False, "1"), ["0", "0.5", "1"]),
    ],
)
def test_ticks_are_round(scale: ColourScale, told: list[str]) -> None:
    assert [text for _, text in scale.ticks()] == told


def test_quantities_as_people_read_them() -> None:
    assert quantity(1.2336e-5, "S") == "12.3 µS"
    assert quantity(-0.5, "V") == "−500 mV"
    assert quantity(2e4, "Ohm") == "20 kΩ"
    assert quantity(3.0, "counts") == "3 counts"
    assert quantity(0.0, "A") == "0 A"
    assert quantity(1e-5, "1") == "1e−05"


def test_labels_share_no_room_and_stay_inside() -> None:
    area = Box(0, 0, 200, 100)
    labels = Labels(area)
    for x in range(20, 200, 20):
        labels.block(x, 50.0, 8.0)
    found = [labels.place(x, 50.0, 8.0, -np.pi / 2, (30.0, 12.0), (*NEAR, *FAR)) for x in range(20, 200, 20)]
    boxes = [box for box in found if box is not None]
    assert len(boxes) >= 4
    assert all(area.holds(box) for box in boxes)
    assert not any(one.meets(two) for index, one in enumerate(boxes) for two in boxes[:index])
    assert all(box.distance(x, 50.0) > 7.8 for box in boxes for x in range(20, 200, 20))
    assert Labels(Box(0, 0, 10, 10)).place(5, 5, 2, 0.0, (30, 12), NEAR) is None


def test_a_label_lies_where_it_was_asked_for_when_it_is_free() -> None:
    box = Labels(Box(0, 0, 200, 100)).place(100, 50, 10, 0.0, (30, 12), NEAR)
    assert box == Box(110, 44, 30, 12)
