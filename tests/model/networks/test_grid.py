from __future__ import annotations

import numpy as np
import pytest
from model.networks.dense import conductance_between

from nwlab.core.errors import UsageError
from nwlab.model.networks.grid import Grid


def _edges(grid: Grid) -> list[tuple[int, int]]:
    return sorted((min(a, b), max(a, b)) for a, b in grid.network().junctions.tolist())


@pytest.mark.parametrize(("side", "edges"), [(21, 1240), (29, 2408)])
def test_published_grids_have_their_edges(side: int, edges: int) -> None:
    assert len(Grid(side, side, "random", 1e-6, 2).network().junctions) == edges


def test_published_grid_has_its_conductance() -> None:
    network = Grid(21, 21, "random", 1e-6, 2).network()
    assert conductance_between(network, 31, 409, 1.0) == pytest.approx(0.92287284, abs=5e-9)


def test_first_diagonals_are_the_published_ones() -> None:
    edges = set(_edges(Grid(21, 21, "random", 1e-6, 2)))
    for cell, falls in enumerate([0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1]):
        rising, falling = (cell, cell + 22), (cell + 1, cell + 21)
        assert ((falling if falls else rising) in edges, (rising if falls else falling) in edges) == (True, False)


def test_small_grid_without_and_with_both_diagonals() -> None:
    straight = [(0, 1), (0, 2), (1, 3), (2, 3), (2, 4), (3, 5), (4, 5)]
    assert _edges(Grid(2, 3, "none", 1e-6, 0)) == straight
    assert _edges(Grid(2, 3, "both", 1e-6, 0)) == sorted([*straight, (0, 3), (1, 2), (2, 5), (3, 4)])


def test_places() -> None:
    network = Grid(3, 2, "none", 2.0, 0).network()
    np.testing.assert_array_equal(network.position, [(0, 0), (0, 2), (0, 4), (2, 0), (2, 2), (2, 4)])
    np.testing.assert_array_equal(network.extent[:, 0], network.extent[:, 1])


def test_a_chain_is_a_grid() -> None:
    assert _edges(Grid(1, 4, "random", 1.0, 0)) == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize(
    ("grid", "text"),
    [
        ((0, 5, "none", 1.0), "two points"),
        ((1, 1, "none", 1.0), "two points"),
        ((2, 2, "all", 1.0), "random, none, both"),
        ((2, 2, "none", 0.0), "spacing"),
        ((2, 2, "none", float("nan")), "spacing"),
    ],
)
def test_what_is_no_grid_is_refused(grid: tuple[int, int, str, float], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        Grid(*grid, seed=0)
