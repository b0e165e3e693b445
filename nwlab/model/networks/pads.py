"""Pads: the areas where terminals lie on a network, and the network once they have shorted what they touch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.core.units import show
from nwlab.model.networks.network import IntArray, Network

_ROUNDING = 1e-12  # of the pad's distance from the origin: a point on its rim is touched


@dataclass(frozen=True, slots=True)
class Pad:
    """A round area of metal, or the nodes it is joined to where a paper names them. Raises UsageError."""

    name: str
    position: tuple[float, float]  # (x, y) m; counts for nothing where nodes are named
    radius: float  # m
    nodes: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what is no area."""
        if not all(math.isfinite(place) for place in self.position):
            raise UsageError(f"pad {self.name!r} needs a position in m, not {self.position!r}")
        if not 0 <= self.radius < math.inf:
            raise UsageError(f"the radius of pad {self.name!r} must be at least 0 m, not {self.radius!r} m")
        if self.nodes is not None and not self.nodes:
            raise UsageError(f"pad {self.name!r} names no node; name one, or give it a position and a radius")


@dataclass(frozen=True, slots=True, eq=False)
class Mounted:
    """A network with its pads: the first nodes are the pads, in their order, then what no pad touches."""

    nodes: int
    junctions: IntArray  # (junctions, 2) nodes; those that a pad shorts are gone, parallel ones stay apart
    kept: IntArray  # (junctions,) number of each in the network without pads
    segments: IntArray  # (segments, 2) nodes
    segment_conductance: FloatArray  # (segments,) S
    node_of: IntArray  # (nodes of the network without pads,) node that each has become
    extent: FloatArray  # (nodes, 2, 2) m, both ends of the piece of wire; of a pad twice its place


def attach(network: Network, pads: Sequence[Pad]) -> Mounted:
    """Put pads on a network; each merges all nodes that come within its radius.

    Raises UsageError for a pad that touches nothing, names a node that is not there, or would be shorted to another.
    """
    owner = np.full(network.nodes, -1, dtype=np.int32)
    places = np.empty((len(pads), 2))
    for number, pad in enumerate(pads):
        touched = _touched(network, pad)
        taken = touched[owner[touched] >= 0]
        if taken.size:
            other, where = pads[int(owner[taken[0]])], _called(network, int(taken[0]))
            raise UsageError(
                f"pads {other.name!r} and {pad.name!r} both touch {where}, which would short them: "
                "move them apart or make them smaller"
            )
        owner[touched] = number
        places[number] = pad.position if pad.nodes is None else network.position[touched].mean(axis=0)
    return _merged(network, owner, places)


def _merged(network: Network, owner: IntArray, places: FloatArray) -> Mounted:
    """Renumber: `owner` (nodes,) is the pad that touches each node or −1, `places` (pads, 2) m are the pads'."""
    is_free = owner < 0
    node_of = np.where(is_free, len(places) - 1 + np.cumsum(is_free), owner).astype(np.int32)
    junctions, segments = node_of[network.junctions], node_of[network.segments]
    kept = np.flatnonzero(junctions[:, 0] != junctions[:, 1]).astype(np.int32)
    stays = segments[:, 0] != segments[:, 1]
    return Mounted(
        len(places) + int(is_free.sum()),
        junctions[kept],
        kept,
        segments[stays],
        network.segment_conductance[stays],
        node_of,
        np.concatenate([np.stack([places, places], axis=1), network.extent[is_free]]),
    )


def _touched(network: Network, pad: Pad) -> IntArray:
    """Return the nodes under a pad, (touched,)."""
    if pad.nodes is not None:
        nodes = np.unique(np.array(pad.nodes, dtype=np.int64))
        if (wrong := nodes[(nodes < 0) | (nodes >= network.nodes)]).size:
            raise UsageError(f"pad {pad.name!r} names node {wrong[0]}; the nodes are 0 to {network.nodes - 1}")
        return nodes.astype(np.int32)
    distance = _distance(network.extent, pad.position)
    touched = np.flatnonzero(distance <= pad.radius + _ROUNDING * math.hypot(*pad.position))
    if not touched.size:
        raise UsageError(_nothing(network, pad, float(distance.min())))
    return touched.astype(np.int32)


def _nothing(network: Network, pad: Pad, nearest: float) -> str:
    """Say why a pad touches nothing."""
    low, high = network.extent.min(axis=(0, 1)), network.extent.max(axis=(0, 1))
    if (low <= pad.position).all() and (pad.position <= high).all():
        what = "touches nothing"
    else:
        what = (
            f"lies outside the network, which covers x from {show(low[0], 'm')} to {show(high[0], 'm')} "
            f"and y from {show(low[1], 'm')} to {show(high[1], 'm')}"
        )
    remedy = "move it or make it larger"
    return f"pad {pad.name!r} {what}: the nearest wire is {show(nearest, 'm')} from its middle; {remedy}"


def _called(network: Network, node: int) -> str:
    is_point = bool((network.extent[node, 0] == network.extent[node, 1]).all())
    return f"node {node}" if is_point else f"wire {node}" if not len(network.segments) else f"the wire at node {node}"


def _distance(extent: FloatArray, point: tuple[float, float]) -> FloatArray:
    """Return how far a point is from each piece of wire, (nodes,) m."""
    begin, run = extent[:, 0], extent[:, 1] - extent[:, 0]
    away = np.array(point) - begin
    square = (run * run).sum(axis=1)
    along = np.clip((away * run).sum(axis=1) / np.where(square > 0, square, 1.0), 0.0, 1.0)
    return np.hypot(*(away - along[:, None] * run).T)


def circle(count: int, radius: float, centre: tuple[float, float]) -> FloatArray:
    """Return evenly spaced places on a circle, (count, 2) m: from the right, counter-clockwise."""
    angle = 2 * math.pi * np.arange(count) / count
    return np.array(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def square(count: int, side: float, centre: tuple[float, float]) -> FloatArray:
    """Return evenly spaced places on the rim of a square, (count, 2) m: from the lower left, counter-clockwise.

    They lie in the middles of `count` equal parts of the rim, so that none is at a corner where `count` is a multiple
    of 4.
    """
    edge, along = np.divmod(4 * (np.arange(count) + 0.5) / count, 1.0)
    corner = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])[edge.astype(np.int64)] / 2
    way = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])[edge.astype(np.int64)]
    return np.array(centre) + side * (corner + along[:, None] * way)


def array(rows: int, columns: int, pitch: float, centre: tuple[float, float]) -> FloatArray:
    """Return the places of an array, (rows · columns, 2) m: row by row from the upper left, as one reads."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.array(centre) + pitch * np.stack([column - (columns - 1) / 2, (rows - 1) / 2 - row], axis=1)
