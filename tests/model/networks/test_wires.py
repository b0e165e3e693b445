from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from model.networks.dense import conductance_between
from numpy.typing import NDArray

from nwlab.core.errors import UsageError
from nwlab.model.networks.network import Network
from nwlab.model.networks.statistics import degrees, percolates, statistics
from nwlab.model.networks.wires import RandomWires, network_of_wires, segment_network_of_wires

CONNECTOME = RandomWires(1500, 40e-6, 14e-6, 500e-6, 500e-6, seed=40)


def test_published_connectome_has_its_wires() -> None:
    ends = CONNECTOME.ends()
    run = ends[:, 1] - ends[:, 0]
    np.testing.assert_allclose(np.hypot(*run[:3].T) * 1e6, [31.49433, 38.23409, 30.41551], atol=5e-6)
    np.testing.assert_allclose(ends[:3, :, 0].mean(axis=1) * 1e6, [232.0504, 50.7131, 407.3691], atol=1e-4)
    np.testing.assert_allclose(np.arctan2(run[:3, 1], run[:3, 0]), [1.484438, 1.292224, 3.084896], atol=1e-6)


def test_published_connectome_has_its_statistics() -> None:
    numbers = statistics(CONNECTOME.network())
    assert (numbers.nodes, numbers.junctions, numbers.isolated) == (1500, 4697, 26)
    assert (numbers.largest_nodes, numbers.largest_junctions, numbers.diameter) == (1471, 4695, 33)
    assert numbers.mean_degree == pytest.approx(6.263, abs=5e-4)
    assert numbers.clustering == pytest.approx(0.374, abs=5e-4)
    assert numbers.largest_clustering == pytest.approx(0.381, abs=5e-4)
    assert numbers.mean_path == pytest.approx(13.07, abs=5e-3)
    assert CONNECTOME.network().junctions.dtype == np.int32


def _expected_junctions(wires: RandomWires) -> float:
    """Pairs of wires times the chance that two cross, integrated over directions, lengths and the point of crossing.

    Two wires cross where their middles differ by s·u − t·v, an area |u × v| for each ds dt; middles that are even on
    the rectangle differ by (x, y) with the density (1 − |x|/W)(1 − |y|/H)/(W·H).
    """
    rng, count = np.random.default_rng(0), 300_000
    length = rng.normal(wires.mean_length, wires.length_sd, (3 * count, 1))
    length = length[length[:, 0] > 0][: 2 * count].reshape(2, count)
    angle, place = rng.uniform(0, math.pi, (2, count)), rng.uniform(-0.5, 0.5, (2, count)) * length
    x = np.abs(place[0] * np.cos(angle[0]) - place[1] * np.cos(angle[1]))
    y = np.abs(place[0] * np.sin(angle[0]) - place[1] * np.sin(angle[1]))
    area = length.prod(axis=0) * np.abs(np.sin(angle[0] - angle[1]))
    width, height = wires.width, wires.height
    near = np.maximum(1 - x / width, 0) * np.maximum(1 - y / height, 0)
    return wires.count * (wires.count - 1) / 2 * float((area * near).mean()) / (width * height)


def test_junctions_over_seeds_are_those_of_random_wires() -> None:
    networks = [dataclasses.replace(CONNECTOME, seed=seed).network() for seed in range(100, 120)]
    junctions = np.array([len(network.junctions) for network in networks])
    error = junctions.std(ddof=1) / math.sqrt(len(junctions))
    expected = _expected_junctions(CONNECTOME)
    assert error < 0.01 * expected
    assert abs(junctions.mean() - expected) < 3 * error
    degree = np.mean([degrees(network).mean() for network in networks])
    assert degree == pytest.approx(2 * expected / CONNECTOME.count, rel=3 * error / expected)
    # Without edges it would be the well-known N²·⟨L⟩²/(π·A).
    endless = CONNECTOME.count**2 * CONNECTOME.mean_length**2 / (math.pi * CONNECTOME.width * CONNECTOME.height)
    assert 0.9 * endless < expected < endless


def test_published_connectome_is_as_dense_as_its_lengths_say() -> None:
    """By chance its wires are 2.7 % longer than their distribution; junctions go with the square of it."""
    ends = CONNECTOME.ends()
    longer = float(np.hypot(*(ends[:, 1] - ends[:, 0]).T).mean()) / CONNECTOME.mean_length
    expected = longer**2 * _expected_junctions(CONNECTOME)
    assert len(CONNECTOME.network().junctions) == pytest.approx(expected, abs=2 * math.sqrt(expected))


def test_same_seed_same_wires() -> None:
    np.testing.assert_array_equal(CONNECTOME.ends(), CONNECTOME.ends())
    assert (CONNECTOME.ends() != dataclasses.replace(CONNECTOME, seed=41).ends()).all()


def test_lengths_are_never_negative() -> None:
    """With a spread as wide as the mean, one draw in six is negative."""
    wires = RandomWires(20_000, 1.0, 1.0, 10.0, 10.0, seed=1)
    ends = wires.ends()
    run = ends[:, 1] - ends[:, 0]
    along = run @ np.array([0.0, 1.0])
    assert (along >= 0).all()  # angles of 0 to π: a negative length would point down
    # mean and deviation of the normal distribution's positive part
    ratio = math.exp(-0.5) / math.sqrt(2 * math.pi) / (0.5 + 0.5 * math.erf(math.sqrt(0.5)))
    assert np.hypot(*run.T).mean() == pytest.approx(1 + ratio, abs=4 * math.sqrt((1 - ratio - ratio**2) / 20_000))


