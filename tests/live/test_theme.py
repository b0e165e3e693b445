"""Colours of roles are told apart with every kind of colour vision."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from nwlab.core.drive import FloatArray
from nwlab.live.look.theme import THEMES, Theme

# Machado, Oliveira, Fernandes, IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009), severity 1, on linear sRGB.
SEEN = {
    "all cones": np.eye(3),
    "no red": np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]),
    "no green": np.array([[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]),
    "no blue": np.array([[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]]),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour: str, seen: FloatArray) -> FloatArray:
    """CIE 1976 L*, a*, b* of a colour as it is seen; about 2.3 is just noticeable side by side."""
    parts = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = seen @ np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    x, y, z = np.cbrt(TO_XYZ @ np.clip(linear, 0, 1) / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("seen", SEEN.values(), ids=SEEN)
def test_roles_have_colours_of_their_own(theme: Theme, seen: FloatArray) -> None:
    colours = (theme.driven, theme.read, theme.low, theme.grounded, theme.sensed, theme.limited, theme.panel)
    found = [lab(colour, seen) for colour in colours]
    assert min(float(np.linalg.norm(one - two)) for one, two in combinations(found, 2)) > 9
