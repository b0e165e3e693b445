from __future__ import annotations

import math

import numpy as np
import pytest
from model.networks.dense import conductance_between

from nwlab.core.errors import UsageError
from nwlab.model.networks.grid import Grid
from nwlab.model.networks.network import Network
from nwlab.model.networks.pads import Mounted, Pad, array, attach, circle, square
from nwlab.model.networks.wires import RandomWires, network_of_wires, segment_network_of_wires

GRID = Grid(5, 5, "none", 1.0, 0).network()


def _comb() -> Network:
    """Wire 0 along x from 0 to 10; wires 1 to 3 across it at x = 2, 5 and 8."""
    across = [[(x, -2), (x, 2)] for x in (2, 5, 8)]
    return network_of_wires(np.array([[(0, 0), (10, 0)], *across], dtype=np.float64))


def _between(mounted: Mounted, conductance: float) -> float:
    """S between the first two pads."""
    plain = Network(mounted.nodes, mounted.junctions, mounted.extent, mounted.segments, mounted.segment_conductance)
    return conductance_between(plain, 0, 1, conductance)


def test_a_pad_collects_the_wires_it_touches() -> None:
    """The distance counts to the wire, not to its ends or its middle; the rim belongs to the pad."""
    mounted = attach(_comb(), [Pad("A", (3.5, 1.5), 1.5), Pad("B", (8.0, 3.0), 1.0)])
    assert mounted.node_of.tolist() == [0, 0, 0, 1]
    assert mounted.nodes == 2
    assert mounted.kept.tolist() == [2]
    assert mounted.junctions.tolist() == [[0, 1]]
    np.testing.assert_array_equal(mounted.extent, [[(3.5, 1.5)] * 2, [(8.0, 3.0)] * 2])


def test_beyond_its_end_a_wire_is_as_far_as_its_end() -> None:
    wire = network_of_wires(np.array([[(0, 0), (10, 0)], [(5, -1), (5, 1)]], dtype=np.float64))
    assert attach(wire, [Pad("A", (13.0, 4.0), 5.0)]).node_of.tolist() == [0, 1]
    with pytest.raises(UsageError, match=r"the nearest wire is 5 m"):
        attach(wire, [Pad("A", (13.0, 4.0), 4.999)])


def test_nodes_that_no_pad_touches_keep_their_order() -> None:
    mounted = attach(GRID, [Pad("A", (0, 0), 0.0, (7,)), Pad("B", (0, 0), 0.0, (3, 20))])
    assert mounted.node_of.tolist() == [2, 3, 4, 1, 5, 6, 7, 0, *range(8, 20), 1, 20, 21, 22, 23]
    np.testing.assert_array_equal(mounted.extent[2:], GRID.extent[[n for n in range(25) if n not in (3, 7, 20)]])
    np.testing.assert_array_equal(mounted.junctions, mounted.node_of[GRID.junctions[mounted.kept]])


def test_a_named_node_is_where_its_pad_lies() -> None:
    mounted = attach(GRID, [Pad("A", (0, 0), 0.0, (12,)), Pad("B", (9, 9), 0.0, (0, 4))])
    np.testing.assert_array_equal(mounted.extent[:2], [[(2, 2)] * 2, [(0, 2)] * 2])


def test_junctions_between_a_pad_and_one_wire_stay_apart() -> None:
    """Two of the three crossing wires under one pad: they lead to the long wire side by side."""
    mounted = attach(_comb(), [Pad("A", (0, 0), 0.0, (1, 2)), Pad("B", (0, 0), 0.0, (0,))])
    assert mounted.junctions.tolist() == [[1, 0], [1, 0], [1, 2]]
    assert _between(mounted, 1e-3) == pytest.approx(2e-3, rel=1e-9)


def test_merging_is_a_short() -> None:
    """A pad over many wires conducts as wires joined by next to no resistance do."""
    network = RandomWires(120, 1.0, 0.2, 3.0, 3.0, seed=2).network()
    pads = [Pad("A", (0.5, 0.5), 0.3), Pad("B", (2.5, 2.5), 0.3)]
    mounted = attach(network, pads)
    groups = [np.flatnonzero(mounted.node_of == pad) for pad in (0, 1)]
    assert min(len(group) for group in groups) > 1
    assert 0 < len(mounted.kept) < len(network.junctions)
    shorts = np.array([(group[0], other) for group in groups for other in group[1:]], dtype=np.int32)
    joined = Network(network.nodes, network.junctions, network.extent, shorts, np.full(len(shorts), 1e6))
    expected = conductance_between(joined, int(groups[0][0]), int(groups[1][0]), 1.0)
    assert _between(mounted, 1.0) == pytest.approx(expected, rel=1e-4)


