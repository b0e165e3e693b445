from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from nwlab.plot.network_picture import NetworkView, crossing, network


def _view(conductance: list[float], radius: float) -> NetworkView:
    """Two wires that cross at (1, 1) um, one far away; or the same as points."""
    wires = np.array([[[0, 0], [2, 2]], [[0, 2], [2, 0]], [[5, 5], [6, 6]]]) * 1e-6
    return NetworkView(
        "cross",
        wires if radius else np.repeat(wires.mean(axis=1)[:, None], 2, axis=1),
        np.array([[0, 1], [1, 2]], dtype=np.int32),
        np.array(conductance),
        ("A",),
        np.array([[5e-6, 5e-6]]),
        np.array([radius]),
    )


@pytest.mark.parametrize("radius", [5e-7, 0.0])
def test_wires_junctions_and_pads_are_painted(tmp_path: Path, radius: float) -> None:
    path = network(_view([1e-6, 1e-3], radius), tmp_path / "network.png")
    image = imread(path)[..., :3]
    inside = image[100:-100, 100:800].reshape(-1, 3)
    assert image.shape[0] > 500
    assert (np.ptp(inside, axis=1) > 0.25).sum() > 50, "coloured junctions and pads"
    grey = (np.abs(inside - 0.725).max(axis=1) < 0.02).sum()
    assert (grey > 12) == bool(radius), "wires are drawn, points have none"


def test_colour_follows_conductance(tmp_path: Path) -> None:
    same, apart = (
        imread(network(_view(values, 5e-7), tmp_path / f"{index}.png"))
        for index, values in enumerate([[1e-6, 1e-6], [1e-6, 1e-3]])
    )
    assert not np.array_equal(same[100:-100, 100:800], apart[100:-100, 100:800])


def test_where_wires_cross() -> None:
    wires = np.array([[[0.0, 0], [2, 2]], [[0, 2], [2, 0]]])
    np.testing.assert_allclose(crossing(wires[:1], wires[1:]), [[1, 1]])
    parallel = wires[:1] + np.array([0.0, 1.0])
    np.testing.assert_allclose(crossing(wires[:1], parallel), [[1, 1.5]])
