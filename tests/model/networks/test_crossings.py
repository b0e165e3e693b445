from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from nwlab.model.networks.crossings import crossings


def _lie(one: NDArray[np.float64], two: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    """On which side of a line a point is."""
    return float((two[0] - one[0]) * (point[1] - one[1]) - (two[1] - one[1]) * (point[0] - one[0]))


def _all_pairs(ends: NDArray[np.float64]) -> list[list[int]]:
    """Two wires cross when each has its ends on both sides of the other."""
    found: list[list[int]] = []
    for i, j in itertools.combinations(range(len(ends)), 2):
        (a, b), (c, d) = ends[i], ends[j]
        if _lie(a, b, c) * _lie(a, b, d) < 0 and _lie(c, d, a) * _lie(c, d, b) < 0:
            found.append([i, j])
    return found


def _random(count: int, seed: int, lengths: NDArray[np.float64], width: float, height: float) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    middle, angle = rng.uniform(0, 1, (count, 2)) * [width, height], rng.uniform(0, 2 * np.pi, count)
    half = lengths[:, None] / 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.stack([middle - half, middle + half], axis=1)


@pytest.mark.parametrize(
    ("shortest", "longest", "width", "height"),
    [
        (0.5, 1.5, 3.0, 3.0),
        (0.01, 8.0, 6.0, 6.0),
        (1.0, 1.0, 40.0, 0.1),
        (0.2, 0.2, 1e-6, 2.0),
        (1.0, 1.0, 300.0, 300.0),
    ],
)
def test_finds_what_all_pairs_find(shortest: float, longest: float, width: float, height: float) -> None:
    rng = np.random.default_rng(7)
    for seed in range(3):
        ends = _random(150, seed, np.exp(rng.uniform(np.log(shortest), np.log(longest), 150)), width, height)
        for moved in (ends, 1e-6 * ends - 0.3e-3, ends[:, ::-1]):
            assert crossings(moved).pairs.tolist() == _all_pairs(moved)


def test_both_wires_are_at_the_crossing() -> None:
    ends = _random(300, 1, np.full(300, 1.0), 4.0, 4.0)
    pairs, along = crossings(ends)
    assert len(pairs) > 500
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert (along >= 0).all()
    assert (along <= 1).all()
    wires = ends[pairs]  # (crossings, two wires, two ends, xy)
    points = wires[:, :, 0] + along[:, :, None] * (wires[:, :, 1] - wires[:, :, 0])
    np.testing.assert_allclose(points[:, 0], points[:, 1], rtol=0, atol=1e-12)


def test_finds_room_for_dense_networks() -> None:
    """Two combs: each wire of one crosses every wire of the other."""
    place = np.linspace(0.1, 0.9, 200)
    upright = np.stack([np.stack([place, 0 * place], axis=1), np.stack([place, 1 + 0 * place], axis=1)], axis=1)
    pairs, along = crossings(np.concatenate([upright, upright[:, :, ::-1]]))
    assert len(pairs) == 200 * 200
    assert pairs[:, 0].max() == 199
    np.testing.assert_allclose(along[:200, 0], place, atol=1e-14)


@pytest.mark.parametrize("angle", np.linspace(0, 3, 13))
def test_an_end_on_another_wire_is_a_junction(angle: float) -> None:
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    tee = np.array([[(0, 0), (1, 0)], [(0.3, 0), (0.3, 1)], [(1, 0), (2, 1)]], dtype=np.float64)
    pairs, along = crossings(1e-5 * (tee @ turn) + 0.01)
    assert pairs.tolist() == [[0, 1], [0, 2]]
    np.testing.assert_allclose(along, [[0.3, 0], [1, 0]], atol=1e-6)


def test_an_end_beside_another_wire_is_none() -> None:
    tee = np.array([[(0, 0), (1, 0)], [(0.3, 1e-6), (0.3, 1)]])
    assert not len(crossings(tee).pairs)


def test_parallel_wires_and_specks_have_no_crossing() -> None:
    along = [[(0, 0), (1, 1)], [(0.5, 0.5), (2, 2)], [(0, 0.1), (1, 1.1)], [(0.5, 0.5), (0.5, 0.5)]]
    assert not len(crossings(np.array(along, dtype=np.float64)).pairs)
    assert not len(crossings(np.zeros((5, 2, 2))).pairs)


def test_far_apart_clusters_need_no_cells_between() -> None:
    cross = np.array([[(-1, 0), (1, 0)], [(0, -1), (0, 1)]], dtype=np.float64)
    ends = np.concatenate([cross, cross + 1e9, cross + np.array([1e12, 0])])
    assert crossings(ends).pairs.tolist() == [[0, 1], [2, 3], [4, 5]]