def test_a_cut_wire_between_two_pads_keeps_its_resistance() -> None:
    ends = np.array([[(0, 0), (10, 0)], *[[(x, -2), (x, 2)] for x in (2, 5, 8)]], dtype=np.float64)
    network = segment_network_of_wires(ends, 3.0)
    mounted = attach(network, [Pad("A", (0, 0), 0.1), Pad("B", (10, 0), 0.1)])
    assert _between(mounted, 1.0) == pytest.approx(1 / (3.0 * 6), rel=1e-9)
    wide = attach(network, [Pad("A", (3.4, 0), 0.2), Pad("B", (10, 0), 0.1)])  # its middle lies between two pieces
    assert len(wide.segments) == 1
    assert _between(wide, 1.0) == pytest.approx(1 / (3.0 * 3), rel=1e-9)


def test_a_pad_beside_the_wires_is_told_how_far_they_are() -> None:
    with pytest.raises(UsageError) as told:
        attach(GRID, [Pad("P7", (1.5, 1.5), 0.2)])
    assert str(told.value) == (
        "pad 'P7' touches nothing: the nearest wire is 707.1 mm from its middle; move it or make it larger"
    )


def test_a_pad_outside_is_told_where_the_network_is() -> None:
    with pytest.raises(
        UsageError, match=r"'P7' lies outside the network, which covers x from 0 m to 4 m .*: the nearest wire is 3 m"
    ):
        attach(GRID, [Pad("P7", (7.0, 2.0), 0.2)])


def test_two_pads_on_one_wire_are_refused() -> None:
    with pytest.raises(UsageError, match="pads 'A' and 'B' both touch wire 0, which would short them"):
        attach(_comb(), [Pad("A", (0, 0), 0.5), Pad("B", (10, 0), 0.5)])
    with pytest.raises(UsageError, match="pads 'A' and 'B' both touch node 3"):
        attach(GRID, [Pad("A", (0, 3), 0.5), Pad("B", (0, 0), 0.0, (3,))])


@pytest.mark.parametrize("node", [-1, 25])
def test_a_node_that_is_not_there_is_refused(node: int) -> None:
    with pytest.raises(UsageError, match=f"pad 'A' names node {node}; the nodes are 0 to 24"):
        attach(GRID, [Pad("A", (0, 0), 0.0, (node,))])


@pytest.mark.parametrize(
    ("position", "radius", "nodes"),
    [((0.0, 0.0), -1.0, None), ((0.0, 0.0), math.nan, None), ((math.inf, 0.0), 1.0, None), ((0.0, 0.0), 0.0, ())],
)
def test_what_is_no_pad_is_refused(position: tuple[float, float], radius: float, nodes: tuple[int, ...] | None) -> None:
    with pytest.raises(UsageError, match="pad 'A'"):
        Pad("A", position, radius, nodes)


def test_pads_on_a_circle() -> None:
    np.testing.assert_allclose(circle(4, 2.0, (1, 1)), [(3, 1), (1, 3), (-1, 1), (1, -1)], atol=1e-12)
    places = circle(16, 2.0, (1, 5))
    np.testing.assert_allclose(np.hypot(*(places - [1, 5]).T), 2.0)
    np.testing.assert_allclose(np.hypot(*(places - np.roll(places, 1, axis=0)).T), 4 * math.sin(math.pi / 16))


def test_pads_on_a_square() -> None:
    expected = [(0, -1), (2, -1), (3, 0), (3, 2), (2, 3), (0, 3), (-1, 2), (-1, 0)]
    np.testing.assert_allclose(square(8, 4.0, (1, 1)), expected, atol=1e-12)
    places = square(16, 4.0, (0, 0))
    np.testing.assert_allclose(np.abs(places).max(axis=1), 2.0)
    assert len(np.unique(places.round(9), axis=0)) == 16


def test_pads_in_an_array() -> None:
    expected = [(0, 6), (2, 6), (4, 6), (0, 4), (2, 4), (4, 4)]
    np.testing.assert_allclose(array(2, 3, 2.0, (2, 5)), expected)