def _spans(density: float, side: float, seed: int) -> bool:
    """Whether wires of length 1 lead from the left edge of a square to the right one."""
    network = RandomWires(int(density * side * side), 1.0, 0.0, side, side, seed).network()
    low, high = network.extent[:, :, 0].min(axis=1), network.extent[:, :, 0].max(axis=1)
    return percolates(network, np.flatnonzero(low <= 0), np.flatnonzero(high >= side))


def test_networks_percolate_above_the_threshold_of_random_sticks() -> None:
    """Of wires of one length, 5.637 per length² (Li and Zhang, Phys. Rev. E 80 (2009) 040104)."""
    assert [_spans(4.7, 30.0, seed) for seed in range(10)] == [False] * 10
    assert [_spans(6.6, 30.0, seed) for seed in range(10)] == [True] * 10


def _comb() -> NDArray[np.float64]:
    """A wire of 10 m along x that three others cross at 1, 4 and 9 m, and a wire beside it."""
    across = [[(x, -1), (x, 3)] for x in (4, 1, 9)]
    return np.array([[(0, 0), (10, 0)], *across, [(20, 0), (20, 1)]], dtype=np.float64)


def test_a_wire_is_cut_between_its_junctions() -> None:
    network = segment_network_of_wires(_comb(), 2.0)
    assert network.nodes == 3 + 3 + 1
    assert network.segments.tolist() == [[0, 1], [1, 2]]
    np.testing.assert_allclose(network.segment_conductance, [1 / (2.0 * 3), 1 / (2.0 * 5)], rtol=1e-12)
    assert network.junctions.tolist() == [[1, 3], [0, 4], [2, 5]]
    pieces = [[(0, 0), (2.5, 0)], [(2.5, 0), (6.5, 0)], [(6.5, 0), (10, 0)]]
    np.testing.assert_allclose(network.extent[:3], pieces, atol=1e-12)
    np.testing.assert_allclose(network.extent[3:], _comb()[1:], atol=1e-12)
    # From one crossing wire to another: junction, 3 m of wire, junction.
    assert conductance_between(network, 3, 4, 0.5) == pytest.approx(1 / (2 + 6 + 2), rel=1e-9)


def test_junctions_have_one_number_in_both_forms() -> None:
    wires = RandomWires(200, 1.0, 0.3, 5.0, 5.0, seed=3)
    plain, cut = wires.network(), wires.segment_network(1.0)
    owner = _wire_of(cut)
    np.testing.assert_array_equal(owner[cut.junctions], plain.junctions)
    assert len(cut.junctions) == len(plain.junctions)
    np.testing.assert_array_equal(np.bincount(owner), np.maximum(degrees(plain), 1))


def _wire_of(network: Network) -> NDArray[np.int64]:
    """Nodes are numbered along the wires; those of one wire follow one another, joined by segments."""
    begins = np.ones(network.nodes, dtype=np.int64)
    begins[network.segments[:, 1]] = 0
    return np.cumsum(begins) - 1


def test_wires_that_hardly_resist_are_one_node_each() -> None:
    wires = RandomWires(80, 1.0, 0.2, 3.0, 3.0, seed=5)
    plain = wires.network()
    source, sink = 2, 9
    assert percolates(plain, [source], [sink])
    expected, misses = conductance_between(plain, source, sink, 1.0), []
    for resistance in (1e-2, 1e-3):
        cut = wires.segment_network(resistance)
        owner = _wire_of(cut)
        one, two = (int(np.flatnonzero(owner == wire)[0]) for wire in (source, sink))
        misses.append(expected - conductance_between(cut, one, two, 1.0))
    assert 0 < misses[1] < 1e-3 * expected
    assert misses[0] / misses[1] == pytest.approx(10, rel=0.05)


def test_junctions_at_one_place_stay_joined_with_a_conductance() -> None:
    star = np.array([[(-1, 0), (1, 0)], [(0, -1), (0, 1)], [(-1, -1), (1, 1)]], dtype=np.float64)
    network = segment_network_of_wires(star, 100.0)
    assert network.nodes == 6
    assert np.isfinite(network.segment_conductance).all()
    # What lies between two junctions is nothing beside the wire, 200 Ohm from end to end.
    assert (1 / network.segment_conductance <= 200 * math.sqrt(2) * 1e-3).all()


def test_a_wire_alone_is_one_node() -> None:
    for network in (network_of_wires(_comb()[:1]), segment_network_of_wires(_comb()[:1], 1.0)):
        assert (network.nodes, len(network.junctions), len(network.segments)) == (1, 0, 0)
        np.testing.assert_array_equal(network.extent, _comb()[:1])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"count": 0}, "at least 1 wire"),
        ({"mean_length": 0.0}, "mean_length"),
        ({"mean_length": math.nan}, "mean_length"),
        ({"length_sd": -1e-6}, "length_sd"),
        ({"width": -1.0}, "width"),
        ({"height": math.inf}, "height"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
    ],
)
def test_what_cannot_be_laid_is_refused(change: dict[str, float], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        dataclasses.replace(CONNECTOME, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("ends", [np.zeros((0, 2, 2)), np.zeros((3, 4)), np.full((2, 2, 2), np.nan)])
def test_what_are_no_ends_is_refused(ends: NDArray[np.float64]) -> None:
    with pytest.raises(UsageError, match="ends"):
        network_of_wires(ends)


@pytest.mark.parametrize("resistance", [0.0, -1.0, math.inf, math.nan])
def test_wire_between_junctions_needs_a_resistance(resistance: float) -> None:
    with pytest.raises(UsageError, match="resistance of a wire"):
        segment_network_of_wires(_comb(), resistance)


def test_a_hundred_thousand_wires() -> None:
    side = math.sqrt(100_000 / 14.7)
    network = RandomWires(100_000, 1.0, 0.35, side, side, seed=0).network()
    assert len(network.junctions) == pytest.approx(14.7 * 100_000 / math.pi, rel=0.01)
